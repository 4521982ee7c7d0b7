// What a connection has chosen and is in the middle of: its name, its protocol, its transaction. Sends nothing itself.

import type { Cache } from '../../cache/cache.ts';
import type { Account } from './account.ts';
import type { Call } from './call.ts';
import type { Command } from './command.ts';
import type { ClientMisses } from './misses.ts';
import type { Reply } from './reply.ts';

/** What a client's connection can be asked for by others than the client. */
export interface ClientPort {
  /** As CLIENT LIST shows them: `127.0.0.1:6379`, or `/path:0` for a Unix socket. */
  readonly address: string;
  readonly localAddress: string;
  /**
   * Sends what `write` appends, behind the reply under way. The client need not have asked for it: where it takes
   * less than is pushed, over a bound, it is cut off.
   */
  push(write: (reply: Reply) => void): void;
  /** Ends the connection when the replies so far were sent. */
  close(): void;
  /** Ends it at once. */
  cut(): void;
  /** Where memory is charged that is held for the client. */
  readonly account: Account;
  /** Bytes received that are no whole command yet, and bytes of replies not sent. */
  readonly unparsedBytes: number;
  readonly unsentBytes: number;
}

/** A command that waits for EXEC. */
export interface QueuedCall {
  readonly command: Command;
  readonly call: Call;
}

/** From MULTI to EXEC or DISCARD. */
export interface Transaction {
  readonly queued: QueuedCall[];
  /** Of what is queued; bounded. */
  bytes: number;
  /** A command could not be queued: EXEC is to refuse. */
  failed: boolean;
}

/** A key of WATCH as it was: `version` 0 where nothing was stored. */
export interface WatchedKey {
  /** Charged while it is watched. */
  readonly costBytes: number;
  readonly cache: Cache;
  readonly key: Buffer;
  readonly version: number;
}

/** `off`: no replies; `skip`: none to the next command. */
export type ReplyMode = 'on' | 'off' | 'skip';

export class Client {
  readonly id: number;
  readonly port: ClientPort;
  readonly connectedAtMs: number;
  lastCommandAtMs: number;
  lastCommand = '';
  name = '';
  libraryName = '';
  libraryVersion = '';
  proto: 2 | 3 = 2;
  db = 0;
  authenticated: boolean;
  /** It need not say who it is: over the socket, or where there is no password. */
  readonly #isTrusted: boolean;
  replyMode: ReplyMode = 'on';
  noEvict = false;
  noTouch = false;
  #transaction: Transaction | undefined;
  /** EXEC runs its commands now. */
  executing = false;
  watched: WatchedKey[] = [];
  /** Called when it watches nothing any more. */
  unwatched: (() => void) | undefined;
  /** Channels and patterns; in RESP2 a client with some may say little else. */
  channels = 0;
  patterns = 0;
  /** CLIENT TRACKING is on: what it reads is noted. */
  tracks = false;
  /** Number of the client that is told in its place; 0: of none. */
  redirect = 0;
  /** What it found nothing of lately, and how much of that changed since. */
  misses: ClientMisses | undefined;
  voidMisses = 0;
  closed = false;
  readonly #onClose: (() => void)[] = [];
  readonly #onReset: (() => void)[] = [];

  constructor(id: number, port: ClientPort, nowMs: number, isTrusted: boolean) {
    this.id = id;
    this.port = port;
    this.connectedAtMs = nowMs;
    this.lastCommandAtMs = nowMs;
    this.authenticated = isTrusted;
    this.#isTrusted = isTrusted;
  }

  authenticate(): void {
    this.authenticated = true;
  }

  /** RESET: it is as if it had just connected. */
  reset(): void {
    for (const run of this.#onReset) run();
    this.endTransaction();
    this.unwatch();
    this.proto = 2;
    this.db = 0;
    this.name = '';
    this.replyMode = 'on';
    this.noEvict = false;
    this.noTouch = false;
    this.authenticated = this.#isTrusted;
  }

  /** Calls `run` at each RESET. */
  onReset(run: () => void): void {
    this.#onReset.push(run);
  }

  /** Its next command is simply run, and replied to. */
  get isPlain(): boolean {
    return (
      this.#transaction === undefined &&
      this.channels + this.patterns === 0 &&
      this.replyMode === 'on' &&
      this.authenticated
    );
  }

  /** Undefined outside of MULTI. */
  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  /** MULTI. */
  beginTransaction(): void {
    this.#transaction = { queued: [], bytes: 0, failed: false };
  }

  /** What was queued is not to be run: it is not charged any more. */
  endTransaction(): void {
    if (this.#transaction) this.port.account.release(this.#transaction.bytes);
    this.#transaction = undefined;
  }

  /** EXEC runs it, and releases its bytes when it has. */
  leaveTransaction(): void {
    this.#transaction = undefined;
  }

  /** It watches nothing any more. */
  unwatch(): void {
    for (const { costBytes } of this.watched) this.port.account.release(costBytes);
    this.watched = [];
    this.unwatched?.();
  }

  get isSubscriber(): boolean {
    return this.channels + this.patterns > 0;
  }

  /** Calls `run` once, when the connection has ended. */
  onClose(run: () => void): void {
    this.#onClose.push(run);
  }

  /** The connection has ended: told by it. */
  ended(): void {
    if (this.closed) return;
    this.closed = true;
    this.endTransaction();
    this.unwatch();
    for (const run of this.#onClose) run();
  }
}
