// A whole fleet on this machine: an origin, apps with a daemon beside each, and the stand-in router before them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpredictableBytes } from '../entropy.ts';
import { DemoApp } from './app.ts';
import type { Peers, Shared, TransportKind } from './configuration.ts';
import { DemoInstance, type Program } from './instance.ts';
import { LOOPBACK } from './listening.ts';
import { DemoOrigin } from './origin.ts';
import { freePortPrefix, freePorts } from './ports.ts';
import { StandInRouter } from './router.ts';

export interface FleetOptions {
  /** The indices that there are: they may have gaps. */
  indices: readonly number[];
  transport: TransportKind;
  /** 0: any that is free. */
  routerPort: number;
  program: Program;
  /** A daemon could not be started, or ended by itself. The others go on. */
  onDeath(instance: DemoInstance, how: string): void;
}

/** By what name clients on this machine call it. */
const ROUTES = [LOOPBACK, 'localhost'];

export class DemoFleet {
  readonly router: StandInRouter;
  readonly origin: DemoOrigin;
  readonly operatorToken: string;
  readonly folder: string;
  readonly #options: FleetOptions;
  readonly #webGuid = guid();
  readonly #twinGuid = guid();
  #shared: Shared;
  #instances: DemoInstance[] = [];

  private constructor(router: StandInRouter, origin: DemoOrigin, folder: string, options: FleetOptions) {
    this.router = router;
    this.origin = origin;
    this.folder = folder;
    this.#options = options;
    this.operatorToken = token();
    this.#shared = {
      originUrl: origin.url,
      routerPort: router.port,
      appGuid: guid(),
      fleetToken: token(),
      operatorToken: this.operatorToken,
      peers: {},
    };
  }

  /** Resolves when every daemon is ready or has failed. */
  static async start(options: FleetOptions): Promise<DemoFleet> {
    const router = await StandInRouter.start({ port: options.routerPort, keepAlive: true });
    const origin = await DemoOrigin.start();
    const folder = mkdtempSync(join(tmpdir(), 'sidecache-fleet-'));
    const fleet = new DemoFleet(router, origin, folder, options);
    try {
      await fleet.#build();
      await Promise.all(fleet.instances.map((instance) => fleet.start(instance).catch(() => undefined)));
    } catch (error) {
      await fleet.close();
      throw error;
    }
    return fleet;
  }

  get instances(): readonly DemoInstance[] {
    return this.#instances;
  }

  instance(name: string): DemoInstance | undefined {
    return this.#instances.find((one) => one.name === name);
  }

  /** As the platform does it: a new container, known to the router once it is ready. */
  async start(instance: DemoInstance): Promise<void> {
    try {
      await instance.start(guid());
      this.#register(instance);
    } catch (error) {
      this.#options.onDeath(instance, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** It says farewell, and the router no longer knows it. */
  async stop(instance: DemoInstance): Promise<void> {
    for (const route of ROUTES) this.router.unregister(route, placeOf(instance));
    await instance.end('SIGTERM');
  }

  /** It is gone without a word, and the router does not know yet. */
  async kill(instance: DemoInstance): Promise<void> {
    await instance.end('SIGKILL');
  }

  /** A second process with the same index, started, as while a new version is rolled out; the one there is if it has one. */
  async twinOf({ index }: DemoInstance): Promise<DemoInstance> {
    const name = `${index}-twin`;
    const [port = 0] = await freePorts(1);
    const twin = this.instance(name) ?? (await this.#add(name, index, this.#twinGuid, port));
    if (twin.state === 'down') await this.start(twin).catch(() => undefined);
    return twin;
  }

  /** The route is deleted: the router knows nobody any more. */
  unmapRoute(): void {
    for (const route of ROUTES) this.router.removeRoute(route);
  }

  mapRoute(): void {
    for (const instance of this.#instances) {
      if (instance.state !== 'down') this.#register(instance);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.end('SIGTERM')));
    await Promise.all(this.#instances.map(({ app }) => app.close()));
    await this.router.close();
    await this.origin.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #build(): Promise<void> {
    const { indices, transport } = this.#options;
    const { ports, peers } = await placesOf(indices, transport, this.router.url);
    this.#shared = { ...this.#shared, peers };
    for (const [at, index] of indices.entries()) {
      await this.#add(String(index), index, this.#webGuid, ports[at] ?? 0);
    }
  }

  async #add(name: string, index: number, processGuid: string, fleetPort: number): Promise<DemoInstance> {
    const folder = join(this.folder, name);
    const daemonSocket = join(folder, 'sidecache.sock');
    const app = await DemoApp.start({ objectUrl: `${this.origin.url}/object`, daemonSocket });
    const position = { name, index, processGuid, folder, fleetPort };
    const instance = new DemoInstance(position, app, this.#shared, this.#options.program);
    instance.onDeath = (how) => this.#options.onDeath(instance, how);
    this.#instances.push(instance);
    return instance;
  }

  #register(instance: DemoInstance): void {
    const { index, processGuid, instanceId } = instance;
    const { appGuid } = this.#shared;
    const endpoint = { ...placeOf(instance), appGuid, processGuid, index, instanceId };
    for (const route of ROUTES) this.router.register(route, endpoint);
  }
}

/** Which port each has, and what tells them of each other. */
async function placesOf(
  indices: readonly number[],
  transport: TransportKind,
  routerUrl: string,
): Promise<{ ports: readonly number[]; peers: Peers }> {
  if (transport === 'address') {
    const prefix = await freePortPrefix(indices);
    const ports = indices.map((index) => prefix * 10 + index);
    return { ports, peers: { address: `http://${LOOPBACK}:${prefix}{index}` } };
  }
  const ports = await freePorts(indices.length);
  const urls = ports.map((port) => `http://${LOOPBACK}:${port}`);
  return { ports, peers: transport === 'list' ? { list: urls } : { gorouter: routerUrl } };
}

function placeOf({ fleetPort }: DemoInstance): { host: string; port: number } {
  return { host: LOOPBACK, port: fleetPort };
}

function guid(): string {
  return unpredictableBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function token(): string {
  return unpredictableBytes(24).toString('base64url');
}
