// One RESP connection: bytes in, commands run in order, replies out in order.
//
//   received ─▶ parser ─▶ dispatch ─▶ reply ─▶ outbox ─▶ socket
//
// All commands of a chunk are run, then their replies leave with one write, those of the short way together with what
// others are sent. A command that waits for a load keeps its
// place: reads behind it are run, and their replies wait for its own; anything else waits its turn, and nothing more is
// read. Nor is anything read of a client that does not take its replies.

import type { Socket } from 'node:net';
import { RoomError } from '../../errors.ts';
import type { Guest } from '../connections.ts';
import { Account } from './account.ts';
import { MOST_PIECE_BYTES } from './arrivals.ts';
import { Client, type ClientPort } from './client.ts';
import type { CommandContext } from './context.ts';
import { DirectSink } from './direct-io.ts';
import { errorText } from './error-text.ts';
import { FED, Intake, NO_ROOM } from './intake.ts';
import { Outbox } from './outbox.ts';
import { BROKEN, INCOMPLETE, Parser } from './parser.ts';
import type { Peer } from './peer.ts';
import { PendingReplies } from './pending-replies.ts';
import { Pushes } from './pushes.ts';
import type { Reply } from './reply.ts';
import type { RespServer } from './resp-server.ts';

/** While a command waits its turn so much is taken in of what comes behind it. */
const MOST_UNPARSED_BYTES = 65_536;
/** Over so many bytes of replies not taken, no command is run. */
const MOST_UNSENT_BYTES = 131_072;
/** Replies of so many bytes leave before the next command is run. */
const SEND_AT_BYTES = 24_576;
/** Who had so many run at one time lets others have their turn. */
const MANY_COMMANDS = 64;

export class RespConnection implements ClientPort, Guest {
  readonly client: Client;
  readonly account: Account;
  readonly address: string;
  readonly localAddress: string;
  readonly #shared: RespServer;
  readonly #socket: Socket;
  readonly #context: CommandContext;
  readonly #parser: Parser;
  readonly #intake: Intake;
  readonly #outbox: Outbox;
  readonly #pending: PendingReplies;
  readonly #pushes: Pushes;
  /** The parser's command waits its turn. */
  #isHeld = false;
  /** A piece of what came waits for the end of the turn. */
  #isArriving = false;
  /** Of such a piece something is left that is not for the short way. */
  #hasRest = false;
  /** Commands are being run. */
  #isWorking = false;
  /** There is no memory for what comes: until there is some, nothing is read. */
  #lacksRoom = false;
  /** The socket is read from. */
  #isReading = false;
  /** No more commands are run; it ends when all replies were sent. */
  #isClosing = false;
  /** The client sends no more. */
  #isEnded = false;

  constructor(shared: RespServer, socket: Socket, peer: Peer) {
    const { parts } = shared;
    this.#shared = shared;
    this.#socket = socket;
    this.address = peer.address;
    this.localAddress = peer.localAddress;
    const account = new Account(parts.headroom);
    this.account = account;
    this.#parser = new Parser(parts.server.maxBulkBytes);
    this.#parser.isUnknown = !peer.isTrusted;
    this.#parser.takesInline = peer.takesInline;
    const failed = (): void => this.cut();
    const passed = (bytes: number): void => parts.garbage.passed(bytes);
    const goOn = (): void => this.#work();
    const sink = new DirectSink(socket);
    const { departures } = shared;
    const outbox = new Outbox({ sink, departures, account, drained: goOn, failed, passed });
    this.#outbox = outbox;
    this.#intake = new Intake(this.#parser, account, passed);
    const client = new Client(parts.server.nextId(), this, parts.clock.now(), peer.isTrusted);
    this.client = client;
    const parted = (): void => this.#flush();
    const pending = new PendingReplies({ shared, account, outbox, parted, arrived: goOn, failed });
    this.#pending = pending;
    this.#pushes = new Pushes({ client, account, outbox, pending, failed });
    const { keyspace, clock, server, changes, turn } = parts;
    this.#context = { client, keyspace, clock, server, changes, turn };
    server.clients.set(client.id, client);
    server.connections++;
  }

  // --- what the socket tells

  /** What came, in memory that is another's after the call; `isMore`: there may be more to read. */
  receivedShared(bytes: Buffer, isMore: boolean): void {
    const { server } = this.#shared.parts;
    const isShort = bytes.length <= MOST_PIECE_BYTES && this.#isIdle;
    if (isShort && this.#shared.turnEnd.isWorthWaiting()) {
      this.#isArriving = true;
      this.#shared.arrivals.add(this, bytes);
      return;
    }
    if (this.#isArriving) this.#shared.arrivals.run();
    const ranBefore = server.commands;
    this.#runShared(bytes, !isShort);
    const ranMany = server.commands - ranBefore >= MANY_COMMANDS;
    // Node would read on, up to 32 times as much, before others are read from.
    if (!ranMany || !isMore || !this.#isReading) return;
    this.#stopReading();
    void this.#shared.parts.turn().then(this.#resumeLater);
  }

  /** What came, in memory of its own. */
  received(chunk: Buffer): void {
    this.#shared.parts.server.netInputBytes += chunk.length;
    if (this.#isClosing) {
      // What it was replied is not to be the next client's.
      this.#flush();
      return;
    }
    this.#intake.add(chunk);
    // Where reading was resumed just before it was paused, Node reads once more all the same, and goes on.
    if (this.#lacksRoom) this.#stopReading();
    this.#work();
  }

  /** The client sends no more: what it sent is answered, then the connection ends. */
  ended(): void {
    this.#isEnded = true;
    if (this.#isArriving) this.#shared.arrivals.run();
    // Nobody can tell how long that may be; and it may be gone altogether.
    if (this.#isHeld && this.#shared.parts.server.isPaused) this.cut();
    this.#endIfDone();
  }

  /** The connection is gone. */
  closed(): void {
    if (this.client.closed) return;
    if (this.#isArriving && !this.#isClosing) this.#shared.arrivals.run();
    const { server } = this.#shared.parts;
    server.netOutputBytes += this.#outbox.sentBytes;
    server.clients.delete(this.client.id);
    this.client.ended();
    this.#outbox.close();
    this.#pending.close();
    this.#intake.close();
    this.account.close();
  }

  // --- what was kept until the turn ended

  runArrived(bytes: Buffer, from: number, to: number, nowMs: number): number {
    this.#isArriving = false;
    // What is left of a piece before this one comes first.
    if (this.#hasRest || !this.#isIdle) return from;
    const at = this.#runWhereItLies(bytes, from, to, nowMs);
    this.#shared.depart(this.#outbox);
    this.#hasRest = at < to;
    return at;
  }

  takeIn(rest: Buffer): void {
    this.#hasRest = false;
    if (this.client.closed) return;
    this.#shared.letLeave();
    this.#intake.isShared = true;
    this.received(rest);
    this.#intake.isShared = false;
    this.#intake.leave(rest);
  }

  // --- what others ask for

  get unparsedBytes(): number {
    return this.#intake.bytes;
  }

  get unsentBytes(): number {
    return this.#outbox.bytes;
  }

  /** Something is under way. */
  get isBusy(): boolean {
    if (this.#isArriving || this.#outbox.isExpecting) return true;
    return !this.#pending.isEmpty || this.#isHeld || !this.#outbox.isEmpty;
  }

  /** It listens, or has something begun: closing it would be noticed. */
  get isKept(): boolean {
    const { isSubscriber, tracks, transaction, watched } = this.client;
    return isSubscriber || tracks || transaction !== undefined || watched.length > 0;
  }

  /** Not while its own command is run: that would go on with what was let go of. */
  get isHolding(): boolean {
    return !this.#isWorking && this.account.bytes > 0;
  }

  giveUp(): void {
    this.cut();
    this.closed();
  }

  push(write: (reply: Reply) => void): void {
    if (this.#pushes.add(write) && !this.#isWorking) this.#pushes.sendSoon();
  }

  close(): void {
    this.#isClosing = true;
    if (!this.#isWorking) this.#endIfDone();
  }

  cut(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  // --- running commands

  /** Runs what can be run, sends what was replied, and says whether more is to be read. */
  #work(): void {
    if (this.#isWorking || this.#lacksRoom || this.client.closed) return;
    const isReady = this.#runSafely();
    // Something may have had to go for what came, or for what is sent: who kept it is told.
    if (!this.#pushes.isEmpty) this.#pushes.send();
    if (this.#isClosing) this.#intake.close();
    else if (!this.#intake.settle() || this.#lacksRoom) void this.#awaitRoom();
    // Whose end of the connection goes is noticed only while it is read.
    else this.#readOn(isReady || this.#intake.bytes < MOST_UNPARSED_BYTES);
    this.#endIfDone();
  }

  /** What is read already is not stopped, nor begun again: either takes its time. */
  #readOn(reads: boolean): void {
    if (reads === this.#isReading) return;
    if (!reads) {
      this.#stopReading();
      return;
    }
    this.#isReading = true;
    this.#socket.resume();
  }

  #stopReading(): void {
    this.#isReading = false;
    this.#socket.pause();
  }

  #runSafely(): boolean {
    this.client.lastCommandAtMs = this.#shared.parts.clock.now();
    this.#isWorking = true;
    try {
      const isReady = this.#runAll();
      this.#flush();
      return isReady;
    } catch (error) {
      this.#failed(error);
      return false;
    } finally {
      this.#shared.parts.express.forget();
      this.#isWorking = false;
    }
  }

  /** Nothing is known to throw while commands are run; whatever does is to end one connection only. */
  #failed(error: unknown): void {
    this.#shared.parts.defect(error);
    this.#shared.renewScratch();
    this.cut();
  }

  /** Nothing is left of what came before, and nothing waits to leave. */
  get #isIdle(): boolean {
    if (!this.#isReading || this.#isWorking || this.#isClosing || this.#isHeld) return false;
    return this.#intake.isEmpty && this.#outbox.isEmpty && this.#mayExpress();
  }

  /** Runs what came; its replies leave soon where it `waits`, else at once. */
  #runShared(bytes: Buffer, waits: boolean): void {
    const { express, clock } = this.#shared.parts;
    const { length } = bytes;
    const at = this.#isIdle ? this.#runWhereItLies(bytes, 0, length, clock.now()) : 0;
    express.forget();
    if (at === length && !waits) this.#flush();
    else if (at === length || !this.#shared.arrivals.isEmpty) this.#shared.depart(this.#outbox);
    if (at < length) this.takeIn(bytes.subarray(at));
  }

  /** Runs what is for the short way without taking it in, and says where that ends. */
  #runWhereItLies(bytes: Buffer, begin: number, to: number, nowMs: number): number {
    const { parts } = this.#shared;
    let at = begin;
    this.client.lastCommandAtMs = nowMs;
    this.#isWorking = true;
    try {
      for (let from = -1; at > from && at < to && this.#outbox.isEmpty; ) {
        from = at;
        at = parts.express.run(this.client, bytes, from, to, this.#shared.scratch, nowMs);
        if (this.#shared.scratch.length > SEND_AT_BYTES) this.#flush();
      }
      // Nothing is known to end it meanwhile; but what is left in the scratch would be the next client's.
      if (this.#isClosing) this.#flush();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isWorking = false;
    }
    parts.server.netInputBytes += at - begin;
    return at;
  }

  /** True where all that came was run. */
  #runAll(): boolean {
    for (;;) {
      if (this.#isClosing) return true;
      if (this.#outbox.bytes > MOST_UNSENT_BYTES || this.#pending.isFull) return false;
      if (!this.#isHeld) {
        if (this.#parser.isBetween && this.#mayExpress() && this.#runExpress()) continue;
        if (this.#parser.isUnknown) this.#parser.isUnknown = !this.client.authenticated;
        const said = this.#parser.next();
        if (said === BROKEN) {
          this.#replyLast(this.#parser.problem);
          return true;
        }
        if (said === INCOMPLETE) {
          const fed = this.#intake.feed();
          if (fed === FED) continue;
          this.#lacksRoom = fed === NO_ROOM;
          return true;
        }
      }
      this.#isHeld = this.#mustWait();
      if (this.#isHeld) return false;
      this.#runOne();
    }
  }

  /** Whether commands that come now are simply run. */
  #mayExpress(): boolean {
    const { dispatch, server } = this.#shared.parts;
    const { client } = this;
    if (!this.#pending.isEmpty || !this.#pushes.isEmpty) return false;
    return client.isPlain && !dispatch.isTracked && !server.isPaused && !server.slowLog.isOn;
  }

  /** False where the next command is not for the short way. */
  #runExpress(): boolean {
    const { parts, scratch } = this.#shared;
    const parser = this.#parser;
    const { at } = parser;
    const nowMs = this.client.lastCommandAtMs;
    const to = parts.express.run(this.client, parser.bytes, at, parser.end, scratch, nowMs);
    if (to === at) return false;
    parser.skipTo(to);
    if (scratch.length > SEND_AT_BYTES) this.#flush();
    return true;
  }

  #mustWait(): boolean {
    const { dispatch, server } = this.#shared.parts;
    if (!this.#pending.isEmpty && !dispatch.overtakes(this.#parser.call)) return true;
    return server.isPaused && server.waitsForPause(dispatch.find(this.#parser.call), this.#resumeLater);
  }

  /** Not at once: where another ends a pause its replies are in the scratch. */
  readonly #resumeLater = (): void => queueMicrotask(() => this.#work());

  #runOne(): void {
    const reply = this.#pending.place();
    const { mark } = reply;
    const waits = this.#shared.parts.dispatch.run(this.#context, this.#parser.call, reply);
    this.#parser.used();
    if (waits) this.#pending.park(reply, mark, waits);
    if (!this.#pushes.isEmpty) this.#pushes.append();
    if (this.#pending.isEmpty && (reply.length > SEND_AT_BYTES || reply.heldBytes > 0)) this.#flush();
  }

  // --- sending

  /** Sends what is in the scratch. */
  #flush(): void {
    const shared = this.#shared;
    const { scratch } = shared;
    if (scratch.length === 0) return;
    if (this.#outbox.send(scratch)) shared.keepScratchSmall();
    else shared.renewScratch();
  }

  // --- the end

  async #awaitRoom(): Promise<void> {
    const lacking = new RoomError('there is no memory left for what this connection sends');
    this.#lacksRoom = true;
    this.#stopReading();
    try {
      await this.#shared.parts.uploads.admit(() => {
        if (!this.#intake.hasRoomNow()) throw lacking;
      }, this.#socket);
      this.#lacksRoom = false;
      this.#work();
    } catch {
      this.#lacksRoom = false;
      if (this.client.closed) return;
      this.#replyLast(errorText(lacking));
      this.#work();
    }
  }

  #replyLast(text: string): void {
    this.#pending.place().error(text);
    this.#isClosing = true;
  }

  /** Ends the connection once nothing is left to be sent, or to be run where only the client has ended. */
  #endIfDone(): void {
    if (!this.#isClosing && !(this.#isEnded && !this.#isHeld)) return;
    if (this.#outbox.isExpecting) this.#shared.departures.leave();
    if (!this.#pending.isEmpty || !this.#outbox.isEmpty || this.#socket.destroyed) return;
    this.#isClosing = true;
    this.#socket.end();
    this.#socket.destroySoon();
  }
}
