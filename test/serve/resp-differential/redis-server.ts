// A real redis-server on a Unix socket in a folder of its own, without TCP and without files. Not for units.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY = /Ready to accept connections|The server is now ready/;
const LIMIT_MS = 45_000;

export class RedisServer {
  readonly socket: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.socket = join(folder, 'redis.sock');
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** `program` as `tool('redis-server')` finds it; `options` as in `--maxmemory 64mb`. */
  static async start(program: string, options: readonly string[] = []): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    const own = ['--port', '0', '--unixsocket', join(folder, 'redis.sock'), '--save', '', '--dir', folder];
    // As ours: on a busy machine any command may be slow.
    const unlogged = ['--slowlog-log-slower-than', '-1'];
    const child = spawn(program, [...own, ...unlogged, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const server = new RedisServer(folder, child);
    const lines = createInterface({ input: child.stdout! });
    const said: string[] = [];
    const late = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const ready = new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        said.push(line);
        if (READY.test(line)) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`redis-server ended:\n${said.join('\n')}`)));
    });
    await ready.finally(() => clearTimeout(late));
    return server;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
