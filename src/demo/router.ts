// A stand-in for the Cloud Foundry Gorouter, for the demo fleet and for tests: no part of the daemon.
//
// It stands in for what a daemon meets there: routes by host or host and path, one instance addressed by
// X-CF-APP-INSTANCE or X-CF-PROCESS-INSTANCE, every refusal with its status, X-Cf-RouterError and words, the headers
// that backends get, round robin, a second and third endpoint tried where one does not take the connection, the limit
// of connections, idle connections closed after 90 s, answers streamed. Its faults can be set while it runs.
//
// It does not stand in for TLS, HTTP/2, WebSockets, sticky sessions, trailers, wildcard routes and route services; it
// marks no endpoint as failed, nor sends a request again that met a connection which was just being closed.

import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exchange, type Tried, tryEndpoint } from './backend.ts';
import { closeServer, LOOPBACK, listen } from './listening.ts';
import { firstValue, withoutHeaders } from './raw-headers.ts';
import { isTooLarge, READABLE_HEAD_BYTES, refuse, refuseUnreadable, TOO_LARGE } from './refusing.ts';
import {
  APP_INSTANCE,
  connectionLimit,
  endpointFailure,
  type Faults,
  noFaults,
  PROCESS_INSTANCE,
  type Refusal,
  routeOf,
} from './routing.ts';
import { type Endpoint, type Place, RoutingTable } from './routing-table.ts';

export type { Faults } from './routing.ts';
export type { Endpoint } from './routing-table.ts';

export interface RouterOptions {
  /** 0, the default: any that is free. */
  port?: number;
  /** Connections to backends are kept. Default: each request has its own, and `Connection: close`. */
  keepAlive?: boolean;
  /** Of client and of kept backend connections. Default 90 s. */
  idleTimeoutMs?: number;
  /** From asking an endpoint to the end of its answer. Default 900 s. */
  endpointTimeoutMs?: number;
  /** Requests at one time. Default 500. */
  maxConnectionsPerBackend?: number;
}

export interface SeenRequest {
  readonly method: string;
  /** As it stood in the request. */
  readonly target: string;
  readonly host: string;
  /** '' where it was not sent. */
  readonly appInstance: string;
  readonly processInstance: string;
  /** Who was chosen, the last one where several were tried; undefined: the router itself refused. */
  endpoint: Endpoint | undefined;
  /** Undefined until it is answered; it stays so when the client left. */
  status: number | undefined;
}

const IDLE_MS = 90_000;
const ENDPOINT_TIMEOUT_MS = 900_000;
const MAX_CONNECTIONS = 500;
const MAX_TRIES = 3;
/** Requests remembered; the oldest go first. */
const REMEMBERED = 10_000;

export class StandInRouter {
  readonly faults: Faults = noFaults();
  readonly #seen: SeenRequest[] = [];
  readonly #table = new RoutingTable();
  readonly #server: Server;
  readonly #agent: Agent | undefined;
  readonly #endpointTimeoutMs: number;
  readonly #maxConnections: number;
  /** Requests under way, by instance id. */
  readonly #busy = new Map<string, number>();
  #port = 0;

  private constructor(options: RouterOptions) {
    const idleTimeoutMs = options.idleTimeoutMs ?? IDLE_MS;
    this.#endpointTimeoutMs = options.endpointTimeoutMs ?? ENDPOINT_TIMEOUT_MS;
    this.#maxConnections = options.maxConnectionsPerBackend ?? MAX_CONNECTIONS;
    this.#agent = options.keepAlive ? new Agent({ keepAlive: true, timeout: idleTimeoutMs }) : undefined;
    this.#server = createServer({
      maxHeaderSize: READABLE_HEAD_BYTES,
      keepAliveTimeout: idleTimeoutMs,
      requestTimeout: 0,
    });
    this.#server.maxHeadersCount = 0;
    this.#server.on('clientError', refuseUnreadable);
    this.#server.on('request', (incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  static async start(options: RouterOptions = {}): Promise<StandInRouter> {
    const router = new StandInRouter(options);
    router.#port = await listen(router.#server, options.port);
    return router;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  /** What came, oldest first. */
  get requests(): readonly SeenRequest[] {
    return this.#seen;
  }

  /** `route`: a host without its port, or a host and a path. The last registered of one index is what its app header reaches. */
  register(route: string, endpoint: Endpoint): void {
    this.#table.register(route, endpoint);
  }

  /** The route stays known when its last endpoint goes. */
  unregister(route: string, place: Place): void {
    this.#table.unregister(route, place);
  }

  removeRoute(route: string): void {
    this.#table.remove(route);
  }

  async close(): Promise<void> {
    this.#agent?.destroy();
    await closeServer(this.#server);
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    // Who leaves early is noticed by the close that follows.
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    const seen = this.#remember(incoming);
    const result = isTooLarge(incoming) ? TOO_LARGE : await this.#route(incoming, outgoing, seen);
    if (typeof result === 'object') refuse(incoming, outgoing, result);
    seen.status = typeof result === 'object' ? result.status : result;
  }

  /** The status of the backend's answer, or what is to be said instead. */
  async #route(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    seen: SeenRequest,
  ): Promise<Refusal | number | undefined> {
    const route = routeOf(this.#table, seen.target, incoming.rawHeaders, this.faults);
    if ('refusal' in route) return route.refusal;
    const free = route.endpoints.filter((one) => this.#underWay(one) < this.#maxConnections);
    if (free.length === 0) return connectionLimit(seen.host);
    if (this.faults.latencyMs > 0) await this.#held(this.faults.latencyMs, outgoing);
    const exchange = { incoming, outgoing, headers: withoutHeaders(incoming.rawHeaders, this.#removed()) };
    return this.#firstThatTakesIt(exchange, free.slice(0, MAX_TRIES), seen);
  }

  async #firstThatTakesIt(
    exchange: Exchange,
    endpoints: readonly Endpoint[],
    seen: SeenRequest,
  ): Promise<Refusal | number | undefined> {
    let reason = 'EOF';
    for (const endpoint of endpoints) {
      if (exchange.outgoing.destroyed) return undefined;
      seen.endpoint = endpoint;
      const tried = await this.#countedTry(exchange, endpoint);
      if (tried.result === 'left') return undefined;
      if (tried.result === 'answered') return tried.status;
      reason = tried.reason;
      if (tried.reached) break;
    }
    return endpointFailure(reason);
  }

  async #countedTry(exchange: Exchange, endpoint: Endpoint): Promise<Tried> {
    const { instanceId } = endpoint;
    this.#busy.set(instanceId, this.#underWay(endpoint) + 1);
    try {
      if (this.faults.hung.has(instanceId)) return await this.#hang(exchange);
      return await tryEndpoint(exchange, endpoint, {
        agent: this.#agent,
        timeoutMs: this.#endpointTimeoutMs,
      });
    } finally {
      this.#busy.set(instanceId, this.#underWay(endpoint) - 1);
    }
  }

  async #hang({ outgoing }: Exchange): Promise<Tried> {
    await this.#held(this.#endpointTimeoutMs, outgoing);
    if (outgoing.destroyed) return { result: 'left' };
    return { result: 'failed', reason: 'context deadline exceeded', reached: true };
  }

  /** For so long, unless the client goes first; a router that closes ends its clients. */
  async #held(ms: number, outgoing: ServerResponse): Promise<void> {
    const left = new AbortController();
    const leave = (): void => left.abort();
    outgoing.once('close', leave);
    await sleep(ms, undefined, { signal: left.signal }).catch(() => undefined);
    outgoing.off('close', leave);
  }

  #underWay({ instanceId }: Endpoint): number {
    return this.#busy.get(instanceId) ?? 0;
  }

  /** Headers for the router, which no backend sees. */
  #removed(): readonly string[] {
    return this.faults.ignoresProcessHeader && !this.faults.stripsAddressing
      ? [APP_INSTANCE]
      : [APP_INSTANCE, PROCESS_INSTANCE];
  }

  #remember({ method = '', url = '', rawHeaders }: IncomingMessage): SeenRequest {
    const seen: SeenRequest = {
      method,
      target: url,
      host: firstValue(rawHeaders, 'host'),
      appInstance: firstValue(rawHeaders, APP_INSTANCE),
      processInstance: firstValue(rawHeaders, PROCESS_INSTANCE),
      endpoint: undefined,
      status: undefined,
    };
    this.#seen.push(seen);
    if (this.#seen.length > REMEMBERED) this.#seen.splice(0, REMEMBERED / 2);
    return seen;
  }
}
