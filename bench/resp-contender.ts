// Servers that speak RESP on a Unix socket, to be measured: each a process of its own, ended by its pid.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installed } from './installed.ts';

const READY_WITHIN_MS = 30_000;
const PING = Buffer.from('*1\r\n$4\r\nPING\r\n');

export interface Contender {
  readonly name: string;
  /** What is run, given its folder and socket. */
  readonly command: (folder: string, socket: string) => readonly string[];
  /** What it is asked, and how its answer begins, once it is ready. Default: PING. */
  readonly ready?: readonly [Buffer, string];
}

export function redis(program = 'redis-server'): Contender {
  const command = (folder: string, socket: string): string[] => [
    ...[program, '--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder],
  ];
  return { name: nameOf(program), command };
}

/** The daemon as it was built, on a Node of one's choice. `memory` as the option takes it. */
export function sidecache(memory: string, node = process.execPath): Contender {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const file = resolve('dist/sidecache.js');
  // It runs in a folder of its own.
  const program = node.includes('/') ? resolve(node) : node;
  return {
    name: `sidecache, Node ${version}`,
    command: (_folder, socket) => [program, file, 'serve', '--socket', socket, '--memory', memory],
  };
}

/** The same with the variables and the options of Node that manifest.yml starts it with. */
export function asInManifest({ name, command }: Contender): Contender {
  const found = /^ *([A-Z].*=.*) node (--.+) sidecache\.js serve/m.exec(readFileSync('manifest.yml', 'utf8'));
  if (!found) throw new Error('manifest.yml starts the daemon in a way that is not known here');
  const [, variables, options] = found;
  return {
    name: `${name}, as in manifest.yml`,
    command: (folder, socket) => {
      const [node, ...rest] = command(folder, socket);
      return ['env', ...variables!.split(' '), node!, ...options!.split(' '), ...rest];
    },
  };
}

/** Redis, and Valkey where it is installed. */
export function knownServers(): Contender[] {
  const programs = ['redis-server', 'valkey-server'].filter((program) => {
    const found = installed(program);
    if (!found) console.log(`not measured: ${program} is not installed`);
    return found;
  });
  return programs.map(redis);
}

const running = new Set<ChildProcess>();

/** A measurement that is broken off leaves no servers behind. */
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGKILL');
    process.exit(130);
  });
}

export class RunningServer {
  readonly name: string;
  readonly socket: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(name: string, folder: string, child: ChildProcess) {
    this.name = name;
    this.#folder = folder;
    this.#child = child;
    this.socket = join(folder, 'socket');
  }

  static async start({ name, command, ready = [PING, '+PONG'] }: Contender): Promise<RunningServer> {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    const [program, ...rest] = command(folder, join(folder, 'socket'));
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(program!, rest, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    running.add(child);
    const server = new RunningServer(name, folder, child);
    const untilMs = Date.now() + READY_WITHIN_MS;
    let said = '';
    while (!said.startsWith(ready[1])) {
      if (failure || child.exitCode !== null || Date.now() > untilMs) {
        await server.stop();
        throw failure ?? new Error(`${name} is not ready; it said ${JSON.stringify(said.slice(0, 200))}`);
      }
      await new Promise((later) => setTimeout(later, 50));
      said = await answerOf(server.socket, ready[0]);
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get rssBytes(): number {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))![1]);
  }

  /** Sends one request; the first bytes of the answer, '' when there is none. */
  ask(request: Buffer | string): Promise<string> {
    return answerOf(this.socket, request);
  }

  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    running.delete(this.#child);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function answerOf(path: string, request: Buffer | string): Promise<string> {
  return new Promise((answered) => {
    const socket = connect(path);
    const end = (text: string): void => {
      socket.destroy();
      answered(text);
    };
    socket.setTimeout(2000, () => end(''));
    socket.once('connect', () => socket.write(request));
    socket.once('data', (bytes) => end(bytes.toString('latin1')));
    socket.once('error', () => end(''));
    socket.once('close', () => end(''));
  });
}

function nameOf(program: string): string {
  const said = execFileSync(program, ['--version'], { encoding: 'utf8' });
  const version = /v=([\d.]+)/.exec(said)?.[1] ?? '';
  return `${program === 'valkey-server' ? 'Valkey' : 'Redis'} ${version}`;
}
