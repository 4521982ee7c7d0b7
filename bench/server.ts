// Servers to be measured: started as processes of their own, ended by their pid.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READY_WITHIN_MS = 30_000;

export class MeasuredServer {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(process: ChildProcess, port: number, directory: string) {
    this.#process = process;
    this.port = port;
    this.#directory = directory;
  }

  /** Starts `command` in an empty directory and waits until its port answers. */
  static async start(port: number, command: (directory: string) => string[]): Promise<MeasuredServer> {
    const directory = mkdtempSync(join(tmpdir(), 'bench-'));
    const [program, ...rest] = command(directory);
    const env = { ...process.env, TMPDIR: directory };
    const child = spawn(program!, rest, { cwd: directory, env, stdio: ['ignore', 'ignore', 'inherit'] });
    const server = new MeasuredServer(child, port, directory);
    const untilMs = Date.now() + READY_WITHIN_MS;
    while (!(await answers(port))) {
      if (child.exitCode !== null || Date.now() > untilMs) throw new Error(`${program} did not start`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return server;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get rssKb(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))![1]);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
