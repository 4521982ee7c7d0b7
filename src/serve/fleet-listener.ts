// The listener that peers and operators reach: what is for peers goes to the fleet, all else must pass Access first.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../cache/clock.ts';
import { SidecacheError } from '../errors.ts';
import type { Access } from './access/access.ts';
import type { Connections, RequestHandler } from './connections.ts';
import { FleetTls, type TlsFiles } from './fleet-tls.ts';
import type { Headroom } from './headroom.ts';
import { sendError } from './http/problem.ts';
import { createHttpServer } from './http/server.ts';
import { splitTarget } from './http/target.ts';

/** `request.url` is the target as it was sent, which is what is signed; `path` is without prefix and query. */
export type PeerHandler = (request: IncomingMessage, response: ServerResponse, path: string) => void;

export interface FleetListenerParts {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | undefined;
  /** Path of the route that leads here, as in `/cache`: where a target begins with it, it is left out. */
  readonly prefix: string;
  /** Shared with the other listeners. */
  readonly connections: Connections;
  readonly headroom: Headroom;
  readonly clock: Clock;
  readonly access: Access;
  /** Takes what begins with `/fleet/`; it sees for itself who that is from. */
  readonly peers: PeerHandler;
  /** Takes what operators may do. */
  readonly handle: RequestHandler;
  readonly warn: (message: string) => void;
}

const FOR_PEERS = '/fleet/';
const LAST_ANSWERS_MS = 1000;
const LOOK_EVERY_MS = 20;

export class FleetListener {
  readonly #parts: FleetListenerParts;
  readonly #server: Server;
  readonly #tls: FleetTls | undefined;

  /** Throws SidecacheError 'cannot_listen'; nothing is open then. */
  static async open(parts: FleetListenerParts): Promise<FleetListener> {
    const handle = dispatcher(parts);
    const tls = parts.tls && (await FleetTls.create({ ...parts, files: parts.tls, handle }));
    const server = tls?.server ?? createHttpServer(parts.connections, handle);
    try {
      await listen(server, parts);
    } catch (error) {
      tls?.close();
      throw error;
    }
    return new FleetListener(parts, server, tls);
  }

  private constructor(parts: FleetListenerParts, server: Server, tls: FleetTls | undefined) {
    this.#parts = parts;
    this.#server = server;
    this.#tls = tls;
  }

  /** Where it really listens; port 0 asks for any. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return this.#parts;
    return { host: address.address, port: address.port };
  }

  /** Takes no more connections, answers what was asked already, and cuts what is left after a second. */
  async close(): Promise<void> {
    const { clock, connections } = this.#parts;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const untilMs = clock.now() + LAST_ANSWERS_MS;
    while (connections.count(this.#server) > 0 && clock.now() < untilMs) {
      this.#server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    this.#tls?.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

function dispatcher(parts: FleetListenerParts): RequestHandler {
  const prefix = parts.prefix.replace(/\/+$/, '');
  return (request, response) => {
    const { path, query } = splitTarget(request.url!);
    const isUnder = prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`));
    const ownPath = isUnder ? path.slice(prefix.length) || '/' : path;
    if (ownPath.startsWith(FOR_PEERS)) {
      parts.peers(request, response, ownPath);
      return;
    }
    if (isUnder) request.url = query === '' ? ownPath : `${ownPath}?${query}`;
    serveOperator(parts, request, response);
  };
}

/** Access sees the target that the router will see. */
function serveOperator(
  { access, handle }: FleetListenerParts,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const verdict = access.check(request);
  if (verdict.allowed) handle(request, response);
  else sendError(request, response, verdict.error, { headers: verdict.headers });
}

function listen(server: Server, { host, port, warn }: FleetListenerParts): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      const message = `cannot listen for the fleet on ${where} (\`fleet.listen\`): ${error.message}`;
      reject(new SidecacheError('cannot_listen', message, { cause: error }));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      // A connection that cannot be accepted is not the end of the daemon.
      server.on('error', (error) => warn(`a connection to the fleet listener failed: ${error.message}`));
      resolve();
    });
  });
}
