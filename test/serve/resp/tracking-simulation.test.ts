// Clients that keep all they read until they are told, before real caches, at random from a seed: what any of them keeps
// is what is stored, at every moment.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Cache, type CacheChange, HIT, STALE, WAIT } from '../../../src/cache/cache.ts';
import { Tracking } from '../../../src/serve/resp/tracking.ts';
import { CacheNames } from '../../../src/serve/resp/tracking-names.ts';
import { Lab, type Reading, waiterOf } from '../../cache/cache-lab.ts';
import { settled } from '../../cache/fake-clock.ts';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { accountedBytes, storedBytes } from '../../store/shelves.ts';
import { ALL_CHANGED, PushClient } from './push-clients.ts';

const test = suite('RESP client tracking, simulation');

const STEPS = 3000;
const KEYS = 12;
const TAGS = ['red', 'blue'];

/** The simplest client there is: it keeps what it is answered, and drops what it is told. */
class Keeper extends PushClient {
  readonly kept = new Map<string, string>();

  keep(name: string, text: string | undefined): void {
    if (text !== undefined) this.kept.set(name, text);
  }

  override onPush = (): void => {
    for (const frame of this.take()) {
      if (frame === ALL_CHANGED) this.kept.clear();
      for (const [, name] of frame.matchAll(/\$\d+ ([a-z]*:?k\d+)/g)) this.kept.delete(name!);
    }
  };
}

class Simulation {
  readonly random: SeededRandom;
  readonly lab: Lab;
  readonly plain: Cache;
  readonly tracking: Tracking;
  readonly keepers: Keeper[];
  /** Reads that wait for loads. */
  open = 0;
  #written = 0;

  constructor(seed: number, maxBytes: number, times: object) {
    this.random = seededRandom(seed);
    const told = (name: string) => (change: CacheChange) => this.tracking.changed(name, change);
    this.lab = new Lab({ changed: told('one'), times });
    this.plain = this.lab.add('default', { withoutLoader: true, changed: told('default') });
    const { budget } = this.lab.store;
    this.tracking = new Tracking({
      names: new CacheNames(this.lab.caches, this.lab.clock),
      clock: this.lab.clock,
      random: this.random,
      charge: (bytes) => budget.charge(bytes),
      release: (bytes) => budget.release(bytes),
      maxBytes,
      client: () => undefined,
      soon: (run) => run(),
    });
    this.keepers = [1, 2, 3, 4].map((id) => new Keeper(id));
    const plainly = { redirect: 0, isBroadcast: false, isOptIn: false, isOptOut: false, prefixes: [] };
    for (const keeper of this.keepers) this.tracking.turnOn(keeper, { ...plainly, isNoLoop: false });
  }

  async step(): Promise<void> {
    const { lab } = this;
    const cache = this.random.percent(60) ? lab.cache : this.plain;
    const key = this.#key();
    const what = this.random();
    if (what < 0.4) this.#read(this.keepers[this.#below(4)]!, cache, [key]);
    else if (what < 0.55) this.#read(this.keepers[this.#below(4)]!, cache, [key, this.#key()]);
    else if (what < 0.7) await this.#land();
    else if (what < 0.8) this.#write(cache, key);
    else if (what < 0.85) cache.invalidateKey(key);
    else if (what < 0.88) cache.invalidateTag(this.#tag());
    else if (what < 0.9) cache.invalidatePrefix(Buffer.from('k1'));
    else if (what < 0.92) cache.refreshKey(key);
    else if (what < 0.94) cache.refreshTag(this.#tag());
    else if (what < 0.95) cache.invalidateAll();
    else lab.clock.advance(this.#below(1500));
    await settled();
  }

  /** Names of which a client keeps another value than is stored. */
  wrong(): string[] {
    return this.keepers.flatMap(({ id, kept }) =>
      [...kept].filter(([name, text]) => this.#stored(name) !== text).map(([name]) => `${id} ${name}`),
    );
  }

  get keptByAll(): number {
    return this.keepers.reduce((sum, { kept }) => sum + kept.size, 0);
  }

  async end(): Promise<void> {
    while (this.lab.loader.open.length > 0) await this.#land();
  }

  /** As a client does: it asks for nothing that it has. One reply, when all of it is there. */
  #read(keeper: Keeper, cache: Cache, keys: readonly Buffer[]): void {
    const nameOf = (key: Buffer): string => (cache === this.plain ? key.toString() : `one:${key}`);
    const asked = keys.filter((key) => !keeper.kept.has(nameOf(key)));
    const names = asked.map(nameOf);
    const texts = asked.map((key) => this.#readOne(cache, key));
    const isThere = (text: unknown): text is string | undefined => typeof text !== 'object';
    if (texts.every(isThere)) {
      for (const [i, name] of names.entries()) keeper.keep(name, texts[i]);
      for (const name of names) this.tracking.note(keeper, name);
      return;
    }
    const read = this.tracking.wait(names);
    this.open++;
    void Promise.all(texts).then((all) => {
      this.open--;
      for (const [i, name] of names.entries()) keeper.keep(name, all[i]);
      this.tracking.noteWaited(keeper, read);
    });
  }

  /** A promise where it must be loaded; undefined: there is nothing, or an error. */
  #readOne(cache: Cache, key: Buffer): string | undefined | Promise<string | undefined> {
    const outcome = cache.read(Buffer.from(key), 0, key.length, this.lab.clock.now());
    if (outcome === HIT || outcome === STALE) return storedBytes(cache.shelf.store, cache.slot).toString();
    if (outcome !== WAIT) return undefined;
    const reading: Reading = {
      ...{ result: 'waiting', text: undefined, error: undefined, answer: undefined, answers: 0 },
    };
    const waiter = waiterOf(reading);
    return new Promise((resolve) => {
      const answered: typeof waiter.answered = (answer) => {
        waiter.answered(answer);
        resolve(reading.text);
      };
      cache.wait(key, { answered });
    });
  }

  /** One of the loads ends, whichever. */
  async #land(): Promise<void> {
    const { open } = this.lab.loader;
    const call = open[this.#below(open.length)];
    if (!call) return;
    this.tracking.gone('one', Buffer.from(call.key, 'latin1'));
    const what = this.random();
    if (what < 0.1) call.fail();
    else if (what < 0.2) call.absent();
    else call.answer(`loaded ${++this.#written}`, { tags: [this.#tag()] });
    await settled();
  }

  #write(cache: Cache, key: Buffer): void {
    const draft = this.lab.store.draft();
    draft.append(Buffer.from(`written ${++this.#written}`));
    cache.write(key, draft, { contentType: '', tags: [this.#tag()] });
    draft.release();
  }

  #stored(name: string): string | undefined {
    const cache = name.startsWith('one:') ? this.lab.cache : this.plain;
    const slot = cache.shelf.peek(Buffer.from(name.replace('one:', '')));
    return slot === -1 ? undefined : storedBytes(cache.shelf.store, slot).toString();
  }

  #key(): Buffer {
    return Buffer.from(`k${this.#below(KEYS)}`);
  }

  #tag(): string {
    return TAGS[this.#below(TAGS.length)]!;
  }

  #below(count: number): number {
    return Math.floor(this.random() * count);
  }
}

for (const seed of [1, 2, 3]) {
  for (const maxBytes of [1_000_000, 3000]) {
    test(`what a client keeps is what is stored: seed ${seed}, ${maxBytes} bytes of table`, async () => {
      const simulation = new Simulation(seed, maxBytes, { refreshMs: 5000, retryMs: 1000 });
      let kept = 0;
      for (let step = 0; step < STEPS; step++) {
        await simulation.step();
        assert.equal(simulation.wrong(), [], `after step ${step}`);
        kept += simulation.keptByAll;
      }
      assert.ok(kept > STEPS, 'they keep something as a rule');
      await simulation.end();
      assert.equal(simulation.wrong(), []);
      assert.is(simulation.open, 0);
      for (const keeper of simulation.keepers) simulation.tracking.turnOff(keeper);
      const { store } = simulation.lab;
      assert.is(store.budget.usedBytes, accountedBytes(store));
    });
  }
}

test.run();
