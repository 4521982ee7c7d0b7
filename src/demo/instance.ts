// One instance of the demo: an app, and the daemon beside it in a process and a folder of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { DemoApp } from './app.ts';
import { configurationOf, environmentOf, type Shared } from './configuration.ts';

export interface Program {
  /** The program and its arguments; `serve` is added. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface Position {
  /** What it is called here: its index, unless there are two of it. */
  readonly name: string;
  readonly index: number;
  readonly processGuid: string;
  readonly folder: string;
  readonly fleetPort: number;
}

export type State = 'up' | 'paused' | 'down';

const READY_LIMIT_MS = 20_000;
const END_LIMIT_MS = 5_000;
/** Of its log, for who asks why it ended. */
const LINES_KEPT = 20;

export class DemoInstance {
  readonly name: string;
  readonly index: number;
  readonly processGuid: string;
  readonly folder: string;
  readonly fleetPort: number;
  readonly app: DemoApp;
  /** As the platform names containers: another one at every start. */
  instanceId = '';
  state: State = 'down';
  /** Told when the daemon ended and nobody had asked for it. */
  onDeath: (how: string) => void = () => undefined;
  readonly #shared: Shared;
  readonly #program: Program;
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();
  #lines: string[] = [];

  constructor(position: Position, app: DemoApp, shared: Shared, program: Program) {
    this.name = position.name;
    this.index = position.index;
    this.processGuid = position.processGuid;
    this.folder = position.folder;
    this.fleetPort = position.fleetPort;
    this.app = app;
    this.#shared = shared;
    this.#program = program;
    mkdirSync(this.folder, { recursive: true });
    const configuration = configurationOf(shared, this);
    writeFileSync(join(this.folder, 'sidecache.json'), `${JSON.stringify(configuration, null, 2)}\n`, {
      mode: 0o600,
    });
  }

  get socket(): string {
    return join(this.folder, 'sidecache.sock');
  }

  get log(): string {
    return join(this.folder, 'daemon.log');
  }

  get pid(): number | undefined {
    return this.state === 'down' ? undefined : this.#child?.pid;
  }

  /** Resolves when the daemon says that it is ready; rejects, the daemon ended, with what it said instead. */
  async start(instanceId: string): Promise<void> {
    if (this.state !== 'down') return;
    this.instanceId = instanceId;
    this.#lines = [];
    const child = this.#spawn();
    this.#child = child;
    this.state = 'up';
    const how = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.#gone = how.then(() => this.#ended(child));
    const outcome = await Promise.race([this.#ready(child), how]);
    if (outcome === undefined) {
      // Asked to end, it is no longer the child.
      how.then((said) => this.#child === child && this.onDeath(said));
      return;
    }
    await this.end('SIGKILL');
    throw new Error(`${outcome}: ${this.#reason()}`);
  }

  pause(): void {
    if (this.state !== 'up') return;
    this.#child?.kill('SIGSTOP');
    this.state = 'paused';
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.#child?.kill('SIGCONT');
    this.state = 'up';
  }

  /** Resolves when the daemon is gone: killed, if it takes its time. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.kill(signal);
    child.kill('SIGCONT');
    const late = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
    await this.#gone;
    clearTimeout(late);
    this.state = 'down';
  }

  #spawn(): ChildProcess {
    const [program = '', ...args] = this.#program.command;
    const { index, processGuid, folder, fleetPort, instanceId } = this;
    const own = { index, processGuid, folder, fleetPort, instanceId, appPort: this.app.port };
    return spawn(program, [...args, 'serve'], {
      cwd: this.folder,
      env: environmentOf(this.#shared, own, this.#program.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Undefined when it is; else why it was not waited for any longer. */
  #ready(child: ChildProcess): Promise<string | undefined> {
    const log = createWriteStream(this.log, { flags: 'a', mode: 0o600 });
    log.on('error', () => undefined);
    child.once('close', () => log.end());
    return new Promise((resolve) => {
      const late = setTimeout(resolve, READY_LIMIT_MS, `not ready within ${READY_LIMIT_MS / 1000} s`);
      child.once('close', () => clearTimeout(late));
      for (const stream of [child.stdout, child.stderr]) {
        eachLine(stream, (line) => {
          log.write(`${line}\n`);
          this.#lines = [...this.#lines, line].slice(-LINES_KEPT);
          if (messageOf(line) !== 'ready') return;
          clearTimeout(late);
          resolve(undefined);
        });
      }
    });
  }

  #ended(child: ChildProcess): void {
    if (this.#child === child) this.state = 'down';
  }

  /** What it said last, errors before anything else. */
  #reason(): string {
    const errors = this.#lines.filter((line) => levelOf(line) !== 'info');
    return (errors.length > 0 ? errors : this.#lines).slice(-3).join('; ') || 'it said nothing';
  }
}

function eachLine(stream: Readable | null, take: (line: string) => void): void {
  if (stream === null) return;
  stream.on('error', () => undefined);
  createInterface({ input: stream }).on('line', take);
}

function messageOf(line: string): unknown {
  return fieldsOf(line).message;
}

/** What is no line of the log is an error that stands for itself. */
function levelOf(line: string): unknown {
  return fieldsOf(line).level ?? 'error';
}

function fieldsOf(line: string): { level?: unknown; message?: unknown } {
  try {
    return Object(JSON.parse(line));
  } catch {
    return {};
  }
}
