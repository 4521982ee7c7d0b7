// The connections of one listener: how many there may be, what they are charged, and how they end.

import type { Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Budget } from '../store/budget.ts';

/** What a connection holds beside what is sent over it: its stream, its parser, its place in the system. */
export const CONNECTION_COST_BYTES = 12_288;

const REFUSAL =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n';

export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #budget: Budget;
  readonly #most: number;
  #leaving = false;

  constructor(budget: Budget, most: number) {
    this.#budget = budget;
    this.#most = most;
  }

  get count(): number {
    return this.#sockets.size;
  }

  /** False, and the connection is told and closed, where there is no place or no memory for it. */
  admit(socket: Socket): boolean {
    if (this.#sockets.size >= this.#most || !this.#budget.charge(CONNECTION_COST_BYTES)) {
      socket.end(REFUSAL);
      socket.on('error', () => {});
      return false;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#budget.release(CONNECTION_COST_BYTES);
    });
    return true;
  }

  /** To be called for each request: while leaving, its connection ends with its answer. */
  requestBegan(response: ServerResponse): void {
    if (this.#leaving) response.shouldKeepAlive = false;
  }

  /** From now on each connection ends with its next answer; new ones are still taken. */
  leave(): void {
    this.#leaving = true;
  }

  destroyAll(server: HttpServer): void {
    server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }
}
