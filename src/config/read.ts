// Finds and reads what loadConfig is handed: the file, the host name, the container's memory limit.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { ParsedFile } from './file.ts';
import { problemLine } from './gather.ts';
import { type ConfigInput, type LoadedConfig, loadConfig, loadDegraded } from './load.ts';
import { quote } from './quote.ts';

export interface ReadInput {
  /** What the argument parser made of the command line. */
  argvFlags: Readonly<Record<string, unknown>>;
  env: Readonly<Record<string, string | undefined>>;
  /** Where sidecache.yml is looked for; the working directory by default. */
  directory?: string;
}

const MAX_FILE_BYTES = 1024 * 1024;
const FOUND_BY_NAME = ['sidecache.yml', 'sidecache.yaml', 'sidecache.json'];

/** Rejects with ConfigError. */
export async function readConfig(input: ReadInput): Promise<LoadedConfig> {
  return loadConfig(await gatherInput(input));
}

/** After readConfig rejected: enough to answer on the socket and say why. Rejects for nothing a file may hold. */
export async function readDegraded(input: ReadInput): Promise<Config> {
  return loadDegraded(await gatherInput(input));
}

async function gatherInput({ argvFlags, env, directory = '' }: ReadInput): Promise<ConfigInput> {
  return {
    flags: argvFlags,
    env,
    file: await findFile(argvFlags.config, env, directory),
    hostname: hostname(),
    unreadable,
    cgroupLimitBytes: containerLimitBytes(),
  };
}

async function findFile(
  flag: unknown,
  env: ReadInput['env'],
  directory: string,
): Promise<ParsedFile | undefined> {
  const [path, source] =
    typeof flag === 'string' ? [flag, 'flag --config'] : [env.SIDECACHE_CONFIG, 'env SIDECACHE_CONFIG'];
  if (path) return readNamed(path, source, env);
  for (const name of FOUND_BY_NAME) {
    const found = join(directory, name);
    if (existsSync(found)) return readNamed(found, `file ${found}`, env);
  }
  return undefined;
}

/** What cannot be read is a problem like those within the file, so that all are reported together. */
async function readNamed(path: string, source: string, env: ReadInput['env']): Promise<ParsedFile> {
  const content = contentOf(path);
  if ('problem' in content) {
    const problems = [problemLine('config', source, `${quote(path)} ${content.problem}`)];
    return { path, tree: { kind: 'empty', source }, problems };
  }
  const { parseFile } = await import('./file.ts');
  return parseFile(path, content.text, env);
}

function contentOf(path: string): { text: string } | { problem: string } {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) return { problem: `has ${size} bytes; allowed: at most 1 MiB` };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { problem: `cannot be read: ${reasonOf(error)}` };
  }
}

function unreadable(path: string): string | undefined {
  try {
    readFileSync(path);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** The system's own message would name the path once more. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'EACCES') return 'it is not allowed';
  return error instanceof Error ? error.message : String(error);
}

/** cgroup v1 or v2, as libuv finds it; "no limit" is a number larger than the machine. */
function containerLimitBytes(): number | undefined {
  const limitBytes = process.constrainedMemory?.() ?? 0;
  return limitBytes > 0 && limitBytes < totalmem() ? limitBytes : undefined;
}
