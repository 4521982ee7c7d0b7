// A life of a fleet by a seed: calls, faults, restarts and pauses at random, and what must hold whatever happens.

import type { MemberReport } from '../../../src/fleet/announcement.ts';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { type Instance, SYNC_MS } from './instance.ts';
import { World } from './world.ts';

const KEYS = ['a/1', 'a/2', 'b/1', 'b/2'];
const TIMEOUTS_MS = [300, 1000, 5000];
const REJOIN_MS = 10_000;
/** An interval is up to a tenth longer, and what is asked in it may take its time. */
const INTERVAL_MS = 1.1 * SYNC_MS + 2000;

export interface Ran {
  readonly calls: number;
  readonly confirmed: number;
  readonly messages: number;
}

/** Throws where something does not hold; the message begins with the seed. */
export async function runScenario(seed: number): Promise<Ran> {
  const scenario = new Scenario(seed);
  try {
    return await scenario.run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

class Scenario {
  readonly #world: World;
  readonly #chance: SeededRandom;
  readonly #isDns: boolean;
  readonly #few: number;
  readonly #failures: string[] = [];
  /** What an instance had heard of when it confirmed an event: `ORIGIN-SEQUENCE`. */
  readonly #known = new Map<string, Set<Instance>>();
  readonly #appliedOnce = new WeakMap<Instance, Set<string>>();
  /** Changes that not everybody had heard of when who made them ended: to repair those is not of this core. */
  readonly #orphaned = new Set<string>();
  readonly #made = new Map<Instance, Map<number, string>>();
  #calls = 0;
  #confirmed = 0;

  constructor(seed: number) {
    this.#world = new World(seed);
    this.#chance = seededRandom(seed ^ 0x5eed);
    this.#isDns = this.#chance.percent(30);
    this.#few = this.#chance.percent(30) ? 1 : 24;
    this.#world.network.onReply = (from, to, kind, body) => {
      if (kind !== 'events' && kind !== 'pull') return;
      const { confirmed } = body as { confirmed?: number };
      if (confirmed === undefined) return;
      const id = `${to.identity.incarnation}-${confirmed}`;
      const known = this.#known.get(id) ?? new Set();
      this.#known.set(id, known);
      for (const { identity } of (from as Instance).fleet.members.all) {
        const instance = this.#instance(identity.incarnation);
        if (instance) known.add(instance);
      }
    };
  }

  async run(): Promise<Ran> {
    const { network } = this.#world;
    network.latencyMs = this.#chance.pick([
      [1, 5],
      [1, 50],
      [5, 400],
    ] as const);
    if (this.#chance.percent(30)) network.pick = (hosts) => this.#chance.pick(hosts);
    const count = 3 + this.#chance.below(5);
    for (let i = 0; i < count; i++) {
      this.#start(this.#chance.percent(15) ? count + 2 + i : i);
      if (this.#chance.percent(60)) await this.#world.pass(this.#chance.below(3000));
    }
    await this.#world.pass(this.#chance.below(12_000));
    const steps = 20 + this.#chance.below(40);
    for (let i = 0; i < steps && this.#failures.length === 0; i++) {
      this.#step();
      await this.#world.pass(this.#chance.percent(70) ? this.#chance.below(400) : this.#chance.below(6000));
    }
    await this.#heal();
    this.#throwFailures();
    return { calls: this.#calls, confirmed: this.#confirmed, messages: network.messages };
  }

  // --- what happens

  #start(index: number, instanceId?: string): void {
    const { random } = this.#world;
    this.#world.start(index, {
      ...(instanceId !== undefined && { instanceId }),
      few: this.#few,
      transport: this.#isDns ? 'dns' : 'address',
      maxLogBytes: this.#chance.percent(20) ? 2000 : 1 << 20,
      onApply: (instance, event, from) => this.#onApply(instance, `${from}-${event.sequence}`),
      app: () =>
        random.percent(50)
          ? undefined
          : { answer: random.percent(80) ? 'applied' : 'failed', afterMs: random.below(800) },
    });
  }

  #step(): void {
    const roll = this.#chance.below(100);
    if (roll < 45) this.#call();
    else if (roll < 55) for (const instance of this.#awake) instance.read(this.#chance.pick(KEYS));
    else if (roll < 60) this.#write();
    else if (roll < 68) this.#pause();
    else if (roll < 74) this.#loseMessages();
    else if (roll < 80) this.#cut();
    else if (roll < 83) this.#routeFault();
    else if (roll < 87) this.#refuse();
    else if (roll < 93) this.#restart();
    else if (roll < 96) this.#leave();
    else if (this.#world.alive.length < 9) this.#startAnother();
  }

  /**
   * Two at one place, of which routing reaches one, and never at two places at once: whoever is not reached can fetch
   * from those who are, and two of them cannot from each other.
   */
  #mayStartAt(index: string): boolean {
    if (this.#isDns) return true;
    const at = this.#world.alive.map(({ identity }) => identity.index);
    const areTwins = new Set(at).size < at.length;
    return !at.includes(index) || !areTwins;
  }

  #call(): void {
    const instance = this.#pickAwake();
    if (!instance) return;
    for (const other of this.#awake) for (const key of KEYS) other.read(key);
    const calls = this.#chance.percent(20) ? 1 + this.#chance.below(8) : 1;
    for (let i = 0; i < calls; i++) {
      const key = this.#chance.pick(KEYS);
      const version = this.#world.change(key);
      const { event, reports } = instance.call(key, this.#chance.pick(TIMEOUTS_MS));
      this.#calls++;
      this.#noteMade(instance, event.sequence, key);
      void reports.then((all) => this.#onReports(instance, event.sequence, key, version, all));
    }
  }

  #write(): void {
    const instance = this.#pickAwake();
    if (!instance) return;
    const key = this.#chance.pick(KEYS);
    this.#world.change(key);
    this.#noteMade(instance, instance.write(key).sequence, key);
  }

  #noteMade(instance: Instance, sequence: number, key: string): void {
    this.#orphaned.delete(key);
    const made = this.#made.get(instance) ?? new Map<number, string>();
    this.#made.set(instance, made.set(sequence, key));
  }

  #noteEnd(instance: Instance): void {
    const { incarnation } = instance.identity;
    for (const [sequence, key] of this.#made.get(instance) ?? []) {
      const isEverywhere = this.#world.alive.every(
        (other) => other === instance || this.#appliedOnce.get(other)?.has(`${incarnation}-${sequence}`),
      );
      if (!isEverywhere) this.#orphaned.add(key);
    }
  }

  #pause(): void {
    const instance = this.#pickAwake();
    if (!instance) return;
    instance.clock.pause();
    const ms = this.#chance.pick([50, 1000, 8000, 25_000, 45_000, 90_000]);
    this.#world.clock.after(ms, () => instance.clock.resume());
  }

  #loseMessages(): void {
    const { network, clock } = this.#world;
    network.lostRequests = this.#chance.below(40);
    network.lostReplies = this.#chance.below(40);
    clock.after(this.#chance.below(15_000), () => {
      network.lostRequests = 0;
      network.lostReplies = 0;
    });
  }

  #cut(): void {
    if (this.#world.alive.length === 0) return;
    const [one, other] = [this.#chance.pick(this.#world.alive), this.#chance.pick(this.#world.alive)];
    const { cut } = this.#world.network;
    const ways = [`${one.identity.incarnation}>${other.identity.incarnation}`];
    if (this.#chance.percent(70)) ways.push(`${other.identity.incarnation}>${one.identity.incarnation}`);
    for (const way of ways) cut.add(way);
    this.#world.clock.after(this.#chance.below(50_000), () => {
      for (const way of ways) cut.delete(way);
    });
  }

  #routeFault(): void {
    const { network, clock } = this.#world;
    network.routeFault = this.#chance.pick(['no-route', 'unlisted', 'foreign', 'misrouted'] as const);
    clock.after(this.#chance.below(60_000), () => {
      network.routeFault = undefined;
    });
  }

  #refuse(): void {
    if (this.#world.alive.length === 0) return;
    const { incarnation } = this.#chance.pick(this.#world.alive).identity;
    const { refusing } = this.#world.network;
    refusing.add(incarnation);
    this.#world.clock.after(this.#chance.below(40_000), () => refusing.delete(incarnation));
  }

  #restart(): void {
    if (this.#world.alive.length < 2) return;
    const instance = this.#chance.pick(this.#world.alive);
    const { index, instanceId } = instance.identity;
    const isSameInstance = this.#chance.percent(40);
    this.#noteEnd(instance);
    instance.kill();
    this.#world.clock.after(this.#chance.below(5000), () => {
      if (this.#mayStartAt(index)) this.#start(Number(index), isSameInstance ? instanceId : undefined);
    });
  }

  #leave(): void {
    if (this.#world.alive.length < 3) return;
    const instance = this.#pickAwake();
    void instance?.leave().then(() => this.#noteEnd(instance));
  }

  /** Half of them where somebody is already, as in a rolling deploy. */
  #startAnother(): void {
    if (this.#world.alive.length === 0) return;
    const { index } = this.#chance.pick(this.#world.alive).identity;
    const at = this.#chance.percent(50) ? index : String(20 + this.#chance.below(3));
    if (this.#mayStartAt(at)) this.#start(Number(at));
  }

  // --- what must hold

  #onApply(instance: Instance, id: string): void {
    const applied = this.#appliedOnce.get(instance) ?? new Set();
    this.#appliedOnce.set(instance, applied);
    if (applied.has(id)) this.#fail(`${id} was applied twice by ${nameOf(instance)}`);
    applied.add(id);
    if (id.startsWith(`${instance.identity.incarnation}-`))
      this.#fail(`${id} came back to ${nameOf(instance)}`);
  }

  #onReports(
    asker: Instance,
    sequence: number,
    key: string,
    version: number,
    reports: readonly MemberReport[],
  ): void {
    const id = `${asker.identity.incarnation}-${sequence}`;
    const confirmed = reports.filter(({ status }) => status === 'applied' || status === 'app-failed');
    for (const { identity, status } of reports) {
      const member = this.#instance(identity.incarnation);
      if (!member?.isAlive) continue;
      const isConfirmed = status === 'applied' || status === 'app-failed';
      if (isConfirmed && isStale(member, key, version))
        this.#fail(`${nameOf(member)} confirmed ${id} and still has ${key} of before`);
      if (status === 'applied' && member.appTold.has(id) && !member.appTook.has(id))
        this.#fail(`${nameOf(member)} is said to have applied ${id}, and its app did not take it`);
    }
    const isAll = reports.every(({ status }) => status === 'applied');
    if (!isAll) return;
    this.#confirmed++;
    const known = confirmed.flatMap(() => [...(this.#known.get(id) ?? [])]);
    for (const instance of new Set(known)) {
      if (!instance.isAlive || instance === asker || !instance.fleet.isJoined) continue;
      if (asker.fleet.members.hasLeft(instance.identity.incarnation)) continue;
      if (isStale(instance, key, version))
        this.#fail(`all confirmed ${id}, one of them knew ${nameOf(instance)}, and it has ${key} of before`);
    }
  }

  async #heal(): Promise<void> {
    const { network, clock } = this.#world;
    const longestMs = 90_000;
    // What ends by itself has ended, then.
    network.lostRequests = network.lostReplies = 0;
    network.routeFault = undefined;
    network.cut.clear();
    network.refusing.clear();
    for (const instance of this.#world.alive) instance.clock.resume();
    for (const instance of this.#awake) for (const key of KEYS) instance.read(key);
    const healedAtMs = clock.now();
    await this.#world.pass(5000);
    await this.#world.pass(2 * INTERVAL_MS + REJOIN_MS - 5000);
    this.#checkFresh('after two intervals');
    this.#checkMembers(false);
    await this.#world.pass(7 * INTERVAL_MS - (clock.now() - healedAtMs));
    this.#checkMembers(true);
    this.#checkFresh('at the end');
    await this.#world.pass(longestMs - (clock.now() - healedAtMs) + 2 * INTERVAL_MS);
    this.#checkFresh('when all was quiet');
    this.#checkMembers(true);
    for (const instance of this.#world.alive) {
      if (instance.logBytes !== 0)
        this.#fail(`${nameOf(instance)} keeps ${instance.logBytes} bytes in its log`);
    }
    await this.#closeAll();
  }

  #checkFresh(when: string): void {
    for (const instance of this.#world.alive) {
      for (const key of KEYS) {
        const cached = instance.peek(key);
        if (this.#orphaned.has(key)) continue;
        if (cached !== undefined && cached !== this.#world.version(key))
          this.#fail(
            `${when} ${nameOf(instance)} has ${key} of version ${cached}, it is ${this.#world.version(key)}`,
          );
      }
    }
  }

  #checkMembers(isExact: boolean): void {
    const alive = this.#world.alive;
    for (const instance of alive) {
      if (!instance.fleet.isJoined) this.#fail(`${nameOf(instance)} has not joined`);
      const { members } = instance.fleet;
      for (const other of alive) {
        if (other !== instance && !members.get(other.identity.incarnation))
          this.#fail(`${nameOf(instance)} does not know ${nameOf(other)}`);
      }
      const dead = members.all.filter(({ identity }) => !this.#instance(identity.incarnation)?.isAlive);
      if (isExact && dead.length > 0)
        this.#fail(`${nameOf(instance)} still counts ${dead.map(({ identity }) => identity.incarnation)}`);
    }
  }

  async #closeAll(): Promise<void> {
    const closing = this.#world.alive.map(async (instance) => {
      await instance.fleet.close();
      return instance;
    });
    const closed = await this.#world.until(Promise.all(closing));
    for (const instance of closed) {
      if (instance.clock.timers > 0) this.#fail(`${nameOf(instance)} left ${instance.clock.timers} timers`);
    }
  }

  // --- the inside

  get #awake(): Instance[] {
    return this.#world.alive.filter(({ clock }) => !clock.isPaused);
  }

  #pickAwake(): Instance | undefined {
    const awake = this.#awake.filter(({ fleet }) => fleet.isJoined);
    return awake.length === 0 ? undefined : this.#chance.pick(awake);
  }

  #instance(incarnation: string): Instance | undefined {
    return this.#world.instances.find(({ identity }) => identity.incarnation === incarnation);
  }

  #fail(what: string): void {
    this.#failures.push(what);
  }

  #throwFailures(): void {
    if (this.#failures.length > 0) throw new Error(this.#failures.slice(0, 8).join('; '));
  }
}

function isStale(instance: Instance, key: string, version: number): boolean {
  const cached = instance.peek(key);
  return cached !== undefined && cached < version;
}

function nameOf({ identity: { incarnation, index } }: Instance): string {
  return `${index}/${incarnation}`;
}
