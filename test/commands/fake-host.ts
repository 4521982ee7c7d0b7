// A process for commands to run in: streams in memory, signals by hand.

import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import type { Host } from '../../src/commands/host.ts';
import { run } from '../../src/commands/run.ts';

export interface Surroundings {
  stdin?: Readable;
  stdout?: Writable;
  terminal?: boolean;
  env?: NodeJS.ProcessEnv;
}

export interface Ran {
  exitCode: number;
  stdout: string;
  stdoutBytes: Buffer;
  stderr: string;
}

export class FakeHost implements Host {
  readonly #signals = new EventEmitter();
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable = collecting(this.#err);
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Host['terminal'];
  nowMs = (): number => performance.now();
  outlived = false;

  constructor(around: Surroundings = {}) {
    this.stdin = around.stdin ?? Readable.from([]);
    this.stdout = around.stdout ?? collecting(this.#out);
    this.env = { PATH: process.env.PATH, ...around.env };
    this.terminal = { stdin: around.terminal ?? false, stdout: around.terminal ?? false, columns: 80 };
  }

  onSignal(signal: NodeJS.Signals, listener: () => void): () => void {
    this.#signals.on(signal, listener);
    return () => this.#signals.off(signal, listener);
  }

  outlive(): void {
    this.outlived = true;
  }

  send(signal: NodeJS.Signals): void {
    this.#signals.emit(signal);
  }

  listeners(signal: NodeJS.Signals): number {
    return this.#signals.listenerCount(signal);
  }

  ran(exitCode: number): Ran {
    const stdoutBytes = Buffer.concat(this.#out);
    return {
      exitCode,
      stdoutBytes,
      stdout: stdoutBytes.toString(),
      stderr: Buffer.concat(this.#err).toString(),
    };
  }
}

export async function runCommand(argv: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const host = new FakeHost(around);
  return host.ran(await run(argv, host));
}

function collecting(into: Buffer[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      into.push(chunk);
      done();
    },
  });
}
