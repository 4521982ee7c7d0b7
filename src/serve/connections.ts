// The connections of all listeners: how many there may be, what they are charged for, and how they end.
//
// Each has one request in progress. Those that were sent behind it wait for their turn, and meanwhile nothing more is
// read of their connection, so that what is held of answers is one answer a connection. One chunk of 64 KiB may hold
// 3,600 requests: of those only some wait, the next is the last to be answered, and the rest are dropped unread.
// What was received and not taken by a request yet, and what was answered and not sent yet, is looked for and charged.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Clock, Timer } from '../cache/clock.ts';
import { RoomError } from '../errors.ts';
import { Brake } from './brake.ts';
import type { Garbage } from './garbage.ts';
import type { Headroom } from './headroom.ts';
import { hasBody, sendError } from './http/problem.ts';
import {
  discardParser,
  headLength,
  ignoreRequests,
  onReceived,
  readOn,
  stopReading,
} from './http/reading.ts';
import { refusal, refuseOn } from './http/refusal.ts';
import { type Speaks, TurnedAway } from './turned-away.ts';

/** What a connection holds beside what is sent over it: its stream, its parser, its place in the system. */
export const CONNECTION_COST_BYTES = 9216;
/** Two streams and their headers, parsed and waiting. */
const WAITING_COST_BYTES = 4096;
const MOST_WAITING = 256;
/** Heads up to here, and unsent bytes up to here, belong to the cost of the connection. */
const FREE_BYTES = 4096;
/** A head that is still coming: its bytes, and the text of the headers that were complete. */
const TIMES_PARSED = 2;
/** A head as text, decoded, and what of it became a key. */
const TIMES_HELD = 3;

/** With few connections what they may hold is no danger yet, and an idle process is to stay idle. */
const FEW = 32;
const LOOK_EVERY_MS = 50;
const LOOK_AT_FEW_EVERY_MS = 500;
/** Who takes nothing of an answer for so long is cut off. */
const STALLED_AFTER_MS = 30_000;
/**
 * Where there is no place: one that never asked anything for so long makes way, else one idle for so long. Only the
 * former make way for what others send.
 */
const SILENT_AFTER_MS = 250;
const IDLE_AFTER_MS = 5000;

const TOO_MUCH = refusal('no_room', 'there is no memory left for what this connection sends');

/** Who has taken a connection over that is not HTTP, and charges itself for what it holds. */
export interface Guest {
  /** Something is under way. */
  readonly isBusy: boolean;
  /** It is of use although nothing is asked: it does not make way. */
  readonly isKept: boolean;
  /** Memory is held for what its client has not sent yet, or not taken. */
  readonly isHolding: boolean;
  /** Ends it, and lets go of all that is held. */
  giveUp(): void;
}

interface Connection {
  readonly socket: Socket;
  readonly server: Server;
  guest: Guest | undefined;
  /** The request in progress. */
  response: ServerResponse | undefined;
  /** Requests behind it, and what is charged for them. */
  waiting: number;
  waitingBytes: number;
  asked: boolean;
  /** Bytes of it that were read when a request last began or ended. */
  readBytes: number;
  /** Charged at the last look, for what was neither taken nor sent then. */
  chargedBytes: number;
  sentBytes: number;
  /** Its parser holds more than belongs to the cost of a connection. */
  isSpent: boolean;
  /** Not read until the request in progress is answered. */
  isHeldBack: boolean;
  /** Came since it was last looked at. */
  unseenBytes: number;
  /** Something was asked or answered since the last look. */
  active: boolean;
  /** Since when nothing has happened that a look could see. */
  quietSinceMs: number;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ConnectionsParts {
  readonly headroom: Headroom;
  readonly garbage: Garbage;
  readonly clock: Clock;
  /** Over all listeners. */
  readonly most: number;
}

export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #open = new Map<Socket, Connection>();
  readonly #turnedAway: TurnedAway;
  readonly #brake = new Brake(() => this.#open.keys());
  #leaving = false;
  #accepted = 0;
  #rejected = 0;
  #look: Timer | undefined;
  #lookIsAtFew = true;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    this.#turnedAway = new TurnedAway(parts.clock);
    parts.headroom.onFull((bytes) => this.#makeRoom(bytes));
    parts.headroom.onHeld((bytes) => this.#endStalled(bytes));
  }

  count(server: Server): number {
    let count = 0;
    for (const connection of this.#open.values()) if (connection.server === server) count++;
    return count;
  }

  /** How many there ever were. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Of these, how many were turned away. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Whether a request is in progress, an answer not sent, or a connection has not asked anything yet. */
  get busy(): boolean {
    for (const { asked, guest, response, waiting, socket } of this.#open.values())
      if (!asked || guest?.isBusy || response || waiting > 0 || socket.writableLength > 0) return true;
    return false;
  }

  /** Takes the connection in, once; false where there is neither place nor memory for it: it is told and closed. */
  admit(server: Server, socket: Socket, speaks: Speaks = 'http'): boolean {
    if (this.#open.has(socket)) return true;
    if (socket.destroyed || socket.writableEnded) return false;
    this.#accepted++;
    if (!this.#hasPlace()) {
      this.#rejected++;
      this.#turnedAway.add(socket, speaks, this.#open.size >= this.#parts.most);
      return false;
    }
    const connection: Connection = {
      socket,
      server,
      guest: undefined,
      response: undefined,
      waiting: 0,
      waitingBytes: 0,
      asked: false,
      readBytes: 0,
      chargedBytes: 0,
      sentBytes: 0,
      isSpent: false,
      isHeldBack: false,
      unseenBytes: 0,
      active: false,
      quietSinceMs: this.#parts.clock.now(),
    };
    this.#open.set(socket, connection);
    socket.once('close', () => {
      const holdsMuch = connection.isSpent || socket.bytesRead - connection.readBytes > FREE_BYTES;
      if (holdsMuch && !connection.guest) discardParser(socket);
      this.#forget(connection);
    });
    this.#lookLater();
    return true;
  }

  /** Is not HTTP: `guest` answers it from now on. */
  handOver(socket: Socket, guest: Guest): void {
    const connection = this.#open.get(socket);
    if (!connection) return;
    connection.guest = guest;
    connection.asked = true;
    connection.quietSinceMs = this.#parts.clock.now();
    this.#charge(connection, 0);
  }

  /** So many bytes came, which no parser of HTTP has told of. */
  saw(socket: Socket, bytes: number): void {
    const connection = this.#open.get(socket);
    if (!connection) return;
    connection.unseenBytes += bytes;
    if (connection.unseenBytes > FREE_BYTES) this.#seeLong(connection);
  }

  /** From now on long heads are seen as they come, once Node has given the connection its parser. */
  watch(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (!connection) {
      this.#turnedAway.watch(socket);
      return;
    }
    onReceived(socket, (bytes) => this.saw(socket, bytes));
  }

  /** Has the request handled: at once, or when the answers before its own are on their way. */
  take(request: IncomingMessage, response: ServerResponse, handle: RequestHandler): void {
    const connection = this.#open.get(request.socket);
    // Refused already; what it sent all the same is not for us.
    if (!connection || !request.socket.writable) return;
    connection.asked = true;
    if (response.socket !== null) this.#begin(connection, request, response, handle);
    else this.#postpone(connection, request, response, handle);
  }

  /** Answers what is no HTTP, behind an answer that is on its way. Where requests wait, that one is the last. */
  refuse(socket: Socket, answer: string): void {
    const connection = this.#open.get(socket);
    const response = connection?.response;
    if (!response || (!response.headersSent && !response.req.complete)) {
      refuseOn(socket, answer);
      return;
    }
    const end = (): void => {
      if (connection.waiting === 0 && response.shouldKeepAlive && socket.writable) socket.end(answer);
      socket.destroySoon();
    };
    if (response.writableFinished) end();
    else response.once('finish', end);
  }

  /** From now on each connection ends with its next answer; new ones are still taken. */
  leave(): void {
    this.#leaving = true;
  }

  destroyAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  // --- a connection's life

  #hasPlace(): boolean {
    const { headroom, most } = this.#parts;
    const fits = (): boolean => this.#open.size < most && headroom.chargeConnection(CONNECTION_COST_BYTES);
    return fits() || (this.#makePlace() && fits());
  }

  /** Closes a connection that nobody seems to need. */
  #makePlace(): boolean {
    const silent = this.#spare(false, SILENT_AFTER_MS).next().value;
    const closed = silent ?? this.#spare(true, IDLE_AFTER_MS).next().value;
    if (closed) this.#close(closed);
    return closed !== undefined;
  }

  /** Closes such as never asked anything, then such as keep others from memory, until so many bytes are free. */
  #makeRoom(bytes: number): void {
    const { headroom } = this.#parts;
    const mostBytes = headroom.usedBytes - bytes;
    for (const connection of this.#spare(false, SILENT_AFTER_MS)) {
      this.#close(connection);
      if (headroom.usedBytes <= mostBytes) return;
    }
    this.#endStalled(headroom.usedBytes - mostBytes);
  }

  /** Closes guests for whom memory is held, and who neither sent nor took anything for long, until so much is free. */
  #endStalled(bytes: number): void {
    const { headroom, clock } = this.#parts;
    const mostBytes = headroom.usedBytes - bytes;
    for (const connection of this.#open.values()) {
      const { guest, quietSinceMs } = connection;
      if (!guest?.isHolding || clock.now() - quietSinceMs <= STALLED_AFTER_MS) continue;
      guest.giveUp();
      this.#close(connection);
      if (headroom.usedBytes <= mostBytes) return;
    }
  }

  /** Those with nothing in progress for so long, oldest first. */
  *#spare(asked: boolean, afterMs: number): Generator<Connection, undefined> {
    const nowMs = this.#parts.clock.now();
    for (const connection of this.#open.values()) {
      const { guest, response, active, quietSinceMs } = connection;
      if (connection.asked !== asked || response || active || nowMs - quietSinceMs < afterMs) continue;
      if (guest?.isBusy || guest?.isKept) continue;
      yield connection;
    }
  }

  #close(connection: Connection): void {
    connection.socket.destroy();
    this.#forget(connection);
  }

  #forget(connection: Connection): void {
    if (!this.#open.delete(connection.socket)) return;
    const { headroom, garbage } = this.#parts;
    const sentBytes = connection.waitingBytes + connection.chargedBytes;
    headroom.releaseConnection(CONNECTION_COST_BYTES);
    headroom.release(sentBytes);
    // There may have been no room to charge what came last.
    const parsedBytes = connection.guest ? 0 : TIMES_PARSED * untakenOf(connection);
    garbage.passed(CONNECTION_COST_BYTES + Math.max(sentBytes, parsedBytes));
  }

  #begin(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    handle: RequestHandler,
    waitedBytes = 0,
  ): void {
    const { headroom, garbage } = this.#parts;
    const { bytesRead } = connection.socket;
    // With a head comes what was sent behind it.
    const takenBytes = Math.max(bytesRead - connection.readBytes, waitedBytes);
    const chargedBytes = takenBytes > FREE_BYTES ? takenBytes : 0;
    const fits = chargedBytes === 0 || headroom.charge(chargedBytes);
    connection.readBytes = bytesRead;
    connection.response = response;
    connection.active = true;
    if (chargedBytes > 0) this.#beginLong(connection, request, response, chargedBytes);
    response.once('close', () => {
      if (fits) headroom.release(chargedBytes);
      // Who still has the request must not keep a long text alive while it is collected.
      if (connection.isSpent) request.url = '';
      if (chargedBytes > 0) garbage.passed(TIMES_HELD * chargedBytes);
      this.#answered(connection);
      // Nobody wanted the rest of its body: it is not read for nothing.
      if (!request.complete) connection.socket.destroySoon();
    });
    if (this.#leaving && connection.waiting === 0) response.shouldKeepAlive = false;
    if (fits) handle(request, response);
    else sendError(request, response, new RoomError('there is no memory left for this request'));
  }

  #answered(connection: Connection): void {
    const { socket, isHeldBack } = connection;
    // The head of the next request, or the start of it, may have come.
    if (socket.bytesRead !== connection.readBytes && untakenOf(connection) === 0)
      connection.readBytes = socket.bytesRead;
    connection.response = undefined;
    connection.active = true;
    connection.isHeldBack = false;
    if (isHeldBack && connection.waiting === 0) readOn(socket);
  }

  /** A long head is the last of its connection: until that is closed, its parser keeps the text. */
  #beginLong(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    takenBytes: number,
  ): void {
    const isLong = headLength(request) > FREE_BYTES;
    if (isLong || !hasBody(request)) this.#brake.took(takenBytes);
    if (!isLong) return;
    connection.isSpent = true;
    response.shouldKeepAlive = false;
  }

  #postpone(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    handle: RequestHandler,
  ): void {
    const { socket } = connection;
    const headBytes = headLength(request);
    const waitingBytes = WAITING_COST_BYTES + headBytes;
    const fits = connection.waiting < MOST_WAITING && this.#parts.headroom.charge(waitingBytes);
    stopReading(socket);
    if (fits) {
      connection.waiting++;
      connection.waitingBytes += waitingBytes;
    } else {
      response.shouldKeepAlive = false;
      ignoreRequests(socket);
    }
    const begin = (): void => {
      if (fits) this.#waitsNoLonger(connection, waitingBytes);
      this.#begin(connection, request, response, fits ? handle : refuseTooMany, headBytes);
    };
    // The connection is its own now; the next tick, since Node is still handing it on.
    response.once('socket', () => {
      process.nextTick(() => {
        if (socket.writableNeedDrain) socket.once('drain', begin);
        else begin();
      });
    });
  }

  #waitsNoLonger(connection: Connection, waitingBytes: number): void {
    // The connection may have ended meanwhile: then all was released with it.
    if (!this.#open.has(connection.socket)) return;
    this.#parts.headroom.release(waitingBytes);
    connection.waitingBytes -= waitingBytes;
    if (--connection.waiting === 0) readOn(connection.socket);
  }

  // --- looking

  #lookLater(): void {
    const isFew = this.#open.size <= FEW;
    // Many may have come since a look at few was set: they are not given that long.
    if (this.#look && (isFew || !this.#lookIsAtFew)) return;
    this.#look?.cancel();
    this.#lookIsAtFew = isFew;
    this.#look = this.#parts.clock.after(isFew ? LOOK_AT_FEW_EVERY_MS : LOOK_EVERY_MS, () => {
      this.#look = undefined;
      const nowMs = this.#parts.clock.now();
      for (const connection of this.#open.values()) this.#lookAt(connection, nowMs);
      if (this.#open.size > 0) this.#lookLater();
    });
  }

  /** Much has come: what of it is a head that is still coming is charged now, before more is read of anyone. */
  #seeLong(connection: Connection): void {
    const { response, unseenBytes } = connection;
    const untakenBytes = untakenOf(connection);
    if (untakenBytes > FREE_BYTES) {
      this.#brake.took(Math.min(untakenBytes, unseenBytes));
      if (response) this.#holdBack(connection);
    }
    this.#lookAt(connection, this.#parts.clock.now());
  }

  /** What it sends is not needed before the request in progress is answered. */
  #holdBack(connection: Connection): void {
    connection.isHeldBack = true;
    stopReading(connection.socket);
  }

  #lookAt(connection: Connection, nowMs: number): void {
    const { socket, guest, response } = connection;
    connection.unseenBytes = 0;
    if (guest) {
      const sentBytes = socket.bytesWritten - socket.writableLength;
      const isActive = socket.bytesRead !== connection.readBytes || sentBytes !== connection.sentBytes;
      if (isActive) connection.quietSinceMs = nowMs;
      connection.readBytes = socket.bytesRead;
      connection.sentBytes = sentBytes;
      return;
    }
    const untakenBytes = untakenOf(connection);
    // An answer that goes out in pieces is charged by who sends it.
    const unsentBytes = response?.writableEnded === false ? 0 : socket.writableLength;
    const heldBytes = TIMES_PARSED * untakenBytes + unsentBytes;
    if (!this.#charge(connection, heldBytes > FREE_BYTES ? heldBytes : 0)) {
      if (response?.headersSent) socket.destroy();
      else refuseOn(socket, TOO_MUCH);
      return;
    }
    const sentBytes = socket.bytesWritten - socket.writableLength;
    if (connection.active || sentBytes !== connection.sentBytes) connection.quietSinceMs = nowMs;
    connection.active = false;
    connection.sentBytes = sentBytes;
    if (socket.writableLength > 0 && nowMs - connection.quietSinceMs > STALLED_AFTER_MS) socket.destroy();
  }

  /** Makes `bytes` the charge for what was found at a look. */
  #charge(connection: Connection, bytes: number): boolean {
    const { headroom } = this.#parts;
    const more = bytes - connection.chargedBytes;
    if (more > 0 && !headroom.charge(more)) return false;
    if (more < 0) headroom.release(-more);
    connection.chargedBytes = bytes;
    // It may itself have made room: it holds nothing then.
    if (more > 0 && !this.#open.has(connection.socket)) headroom.release(more);
    return true;
  }
}

/** Bytes that came and that no request has taken, nor will as its body. */
function untakenOf({ socket, response, waiting, readBytes }: Connection): number {
  if (response && (waiting > 0 || !response.req.complete || hasBody(response.req))) return 0;
  return socket.bytesRead - readBytes;
}

function refuseTooMany(request: IncomingMessage, response: ServerResponse): void {
  sendError(
    request,
    response,
    new RoomError('too many requests were sent without waiting for their answers'),
  );
}
