// What a user is told, and which exit code is given, when a command fails.

import { CommandError, ConfigError, SidecacheError } from '../errors.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, printError, printJson } from './host.ts';
import { escapeControls } from './table.ts';

export async function reportFailure(error: unknown, host: Host, wantsJson: boolean): Promise<number> {
  // Whoever read the output has seen enough (`sidecache keys users | head`).
  if (codeOf(error) === 'EPIPE') return EXIT.ok;
  const lines = messagesOf(error).map((line) => escapeControls(line));
  const exitCode = exitCodeOf(error);
  for (const line of lines) await printError(host, `sidecache: ${line}`);
  if (wantsJson) await printJson(host, { error: lines.join('\n'), exit_code: exitCode }).catch(() => {});
  return exitCode;
}

function messagesOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  if (!(error instanceof Error)) return [String(error)];
  // Anything without a name of ours is a defect here or a broken machine; either way the kind helps.
  return [error instanceof SidecacheError ? error.message : `${error.name}: ${error.message}`];
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
