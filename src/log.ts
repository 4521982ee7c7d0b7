// The daemon's log: one JSON object a line. Who writes a line says facts, never a value and never a secret; keys as
// hashes unless the configuration says otherwise.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export class Log {
  readonly #write: (line: string) => void;
  readonly #least: number;

  constructor(write: (line: string) => void, level: LogLevel) {
    this.#write = write;
    this.#least = LEVELS.indexOf(level);
  }

  debug(message: string, fields?: LogFields): void {
    this.#line('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#line('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#line('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#line('error', message, fields);
  }

  #line(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    this.#write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  }
}

/** Name, code and place of an error, for the log: its message may quote what a client sent. */
export function describeDefect(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const at = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
  return { error: error.name, at };
}
