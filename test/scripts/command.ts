// A shell command that runs beside a test, and the lines it prints.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const LINE_LIMIT_MS = 45_000;

interface Waiting {
  pattern: RegExp;
  found: (line: string) => void;
}

/** Runs under `bash -c`, as the platform does it. */
export class Command {
  readonly lines: string[] = [];
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<Waiting>();

  constructor(command: string, options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#child = spawn('bash', ['-c', command], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.ended = new Promise((done) => this.#child.on('exit', (code, signal) => done(code ?? signal ?? '')));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next line, from now on, that matches. */
  next(pattern: RegExp): Promise<string> {
    return new Promise((found, reject) => {
      const waiting = { pattern, found };
      this.#waiting.add(waiting);
      const timer = setTimeout(() => {
        reject(
          new Error(`no line matched ${pattern} in ${LINE_LIMIT_MS / 1000} s:\n${this.lines.join('\n')}`),
        );
      }, LINE_LIMIT_MS);
      waiting.found = (line) => {
        clearTimeout(timer);
        found(line);
      };
    });
  }

  /** Process ids of the shell's children, the daemon's among them. */
  children(): number[] {
    const all = execFileSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' }).trim().split('\n');
    const pairs = all.map((line) => line.trim().split(/ +/).map(Number));
    return pairs.filter(([parent]) => parent === this.pid).map(([, pid]) => pid!);
  }

  /** To the shell alone; `stop` tells its children, too, as the platform does. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const everything = [this.pid, ...this.children()];
    for (const pid of everything) {
      try {
        process.kill(pid, signal);
      } catch {
        // Gone in the meantime.
      }
    }
  }

  #take(line: string): void {
    this.lines.push(line);
    for (const waiting of this.#waiting) {
      if (!waiting.pattern.test(line)) continue;
      this.#waiting.delete(waiting);
      waiting.found(line);
    }
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
