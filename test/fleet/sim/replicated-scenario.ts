// A life of three replicas by a seed: writes and deletes anywhere, lost and doubled messages, cuts, kills and restarts; then
// all is well again, and each has the latest of what any of them knew.

import { isLater, type Stamp } from '../../../src/replication/stamp.ts';
import type { Mark } from '../../../src/replication/tombstones.ts';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { Network } from './network.ts';
import { ReplicatedInstance } from './replicated-instance.ts';
import { SimClock } from './sim-clock.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const COUNT = 3;
/** From when all is well: whoever was taken for gone is found again, and asked. */
const HEALS_WITHIN_MS = 60_000;
const JOINS_WITHIN_MS = 15_000;
/** Too long to go along with an event, and to be sent in one piece. */
const LARGE_BYTES = [40_000, 300_000];

export interface Ran {
  readonly writes: number;
  readonly restarts: number;
  readonly cuts: number;
}

/** Throws where something does not hold; the message begins with the seed. */
export async function runReplicated(seed: number): Promise<Ran> {
  try {
    return await new Scenario(seed).run();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}: ${why}`, { cause: error });
  }
}

interface Known {
  readonly stamp: Stamp;
  readonly value: string | undefined;
}

class Scenario {
  readonly #clock = new SimClock();
  readonly #chance: SeededRandom;
  readonly #network: Network;
  readonly #at: ReplicatedInstance[] = [];
  readonly #maxLogBytes: number;
  readonly #ran = { writes: 0, restarts: 0, cuts: 0 };
  #started = 0;
  #lastStartMs = 0;

  constructor(seed: number) {
    this.#chance = seededRandom(seed);
    this.#network = new Network(this.#clock, seededRandom(seed ^ 0x5eed));
    this.#maxLogBytes = this.#chance.percent(25) ? 3000 : 1 << 20;
  }

  async run(): Promise<Ran> {
    for (let i = 0; i < COUNT; i++) this.#start(i);
    await this.#clock.pass(this.#chance.below(3) * 1000);
    for (let steps = 15 + this.#chance.below(30); steps > 0; steps--) {
      this.#step();
      await this.#clock.pass(this.#chance.percent(70) ? this.#chance.below(300) : this.#chance.below(9000));
    }
    await this.#heal();
    return this.#ran;
  }

  #step(): void {
    const roll = this.#chance.below(100);
    if (roll < 55) this.#write();
    else if (roll < 67) this.#chance.pick(this.#at).remove(this.#chance.pick(KEYS));
    else if (roll < 69) this.#chance.pick(this.#at).clear();
    else if (roll < 77) this.#lose();
    else if (roll < 87) this.#cut();
    else if (roll < 93) this.#network.cut.clear();
    else this.#restart(this.#chance.below(COUNT));
  }

  #write(): void {
    const number = ++this.#ran.writes;
    const at = this.#chance.pick(this.#at);
    const bytes = this.#chance.percent(10) ? this.#chance.pick(LARGE_BYTES) : 20;
    const livesMs = this.#chance.percent(15) ? 1000 + this.#chance.below(30_000) : undefined;
    at.write(this.#chance.pick(KEYS), Buffer.alloc(bytes, `value ${number} `), livesMs);
  }

  #lose(): void {
    this.#network.lostRequests = this.#chance.below(30);
    this.#network.lostReplies = this.#chance.below(30);
  }

  /** One from the others, in one direction or in both. */
  #cut(): void {
    this.#ran.cuts++;
    const one = this.#chance.pick(this.#at).identity.incarnation;
    const isBoth = this.#chance.percent(80);
    for (const { identity } of this.#at) {
      if (identity.incarnation === one) continue;
      this.#network.cut.add(`${one}>${identity.incarnation}`);
      if (isBoth) this.#network.cut.add(`${identity.incarnation}>${one}`);
    }
  }

  #restart(index: number): void {
    this.#ran.restarts++;
    this.#at[index]!.kill();
    this.#start(index);
  }

  #start(index: number): void {
    const randomness = Array.from({ length: 12 }, () => this.#chance.below(16).toString(16)).join('');
    // The later life of one container is told by its incarnation.
    this.#lastStartMs = Math.max(Math.floor(this.#clock.now()), this.#lastStartMs + 1);
    const identity = {
      incarnation: `${this.#lastStartMs.toString(36)}${randomness}`,
      ...{ index: String(index), process: '', version: '1.0.0' },
      instanceId: this.#chance.percent(50) ? `instance-${index}` : `started-${++this.#started}`,
    };
    this.#at[index] = new ReplicatedInstance({
      ...{ clock: this.#clock, network: this.#network, random: this.#chance, identity },
      maxLogBytes: this.#maxLogBytes,
      doubled: 10,
    }).start();
  }

  async #heal(): Promise<void> {
    const network = this.#network;
    network.lostRequests = 0;
    network.lostReplies = 0;
    network.cut.clear();
    const known = new Map(KEYS.map((key) => [key, this.#latest(key)]));
    await this.#clock.pass(JOINS_WITHIN_MS);
    for (const one of this.#at) if (!one.isReady) throw new Error(`${one.place} is not ready`);
    await this.#clock.pass(HEALS_WITHIN_MS);
    for (const key of KEYS) this.#check(key, known.get(key)!);
    await Promise.all([this.#clock.pass(2000), ...this.#at.map((one) => one.close())]);
    await this.#clock.pass(2000);
    for (const one of this.#at)
      if (one.heldBytes !== 0) throw new Error(`${one.place} holds ${one.heldBytes} bytes`);
  }

  /** The latest write or delete of the key that any of them knows; undefined: none. */
  #latest(key: string): Known | undefined {
    let latest: Known | undefined;
    const note = (stamp: Stamp, value: string | undefined): void => {
      if (!latest || isLater(stamp, latest.stamp)) latest = { stamp, value };
    };
    for (const one of this.#at) {
      const read = one.read(key);
      if (read) note(read.stamp, read.value);
      const isAbout = ({ name }: Mark): boolean => name === 'w' || name.slice(1) === key;
      for (const mark of one.replica.tombstones.from(0)) if (isAbout(mark)) note(mark.stamp, undefined);
    }
    return latest;
  }

  /** The same on all; and what was known, unless its time was over meanwhile. */
  #check(key: string, known: Known | undefined): void {
    const held = this.#at.map((one) => one.read(key)?.value.slice(0, 12));
    if (new Set(held).size > 1) throw new Error(`${key} is ${held.join(', ')}`);
    const value = known?.value?.slice(0, 12);
    if (held[0] !== value && held[0] !== undefined) throw new Error(`${key} is ${held[0]}, not ${value}`);
    if (held[0] === undefined && value !== undefined && !this.#hasEnded(key))
      throw new Error(`${key} is gone, it was ${value}`);
  }

  #hasEnded(key: string): boolean {
    return this.#at.some((one) => [...one.replica.tombstones.from(0)].some(({ name }) => name === `e${key}`));
  }
}
