// The listeners of the daemon, the Unix socket, loopback HTTP and RESP: opened together, drained together, closed together.

import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../cache/clock.ts';
import { SidecacheError } from '../errors.ts';
import type { Connections, RequestHandler } from './connections.ts';
import { checkLoopbackCaller } from './http/guard.ts';
import { sendError } from './http/problem.ts';
import { createHttpServer } from './http/server.ts';
import { BACKLOG, closeSocket, hideSocket, listenOnSocket, type SocketFile } from './unix-socket.ts';
import { tellProtocols } from './which-protocol.ts';

export interface RespTaker {
  /** Loopback TCP for RESP alone. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** With what came already. */
  takeSocket(socket: Socket, first: Buffer): void;
  takeTcp(socket: Socket): void;
}

export interface ListenersParts {
  readonly socket: string;
  readonly socketMode: number;
  readonly http: { readonly host: string; readonly port: number } | undefined;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly handle: RequestHandler;
  /** Takes connections that are not HTTP. */
  readonly resp: RespTaker;
  /** Where there: told that loopback HTTP cannot be had, and the socket is served alone; else that is an error. */
  readonly withoutHttp: ((error: SidecacheError) => void) | undefined;
  /** Told where another daemon has the socket and is waited for. */
  readonly socketInUse: (atMostMs: number) => void;
}

/** Without a client for this long, a drain is over. */
const QUIET_MS = 200;
const LOOK_EVERY_MS = 20;
/** Who connected before the socket was hidden is accepted one by one; when nobody was for so long, nobody is left. */
const ACCEPTED_WITHIN_MS = 50;
/** After a drain, requests that were sent may take so long to come and be answered. */
const LAST_ANSWERS_MS = 1000;

export class Listeners {
  readonly #parts: ListenersParts;
  readonly #socket: Server;
  readonly #http: Server;
  readonly #resp: Server;
  #file: SocketFile | undefined;

  constructor(parts: ListenersParts) {
    this.#parts = parts;
    const { connections, clock, resp } = parts;
    const socket = createHttpServer(connections, parts.handle);
    tellProtocols(socket, { connections, clock, takeResp: (...came) => resp.takeSocket(...came) });
    this.#socket = socket;
    this.#http = createHttpServer(connections, guarded(parts.handle));
    this.#resp = createServer({ allowHalfOpen: true, noDelay: true });
    this.#resp.on('connection', (each: Socket) => {
      if (connections.admit(this.#resp, each, 'resp')) resp.takeTcp(each);
    });
  }

  /** Throws SidecacheError 'cannot_listen'; nothing is open then. */
  async open(): Promise<void> {
    const { socket, socketMode, http, resp } = this.#parts;
    this.#file = await listenOnSocket(this.#socket, socket, socketMode, this.#parts.socketInUse);
    try {
      if (http) await listenOnPort(this.#http, 'http', http);
      if (resp.listen) await listenOnPort(this.#resp, 'resp.listen', resp.listen);
    } catch (error) {
      if (this.#parts.withoutHttp) return this.#parts.withoutHttp(error as SidecacheError);
      await this.close();
      throw error;
    }
  }

  /** Where loopback HTTP really listens; port 0 asks for any. */
  get httpAddress(): string | undefined {
    return addressOf(this.#http);
  }

  /** The same of RESP. */
  get respAddress(): string | undefined {
    return addressOf(this.#resp);
  }

  /** Serves on until the socket has no client, or `atMostMs` passed; each connection ends with its next answer. */
  async drain(atMostMs: number): Promise<void> {
    const { clock, connections } = this.#parts;
    connections.leave();
    const untilMs = clock.now() + atMostMs;
    let quietSinceMs = clock.now();
    while (clock.now() < untilMs && clock.now() - quietSinceMs < QUIET_MS) {
      if (connections.count(this.#socket) > 0) quietSinceMs = clock.now();
      await pause(LOOK_EVERY_MS);
    }
  }

  /**
   * Takes no more connections, answers what was asked before that, and cuts what is left. Closing a listener resets
   * who has connected and is not accepted yet, so the socket is hidden first, and those are accepted.
   */
  async close(): Promise<void> {
    const { clock, connections } = this.#parts;
    const closed: Promise<void>[] = [closeServer(this.#http), closeServer(this.#resp)];
    if (this.#file) {
      hideSocket(this.#file);
      await this.#acceptAll();
      closed.push(closeSocket(this.#socket, this.#file));
    }
    const untilMs = clock.now() + LAST_ANSWERS_MS;
    while (clock.now() < untilMs && connections.busy) await pause(LOOK_EVERY_MS);
    connections.destroyAll();
    await Promise.all(closed);
  }

  /** Takes in whoever has connected already, also where many have. */
  async #acceptAll(): Promise<void> {
    const { clock, connections } = this.#parts;
    const untilMs = clock.now() + LAST_ANSWERS_MS;
    let accepted = -1;
    while (accepted !== connections.accepted && clock.now() < untilMs) {
      accepted = connections.accepted;
      await pause(ACCEPTED_WITHIN_MS);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function guarded(handle: RequestHandler): RequestHandler {
  return (request, response) => {
    try {
      checkLoopbackCaller(request);
    } catch (error) {
      sendError(request, response, error as SidecacheError);
      return;
    }
    handle(request, response);
  };
}

function addressOf(server: Server): string | undefined {
  const address = server.address();
  if (address === null || typeof address === 'string') return undefined;
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}

function listenOnPort(
  server: Server,
  option: string,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const message = `cannot listen on ${option} ${host}:${port}: ${error.message}`;
      reject(new SidecacheError('cannot_listen', message, { cause: error }));
    });
    server.listen({ port, host, backlog: BACKLOG }, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}
