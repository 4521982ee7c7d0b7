// What a command may touch of the process it runs in: cli.ts hands in the real one, a test its own.

import type { Readable, Writable } from 'node:stream';

export interface Host {
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
  env: NodeJS.ProcessEnv;
  /** Which ends are a terminal, and how wide it is. */
  terminal: { stdin: boolean; stdout: boolean; columns: number };
  /** Milliseconds that only ever grow. */
  nowMs(): number;
  /** Listening replaces what the signal does by itself. The answer ends it. */
  onSignal(signal: NodeJS.Signals, listener: () => void): () => void;
  /** From here on only the daemon's own end ends the process: no stray error, no closed pipe, no hang-up does. */
  outlive(): void;
}

/** The text is on its way; fails with the stream's error, so that a full disk does not pass for success. */
export function print(host: Pick<Host, 'stdout'>, text: string | Uint8Array): Promise<void> {
  return written(host.stdout, text);
}

export function printError(host: Pick<Host, 'stderr'>, line: string): Promise<void> {
  return written(host.stderr, `${line}\n`).catch(() => {});
}

export async function printJson(host: Pick<Host, 'stdout'>, document: unknown): Promise<void> {
  await print(host, `${JSON.stringify(document, null, 2)}\n`);
}

function written(stream: Writable, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
