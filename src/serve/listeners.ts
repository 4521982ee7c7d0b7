// The listeners of the daemon, the Unix socket and loopback HTTP: opened together, drained together, closed together.

import type { Server } from 'node:http';
import type { Clock } from '../cache/clock.ts';
import { SidecacheError } from '../errors.ts';
import type { Budget } from '../store/budget.ts';
import { Connections } from './connections.ts';
import { checkLoopbackCaller } from './http/guard.ts';
import { sendError } from './http/problem.ts';
import { createHttpServer, type RequestHandler } from './http/server.ts';
import { listenOnSocket } from './unix-socket.ts';

export interface ListenersParts {
  readonly socket: string;
  readonly socketMode: number;
  readonly http: { readonly host: string; readonly port: number } | undefined;
  readonly maxConnections: number;
  readonly budget: Budget;
  readonly clock: Clock;
  readonly handle: RequestHandler;
}

interface Listener {
  readonly server: Server;
  readonly connections: Connections;
}

/** Without a client for this long, a drain is over. */
const QUIET_MS = 200;
const LOOK_EVERY_MS = 20;
/** After a drain, answers that were begun may take so long. */
const LAST_ANSWERS_MS = 1000;

export class Listeners {
  readonly #parts: ListenersParts;
  readonly #socket: Listener;
  readonly #http: Listener;

  constructor(parts: ListenersParts) {
    this.#parts = parts;
    this.#socket = this.#listener(parts.handle);
    this.#http = this.#listener(guarded(parts.handle));
  }

  /** Throws SidecacheError 'cannot_listen'; nothing is open then. */
  async open(): Promise<void> {
    const { socket, socketMode, http } = this.#parts;
    await listenOnSocket(this.#socket.server, socket, socketMode);
    try {
      if (http) await listenOnPort(this.#http.server, http.host, http.port);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Where loopback HTTP really listens; port 0 asks for any. */
  get httpAddress(): string | undefined {
    const address = this.#http.server.address();
    if (address === null || typeof address === 'string') return undefined;
    return address.family === 'IPv6'
      ? `[${address.address}]:${address.port}`
      : `${address.address}:${address.port}`;
  }

  /** Serves on until the socket has no client, or `atMostMs` passed; each connection ends with its next answer. */
  async drain(atMostMs: number): Promise<void> {
    const { clock } = this.#parts;
    for (const { connections } of this.#all) connections.leave();
    const untilMs = clock.now() + atMostMs;
    let quietSinceMs = clock.now();
    while (clock.now() < untilMs && clock.now() - quietSinceMs < QUIET_MS) {
      if (this.#socket.connections.count > 0) quietSinceMs = clock.now();
      await this.#pause();
    }
  }

  /** Takes no more connections, lets begun answers end for a moment, and cuts what is left. */
  async close(): Promise<void> {
    const { clock } = this.#parts;
    const closed = Promise.all(this.#all.map(({ server }) => closeServer(server)));
    const untilMs = clock.now() + LAST_ANSWERS_MS;
    for (;;) {
      for (const { server } of this.#all) server.closeIdleConnections();
      if (clock.now() >= untilMs || this.#all.every(({ connections }) => connections.count === 0)) break;
      await this.#pause();
    }
    for (const { server, connections } of this.#all) connections.destroyAll(server);
    await closed;
  }

  get #all(): Listener[] {
    return [this.#socket, this.#http];
  }

  #listener(handle: RequestHandler): Listener {
    const connections = new Connections(this.#parts.budget, this.#parts.maxConnections);
    return { server: createHttpServer(connections, handle), connections };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
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

function listenOnPort(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const message = `cannot listen on http ${host}:${port}: ${error.message}`;
      reject(new SidecacheError('cannot_listen', message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}
