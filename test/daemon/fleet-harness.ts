// A fleet of real daemons behind the stand-in router, as Cloud Foundry would run it: an origin that knows who loaded,
// and, where they are wanted, apps that are told. Not for units.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DemoApp } from '../../src/demo/app.ts';
import { freePortPrefix, freePorts } from '../../src/demo/ports.ts';
import { type SeenRequest, StandInRouter } from '../../src/demo/router.ts';
import { type Answered, type Asked, Daemon, type Json, until } from './daemon.ts';
import { Origin } from './origin-server.ts';
import { Relay } from './relay.ts';

const LOOPBACK = '127.0.0.1';
const LIMIT_MS = 45_000;

export interface FleetOptions {
  /** The indices that there are. Default 0, 1 and 2. */
  indices?: readonly number[];
  /** Default 500ms. A member that is silent for six of them is gone. */
  sync?: string;
  /** Default: through the router. Else each is asked directly, and the router leads callers only. */
  by?: 'gorouter' | 'list' | 'address';
  /** Of the route, as in `/sidecache`. */
  path?: string;
  /** PEM files, for a list whose members speak TLS. */
  tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Each instance has an app that keeps an object, and is told. */
  apps?: boolean;
  caches?: object;
  /** What else stands in `fleet`. */
  fleet?: object;
  /** What else stands in the configuration. */
  config?: object;
  /** Each is behind a relay, which keeps what passes. */
  relays?: boolean;
}

export interface InstanceOptions {
  /** Of the process; another one is the other half of a rolling deploy. */
  process?: string;
  instanceId?: string;
  caches?: object;
  fleet?: object;
  env?: Readonly<Record<string, string>>;
  /** Known to the router. Default true. */
  registered?: boolean;
}

/** One instance: a daemon, and its app. */
export class Instance {
  readonly index: number;
  readonly process: string;
  readonly instanceId: string;
  readonly daemon: Daemon;
  readonly app: DemoApp | undefined;
  #relay: Relay | undefined;

  constructor(
    index: number,
    process: string,
    instanceId: string,
    daemon: Daemon,
    app: DemoApp | undefined,
    relay: Relay | undefined,
  ) {
    this.index = index;
    this.process = process;
    this.instanceId = instanceId;
    this.daemon = daemon;
    this.app = app;
    this.#relay = relay;
  }

  /** Where the router finds it. */
  get place(): { readonly host: string; readonly port: number } {
    return { host: LOOPBACK, port: this.#relay?.port ?? this.fleetPort };
  }

  /** What is on the way to it. */
  get relay(): Relay {
    if (!this.#relay) throw new Error('this fleet has no relays');
    return this.#relay;
  }

  get incarnation(): Promise<string> {
    return this.peers().then(({ self }) => self.incarnation);
  }

  get fleetPort(): number {
    return fleetPortOf(this.daemon);
  }

  /** What its fleet listener answers; no credentials but those given. */
  ask(target: string, asked: Asked = {}): Promise<Answered> {
    return send(this.fleetPort, target, asked);
  }

  /** As the app reads it, over the socket. */
  async read(key: string, cache = 'users'): Promise<string> {
    return (await this.daemon.request(`/caches/${cache}/${key}`)).text;
  }

  async holds(key: string, cache = 'users'): Promise<boolean> {
    const { keys } = await this.daemon.json(`/caches/${cache}`);
    return keys.includes(key);
  }

  async peers(): Promise<Json> {
    return this.daemon.json('/peers');
  }

  /** The value of one sample, as it stands in its metrics. */
  async metric(sample: string): Promise<number> {
    const { text } = await this.daemon.request('/metrics');
    const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
    return line === undefined ? Number.NaN : Number(line.slice(sample.length + 1));
  }

  pause(): void {
    this.daemon.child.kill('SIGSTOP');
  }

  resume(): void {
    this.daemon.child.kill('SIGCONT');
  }
}

export class TestFleet {
  readonly router: StandInRouter;
  readonly origin: Origin;
  readonly appGuid = randomUUID();
  readonly webProcess = randomUUID();
  readonly token = randomUUID();
  readonly operatorToken = randomUUID();
  readonly #options: FleetOptions;
  #instances: Instance[] = [];
  /** By index, where each is asked directly. */
  #ports: ReadonlyMap<number, number> = new Map();

  private constructor(router: StandInRouter, origin: Origin, options: FleetOptions) {
    this.router = router;
    this.origin = origin;
    this.#options = options;
  }

  /** Resolves when all are members of one another. */
  static async start(options: FleetOptions = {}): Promise<TestFleet> {
    const router = await StandInRouter.start({ keepAlive: true });
    const origin = await Origin.start();
    const fleet = new TestFleet(router, origin, options);
    const indices = options.indices ?? [0, 1, 2];
    try {
      fleet.#ports = await portsOf(indices, options.by);
      await Promise.all(indices.map((index) => fleet.add(index)));
      await fleet.settled();
    } catch (error) {
      await fleet.close();
      throw error;
    }
    return fleet;
  }

  get instances(): readonly Instance[] {
    return this.#instances;
  }

  /** The one with this index, the last one added of several. */
  at(index: number): Instance {
    const found = this.#instances.filter((one) => one.index === index).at(-1);
    if (!found) throw new Error(`there is no instance ${index}`);
    return found;
  }

  /** Starts one more. Resolves when it has joined, or, where the router is not to know it, when it is ready. */
  async add(index: number, options: InstanceOptions = {}): Promise<Instance> {
    const { process = this.webProcess, instanceId = randomUUID() } = options;
    const folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
    const daemonSocket = join(folder, 'sidecache.sock');
    const app = this.#options.apps ? await DemoApp.start({ daemonSocket }) : undefined;
    let instance: Instance;
    try {
      const config = this.#configOf(index, instanceId, app, options);
      const env = { ...this.#environmentOf(index, process, instanceId), ...options.env };
      const daemon = await Daemon.start({ config, env, folder });
      const relay = this.#options.relays ? await Relay.start(fleetPortOf(daemon)) : undefined;
      instance = new Instance(index, process, instanceId, daemon, app, relay);
    } catch (error) {
      await app?.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    this.#instances.push(instance);
    this.#instances.sort((one, other) => one.index - other.index);
    if (options.registered === false) return instance;
    this.register(instance);
    await instance.daemon.line('joined');
    return instance;
  }

  register({ place, index, process, instanceId }: Instance): void {
    const endpoint = { ...place, appGuid: this.appGuid, processGuid: process, index, instanceId };
    this.router.register(this.#route, endpoint);
  }

  registerAll(): void {
    for (const instance of this.#instances) this.register(instance);
  }

  unregister({ place }: Instance): void {
    this.router.unregister(this.#route, place);
  }

  removeRoute(): void {
    this.router.removeRoute(this.#route);
  }

  /** Resolves when each knows all that run, and how to reach them. */
  async settled(instances: readonly Instance[] = this.#instances): Promise<void> {
    const all = instances.map(({ instanceId }) => instanceId).sort();
    let last = '';
    const isSettled = async (one: Instance): Promise<boolean> => {
      const { peers, self } = await one.peers();
      const up = peers.filter(({ status }: Json) => status === 'up');
      const known = [self, ...up].map(({ instance_id: id }: Json) => id);
      last = JSON.stringify(peers);
      return JSON.stringify(known.sort()) === JSON.stringify(all) && peers.length === all.length - 1;
    };
    await until(
      async () => (await Promise.all(instances.map(isSettled))).every(Boolean),
      () => `they did not find each other; one knows ${last}`,
    );
  }

  /** Through the router, with an operator's token, to whichever instance it chooses, or to one; with ample time. */
  call(target: string, asked: Asked & { at?: Instance } = {}): Promise<Answered> {
    const { at } = asked;
    const headers = {
      authorization: `Bearer ${this.operatorToken}`,
      ...(at && { 'x-cf-process-instance': `${at.process}:${at.index}` }),
      ...asked.headers,
    };
    return send(this.router.port, `${this.#options.path ?? ''}${withTime(target)}`, { ...asked, headers });
  }

  /** The report of the call. */
  async report(target: string, asked: Asked & { at?: Instance } = {}): Promise<Json> {
    const headers = { ...asked.headers, accept: 'application/json' };
    return JSON.parse((await this.call(target, { ...asked, headers })).text);
  }

  /** How often this instance loaded the key. */
  loadsOf({ instanceId }: Instance, key: string): number {
    return this.origin.asked.filter((path) => path === `/${instanceId}/${key}`).length;
  }

  /** Each reads the key, so that each holds it. */
  async warm(key: string, instances: readonly Instance[] = this.#instances): Promise<void> {
    await Promise.all(instances.map((one) => one.read(key)));
    const missing = await Promise.all(instances.map((one) => one.holds(key)));
    if (missing.includes(false)) throw new Error(`${key} was not kept by every instance`);
  }

  /** Messages of peers that came to the router, none that was sent before `since` of them. */
  messages(kind: string, since = 0): SeenRequest[] {
    return this.router.requests.slice(since).filter(({ target }) => target.endsWith(`/fleet/${kind}`));
  }

  /** Ends one, and what it leaves with the router stays. */
  async end(instance: Instance, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    instance.daemon.child.kill(signal);
    instance.resume();
    await instance.daemon.stop(signal);
    await Promise.all([instance.app?.close(), this.#options.relays && instance.relay.close()]);
    rmSync(instance.daemon.folder, { recursive: true, force: true });
    this.#instances = this.#instances.filter((one) => one !== instance);
  }

  async close(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => this.end(instance, 'SIGKILL')));
    await Promise.all([this.router.close(), this.origin.down()]);
  }

  get #route(): string {
    return `${LOOPBACK}${this.#options.path ?? ''}`;
  }

  get #peers(): object {
    const { by, path = '', tls } = this.#options;
    const scheme = tls ? 'https' : 'http';
    const urls = [...this.#ports.values()].map((port) => `${scheme}://${LOOPBACK}:${port}`);
    if (by === 'list') return { list: urls };
    // The index is the last digit of each port.
    if (by === 'address') return { address: urls[0]!.replace(/[0-9]$/, '{index}') };
    return { gorouter: `${this.router.url}${path}` };
  }

  #configOf(index: number, instanceId: string, app: DemoApp | undefined, options: InstanceOptions): object {
    const { sync = '500ms', tls } = this.#options;
    return {
      memory: '8M',
      drain: '0ms',
      caches: {
        users: { loader: { url: `${this.origin.url}/${instanceId}/{key}` } },
        default: {},
        ...this.#options.caches,
        ...options.caches,
      },
      ...(app && { notify: { url: `${app.url}/api/v1/refresh_all`, timeout: '5s' } }),
      fleet: {
        listen: `${LOOPBACK}:${this.#ports.get(index) ?? 0}`,
        token: [this.token],
        operators: [{ token: this.operatorToken }],
        sync,
        peers: this.#peers,
        ...(tls && { tls }),
        ...this.#options.fleet,
        ...options.fleet,
      },
      ...this.#options.config,
    };
  }

  #environmentOf(index: number, process: string, instanceId: string): Record<string, string> {
    const vcap = {
      application_id: this.appGuid,
      application_name: 'my-app',
      process_id: process,
      instance_index: index,
    };
    return {
      VCAP_APPLICATION: JSON.stringify(vcap),
      CF_INSTANCE_INDEX: String(index),
      CF_INSTANCE_GUID: instanceId,
      SIDECACHE_ON_BAD_CONFIG: 'exit',
    };
  }
}

/** More than the usual 2 s to confirm in, unless the call says: the machine may be busy. */
function withTime(target: string): string {
  const isChange = /^\/(?:cache|api)\//.test(target);
  if (!isChange || target.includes('timeout=')) return target;
  return `${target}${target.includes('?') ? '&' : '?'}timeout=10s`;
}

async function portsOf(indices: readonly number[], by: FleetOptions['by']): Promise<Map<number, number>> {
  if (by === 'address') {
    const prefix = await freePortPrefix(indices);
    return new Map(indices.map((index) => [index, 10 * prefix + index]));
  }
  const ports = by === 'list' ? await freePorts(indices.length) : [];
  return new Map(ports.map((port, at) => [indices[at]!, port]));
}

function fleetPortOf({ lines }: Daemon): number {
  const ready = lines.find(({ message }) => message === 'ready');
  return Number(String(ready?.fleet).split(':').at(-1));
}

/** To a port of loopback. */
export function send(
  port: number,
  target: string,
  { method = 'GET', headers, body }: Asked = {},
): Promise<Answered> {
  return new Promise((answered, reject) => {
    const options = { host: LOOPBACK, port, path: target, method, headers: { ...headers }, agent: false };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode = 0, headers: said } = response;
        answered({ status: statusCode, headers: said, body: bytes, text: bytes.toString('latin1') });
      });
    });
    request.on('error', reject);
    request.setTimeout(LIMIT_MS, () => request.destroy(new Error(`no answer to ${method} in time`)));
    request.end(body);
  });
}
