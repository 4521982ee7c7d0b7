// A simulated fleet: instances that start, stand still and end on one network, and what is true of the data they cache.

import type { Identity } from '../../../src/fleet/identity.ts';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { Instance, type InstanceParts } from './instance.ts';
import { Network } from './network.ts';
import { SimClock } from './sim-clock.ts';

export interface StartOptions
  extends Partial<
    Pick<
      InstanceParts,
      | 'modes'
      | 'few'
      | 'maxLogBytes'
      | 'app'
      | 'syncMs'
      | 'onApply'
      | 'onPublished'
      | 'transport'
      | 'address'
      | 'log'
      | 'onAsk'
    >
  > {
  readonly instanceId?: string;
  /** Of several processes each has its own indices, and the router knows them apart. */
  readonly process?: string;
}

export class World {
  readonly random: SeededRandom;
  readonly clock = new SimClock();
  readonly network: Network;
  readonly instances: Instance[] = [];
  /** Key → its version at the origin. */
  readonly #origin = new Map<string, number>();
  #started = 0;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
    this.network = new Network(this.clock, this.random);
  }

  get alive(): Instance[] {
    return this.instances.filter(({ isAlive }) => isAlive);
  }

  version(key: string): number {
    return this.#origin.get(key) ?? 0;
  }

  /** The data changes at the origin. */
  change(key: string): number {
    const version = this.version(key) + 1;
    this.#origin.set(key, version);
    return version;
  }

  start(index: number | string, options: StartOptions = {}): Instance {
    const count = ++this.#started;
    const { instanceId, process = '', ...more } = options;
    const instance = new Instance({
      clock: this.clock,
      network: this.network,
      random: this.random,
      identity: this.#identity(index, instanceId ?? `instance-${count}`, process),
      transport: 'address',
      origin: (key) => this.version(key),
      address: `10.0.${count >> 8}.${count & 255}:7071`,
      ...more,
    });
    this.instances.push(instance);
    return instance.start();
  }

  /** So many, with indices from 0, that have joined. */
  async startFleet(count: number, options: StartOptions = {}): Promise<Instance[]> {
    const instances = Array.from({ length: count }, (_, index) => this.start(index, options));
    await this.pass(2000);
    return instances;
  }

  pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  /** What was promised, while the time goes on: at most `withinMs`. */
  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let result: { value: T } | undefined;
    void promise.then((value) => {
      result = { value };
    });
    const endMs = this.clock.now() + withinMs;
    for (await this.pass(0); !result && this.clock.now() < endMs; ) await this.pass(1);
    if (!result) throw new Error(`nothing came of it within ${withinMs} ms`);
    return result.value;
  }

  #identity(index: number | string, instanceId: string, process: string): Identity {
    const startedAt = this.clock.now().toString(36);
    const randomness = Array.from({ length: 12 }, () => this.random.below(16).toString(16)).join('');
    return {
      incarnation: `${startedAt}${randomness}`,
      index: String(index),
      instanceId,
      process,
      version: '1.0.0',
    };
  }
}
