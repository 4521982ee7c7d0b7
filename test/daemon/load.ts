// A load on the daemon: clients that ask again and again over kept connections, and what became of each request.

import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';

const PUT_EVERY = 10;
/** Nobody was promised anything yet: there was no connection to send the request on. */
const NO_CONNECTION = new Set(['ENOENT', 'ECONNREFUSED']);

type Outcome = 'answered' | 'no connection' | 'connection closed before' | 'lost';

export class Load {
  /** What is known of each request that was sent and not answered in full. */
  readonly lost: string[] = [];
  readonly #counts = new Map<Outcome, number>();
  readonly #agent: Agent;
  readonly #clients: Promise<void>[];
  #stopping = false;

  constructor(socketPath: string, clients: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: clients });
    this.#clients = Array.from({ length: clients }, () => this.#askOnAndOn(socketPath));
  }

  get answered(): number {
    return this.#counts.get('answered') ?? 0;
  }

  get outcomes(): string {
    return [...this.#counts].map(([outcome, count]) => `${outcome}: ${count}`).join(', ');
  }

  /** Resolves when every client has heard of its last request. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  /** Until there is no daemon any more, or no wish. */
  async #askOnAndOn(socketPath: string): Promise<void> {
    for (let i = 1; !this.#stopping; i++) {
      const outcome = await this.#ask(socketPath, i % PUT_EVERY === 0);
      this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
      if (outcome === 'no connection') return;
    }
  }

  #ask(socketPath: string, put: boolean): Promise<Outcome> {
    const method = put ? 'PUT' : 'GET';
    return new Promise((resolve) => {
      const request = httpRequest(
        { socketPath, path: '/caches/default/greeting', method, agent: this.#agent },
        (response) => {
          let body = '';
          response.setEncoding('latin1');
          response.on('data', (text: string) => {
            body += text;
          });
          response.on('error', (error) => resolve(this.#lose(request, `half an answer: ${error.message}`)));
          response.on('end', () => {
            const right = put ? response.statusCode === 204 : response.statusCode === 200 && body === 'hello';
            resolve(right ? 'answered' : this.#lose(request, `${response.statusCode} ${body}`));
          });
        },
      );
      let readBefore = 0;
      request.on('socket', (socket: Socket) => {
        readBefore = socket.bytesRead;
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const received = (request.socket?.bytesRead ?? 0) - readBefore;
        if (NO_CONNECTION.has(error.code ?? '')) resolve('no connection');
        // A connection that was idle may be closed at any time; a request that crosses this on its way was not taken,
        // and HTTP has clients send it again (RFC 9112, 9.3.1). A new connection was accepted for this very request.
        else if (request.reusedSocket && received === 0) resolve('connection closed before');
        else resolve(this.#lose(request, `${error.code} ${error.message}`));
      });
      request.end(put ? 'hello' : undefined);
    });
  }

  #lose({ method, reusedSocket }: ClientRequest, what: string): Outcome {
    this.lost.push(`${method} on a ${reusedSocket ? 'kept' : 'new'} connection: ${what}`);
    return 'lost';
  }
}
