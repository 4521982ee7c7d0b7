// An origin of the tests' own: counts what it is asked, is as slow as it is told to be, and can be taken down and up.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

export class Origin {
  /** The path of each request, the first one first. */
  readonly asked: string[] = [];
  answering: Answering = (_request, response) => response.end('value');
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<Origin> {
    const origin = new Origin();
    await origin.up();
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    const server = createServer((request, response) => {
      this.asked.push(request.url!);
      this.answering(request, response);
    });
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(this.#port, '127.0.0.1', listening);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Breaks every connection; further ones are refused. */
  async down(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  }
}
