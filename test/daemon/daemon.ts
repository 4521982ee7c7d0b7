// The real daemon in a process of its own, on a temporary socket: dist/sidecache.js as it is built. Not for units.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Options of Node that the daemon is started with; scripts/test says those of manifest.yml to some tests. */
const NODE_OPTIONS = (process.env.DAEMON_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
const PROGRAM = resolve(dirname(fileURLToPath(import.meta.url)), '../../dist/sidecache.js');
/** Patience with a machine that is slow, or lets others go first. */
const LIMIT_MS = 45_000;

export interface DaemonOptions {
  /** The configuration file; `socket` is left to its default, in the daemon's own folder. */
  config?: object;
  /** The file as it stands, for what is no JSON. */
  configText?: string;
  flags?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Options of Node, besides those under which all are tested. */
  node?: readonly string[];
  /** A folder of an earlier daemon; else a new one, removed with the daemon. */
  folder?: string;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Asked {
  method?: string;
  headers?: Readonly<Record<string, string | string[]>>;
  body?: string | Uint8Array;
  /** Over loopback TCP, not the socket. */
  overTcp?: boolean;
  agent?: Agent;
}

// biome-ignore lint/suspicious/noExplicitAny: what the daemon says is asserted on, not relied upon
export type Json = any;

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export class Daemon {
  readonly folder: string;
  readonly socket: string;
  readonly lines: LogLine[] = [];
  /** Everything it ever wrote, stderr too. */
  output = '';
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  readonly child: ChildProcess;
  readonly #ownFolder: boolean;

  constructor(options: DaemonOptions = {}) {
    this.#ownFolder = options.folder === undefined;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'sidecache-'));
    this.socket = join(this.folder, 'sidecache.sock');
    const text = options.configText ?? (options.config && JSON.stringify(options.config));
    if (text !== undefined) writeFileSync(join(this.folder, 'sidecache.json'), text);
    this.child = spawn(
      process.execPath,
      [...NODE_OPTIONS, ...(options.node ?? []), PROGRAM, 'serve', ...(options.flags ?? [])],
      {
        cwd: this.folder,
        env: { ...environment(), TMPDIR: this.folder, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('error', () => undefined);
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.ended = new Promise((done) =>
      this.child.once('close', (code, signal) => done(code ?? signal ?? '')),
    );
  }

  /** Resolves at its ready line. */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = new Daemon(options);
    try {
      await daemon.line('ready');
    } catch (error) {
      await daemon.stop('SIGKILL');
      throw error;
    }
    return daemon;
  }

  get pid(): number {
    return this.child.pid!;
  }

  get httpPort(): number {
    const ready = this.lines.find(({ message }) => message === 'ready');
    return Number(String(ready?.http).split(':').at(-1));
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get rssBytes(): number {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }

  /** The first line of its log with this message, come or to come. */
  async line(message: string | RegExp): Promise<LogLine> {
    let found: LogLine | undefined;
    const look = (): boolean => {
      found = this.lines.find((line) =>
        typeof message === 'string' ? line.message === message : message.test(line.message),
      );
      return found !== undefined || !this.running;
    };
    await until(look, () => `no line ${message} in the log:\n${this.output}`);
    if (!found) throw new Error(`it ended without a line ${message}:\n${this.output}`);
    return found;
  }

  request(target: string, { method = 'GET', headers, body, overTcp, agent }: Asked = {}): Promise<Answered> {
    const where = overTcp ? { host: '127.0.0.1', port: this.httpPort } : { socketPath: this.socket };
    return new Promise((answered, reject) => {
      const request = httpRequest(
        { ...where, path: target, method, headers: { ...headers }, agent: agent ?? false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const { statusCode = 0, headers: said } = response;
            answered({ status: statusCode, headers: said, body: bytes, text: bytes.toString('latin1') });
          });
        },
      );
      request.on('error', reject);
      request.setTimeout(LIMIT_MS, () => request.destroy(new Error(`no answer to ${method} in time`)));
      request.end(body);
    });
  }

  async json(target: string, asked: Asked = {}): Promise<Json> {
    return JSON.parse((await this.request(target, asked)).text);
  }

  put(target: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answered> {
    return this.request(target, { method: 'PUT', body, headers });
  }

  /** A connection for bytes that no HTTP library would send. Its errors are ignored. */
  connect(): Socket {
    const socket = connect(this.socket);
    socket.on('error', () => undefined);
    return socket;
  }

  /** Sends the bytes as they are; resolves with all that came back until the daemon closed. */
  raw(bytes: string | Uint8Array): Promise<string> {
    return new Promise((resolveWith, reject) => {
      const socket = this.connect();
      let answer = '';
      const late = setTimeout(() => {
        socket.destroy();
        reject(new Error(`the connection was not closed; it said: ${answer.slice(0, 500)}`));
      }, LIMIT_MS);
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => {
        answer += chunk;
      });
      socket.on('close', () => {
        clearTimeout(late);
        resolveWith(answer);
      });
      socket.write(bytes);
    });
  }

  /** Ends it, and removes what it left; the exit code or the signal's name. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    if (this.running) this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), LIMIT_MS);
    const outcome = await this.ended;
    clearTimeout(late);
    if (this.#ownFolder) rmSync(this.folder, { recursive: true, force: true });
    return outcome;
  }

  #take(line: string): void {
    this.output += `${line}\n`;
    try {
      this.lines.push(JSON.parse(line));
    } catch {
      // Not of the log: an error of a daemon that could not start.
    }
  }
}

/** Resolves once `holds`; looked at often, no longer than a deadline. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  complaint: () => string = () => 'it did not come about',
  limitMs = LIMIT_MS,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`${complaint()} (within ${limitMs} ms)`);
    await pause(10);
  }
}

/** Between two looks at something, and where the passing of time is the very thing under test. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolveLater) => setTimeout(resolveLater, ms));
}

/** What a shell on this machine sets for a daemon of its own is not for the daemons under test. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SIDECACHE_|VCAP_|CF_|NODE_)/.test(name));
  return Object.fromEntries(kept);
}
