// Which endpoints serve which route, as a router has been told: routes are a host, or a host and a path.

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly appGuid: string;
  /** Two processes of one app have the same indices during a rolling deploy. */
  readonly processGuid?: string;
  readonly index: number | string;
  /** What `X-CF-InstanceID` says. */
  readonly instanceId: string;
}

export type Place = Pick<Endpoint, 'host' | 'port'>;

/** The endpoints of one route, in the order of their registration. */
export class Pool {
  readonly #endpoints: Endpoint[] = [];
  #next = 0;

  get all(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** One that is there already is replaced where it stands. */
  put(endpoint: Endpoint): void {
    const at = this.#at(endpoint);
    if (at === -1) this.#endpoints.push(endpoint);
    else this.#endpoints[at] = endpoint;
  }

  drop(place: Place): void {
    const at = this.#at(place);
    if (at !== -1) this.#endpoints.splice(at, 1);
  }

  /** The last registered of those with this index: there is one answer only. */
  ofApp(guid: string, index: string): readonly Endpoint[] {
    return this.#endpoints.filter((one) => one.appGuid === guid && String(one.index) === index).slice(-1);
  }

  /** Without an index: the whole process. */
  ofProcess(guid: string, index: string | undefined): readonly Endpoint[] {
    return this.#endpoints.filter(
      (one) => one.processGuid === guid && (index === undefined || String(one.index) === index),
    );
  }

  /** Whose turn it is first, then those to try if it cannot be reached. */
  inTurn(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    if (endpoints.length < 2) return endpoints;
    const first = this.#next++ % endpoints.length;
    return [...endpoints.slice(first), ...endpoints.slice(0, first)];
  }

  #at({ host, port }: Place): number {
    return this.#endpoints.findIndex((one) => one.host === host && one.port === port);
  }
}

export class RoutingTable {
  readonly #pools = new Map<string, Pool>();

  register(route: string, endpoint: Endpoint): void {
    const pool = this.#pools.get(keyOf(route)) ?? new Pool();
    pool.put(endpoint);
    this.#pools.set(keyOf(route), pool);
  }

  /** The route stays, even when this was its last endpoint. */
  unregister(route: string, place: Place): void {
    this.#pools.get(keyOf(route))?.drop(place);
  }

  remove(route: string): void {
    this.#pools.delete(keyOf(route));
  }

  /** Of the route with the longest path that `target` begins with. */
  poolFor(hostHeader: string, target: string): Pool | undefined {
    const host = withoutPort(hostHeader);
    const parts = (target.split('?')[0] ?? '').split('/').filter(Boolean);
    for (let count = parts.length; count >= 0; count--) {
      const pool = this.#pools.get(keyOf([host, ...parts.slice(0, count)].join('/')));
      if (pool !== undefined) return pool;
    }
    return undefined;
  }
}

function keyOf(route: string): string {
  return route.replace(/\/+$/, '').toLowerCase();
}

function withoutPort(host: string): string {
  return host.split(':')[0] ?? '';
}
