// Every error class of the daemon, each with a stable code, and the one table from codes to HTTP.

export type ErrorCode = keyof typeof HTTP_STATUS;

/** Code → HTTP status. The code is the stable name: it ends the `type` of a problem+json and stands in logs. */
export const HTTP_STATUS = {
  bad_config: 503,
  cannot_listen: 500,
  bad_request: 400,
  bad_key: 400,
  bad_query: 400,
  bad_tag: 400,
  bad_content_type: 400,
  unknown_cache: 404,
  unknown_path: 404,
  not_found: 404,
  method_not_allowed: 405,
  lease_void: 412,
  precondition_failed: 412,
  length_required: 411,
  too_large: 413,
  unsupported_media_type: 415,
  wrong_host: 421,
  cross_origin: 403,
  unauthorized: 401,
  forbidden: 403,
  too_many_failures: 429,
  load_failed: 502,
  load_timeout: 504,
  load_refused: 503,
  queue_full: 503,
  breaker_open: 503,
  no_room: 503,
  full: 507,
  draining: 503,
  not_ready: 503,
  not_confirmed: 504,
  internal: 500,
} as const;

export interface ErrorDetails {
  cause?: unknown;
  /** For 503: when trying again may help, in milliseconds. */
  retryAfterMs?: number;
}

/** Base of all errors that reach a client, an operator or the log by name. */
export class SidecacheError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
  }

  get status(): number {
    return HTTP_STATUS[this.code];
  }
}

/** What a caller asked for is malformed, unknown or not allowed. */
export class RequestError extends SidecacheError {}

/** The path is known, the method is not allowed there. */
export class MethodError extends RequestError {
  /** For the Allow header. */
  readonly allowed: string;

  constructor(methods: readonly string[]) {
    super('method_not_allowed', `this method is not allowed here; allowed: ${methods.join(', ')}`);
    this.allowed = methods.join(', ');
  }
}

/** An origin failed, was too slow, or may not be asked now. */
export class LoadError extends SidecacheError {
  /** No connection to the origin came about: whether it is back can be asked without a load (Loader.reachable). */
  readonly unreachable: boolean;
  /** The origin is well and would not have this key, or sent what cannot be kept: it says nothing of other keys. */
  readonly ofKeyOnly: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails & { unreachable?: boolean; ofKeyOnly?: boolean } = {},
  ) {
    super(code, message, details);
    this.unreachable = details.unreachable ?? false;
    this.ofKeyOnly = details.ofKeyOnly ?? false;
  }
}

/** There is no memory for what was asked; nothing that was stored is lost by it. */
export class RoomError extends SidecacheError {
  constructor(message: string, details: ErrorDetails = {}, code: ErrorCode = 'no_room') {
    super(code, message, { retryAfterMs: 1000, ...details });
  }
}

/** A cache that evicts nothing has no room for more. */
export class FullError extends RoomError {
  constructor(message: string) {
    super(message, {}, 'full');
  }
}

/** A value is larger than may be stored at all. */
export class TooLargeError extends SidecacheError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('too_large', message, details);
  }
}

/** The configuration is unusable; every problem found, one line each. */
export class ConfigError extends SidecacheError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], details: ErrorDetails = {}) {
    super('bad_config', problems.join('\n'), details);
    this.problems = problems;
  }
}

/** A command of the command line cannot be carried out; `exitCode` is documented in docs/command-line.md. */
export class CommandError extends SidecacheError {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, details: ErrorDetails = {}) {
    super('bad_request', message, details);
    this.exitCode = exitCode;
  }
}
