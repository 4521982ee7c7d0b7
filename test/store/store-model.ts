// What a store promises, as plain maps: each operation is done on both, and their answers are compared.

import * as assert from 'uvu/assert';
import { RoomError, SidecacheError } from '../../src/errors.ts';
import { NO_SLOT, TIMED } from '../../src/store/entries.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreCache } from '../../src/store/store-cache.ts';
import { NOT_YET } from '../../src/store/timer-wheel.ts';
import type { Value } from '../../src/store/value.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';
import { accountedBytes, bytesOf, emptyStore, newStore, putBytes } from './shelves.ts';

interface Known {
  bytes: Buffer;
  contentType: string;
  etag: string;
  tags: string[];
  old: boolean;
  timed: boolean;
  /** As the store keeps it. */
  loadedAtMs: number;
  diesAtMs: number;
  refreshAtMs: number;
  /** Undefined: known to the store more or less. */
  readAtMs: number | undefined;
  deadlineMs: number;
}

export interface ModelOptions {
  readonly seed: number;
  readonly memoryBytes: number;
  readonly keys: number;
  /** Values are around these sizes, where something changes. */
  readonly sizes: readonly number[];
}

const NEVER = Number.POSITIVE_INFINITY;
const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;
const TYPES = ['text/plain', 'application/json', 'a/b', ''];
const NOISE = Buffer.from(Array.from({ length: 80_000 }, seededRandom(99).below.bind(null, 256)));
const buffer = Buffer.alloc(80_000);
/** What holding a value may cost beyond its bytes. */
const HELD_BYTES = 200;

export class StoreModel {
  readonly store: Store;
  readonly caches: StoreCache[];
  readonly random: SeededRandom;
  readonly #keys: Buffer[];
  readonly #keyAt = new Map<string, number>();
  readonly #known: (Known | undefined)[][];
  readonly #sizes: readonly number[];
  readonly #held: { value: Value; bytes: Buffer; costBytes: number }[] = [];
  #heldBytes = 0;
  /** Part of the operations that concern many entries: each looks at all that are known. */
  readonly #broad: number;
  nowMs = START_MS;
  refused = 0;
  evicted = 0;
  filled = 0;

  constructor({ seed, memoryBytes, keys, sizes }: ModelOptions) {
    this.random = seededRandom(seed);
    this.store = newStore({ memoryBytes, maxValueBytes: 70_000, seed: [seed, seed * 7] });
    this.caches = [
      this.store.addCache({ shareBytes: undefined, evictable: true }),
      this.store.addCache({ shareBytes: Math.floor(memoryBytes / 3), evictable: true }),
      this.store.addCache({ shareBytes: Math.floor(memoryBytes / 4), evictable: false }),
    ];
    this.#sizes = sizes;
    this.#broad = Math.min(1, 300 / keys);
    this.#keys = Array.from({ length: keys }, (_, i) => this.#newKey(i));
    this.#keys.forEach((key, i) => {
      this.#keyAt.set(key.toString('latin1'), i);
    });
    this.#known = this.caches.map(() => new Array<Known | undefined>(keys));
    this.store.evictionWatcher = { active: true, evicted: (cache, key) => this.#wasEvicted(cache, key) };
  }

  step(): void {
    const { random } = this;
    const at = random.below(this.caches.length);
    const chance = random() * 100;
    this.nowMs += random.below(100);
    if (chance < 9) this.#fill(at);
    else if (chance < 35) this.#put(at);
    else if (chance < 62) this.#get(at);
    else if (chance < 68) this.#remove(at);
    else if (chance < 72) this.#hold(at);
    else if (chance < 76) this.#letGo();
    else if (chance < 79) this.#retag(at);
    else if (chance < 82) this.#addTimes(at);
    else if (chance < 85) this.#renew(at);
    else if (chance < 86) this.#evict(at);
    else if (chance < 88) this.#meetDeadlines();
    else if (chance < 94) this.store.drops.reclaim(random.below(30));
    else if (random() < this.#broad) this.#doBroadly(at, chance);
    const { budget } = this.store;
    if (budget.usedBytes > budget.limitBytes + this.#heldBytes) {
      assert.unreachable(`${budget.usedBytes} bytes are used`);
    }
  }

  #doBroadly(at: number, chance: number): void {
    if (chance < 95.5) this.#dropTag(at);
    else if (chance < 97) this.#dropPrefix(at, false);
    else if (chance < 98.5) this.#dropPrefix(at, true);
    else if (chance < 99) this.#makeOld(at);
    else if (chance < 99.8) this.#jump();
    else this.#clear(at);
  }

  #newKey(i: number): Buffer {
    const name = `${i % 7}/${i % 30}/${i}`;
    if (i % 11 === 0) return Buffer.from(name.padEnd(64 + (i % 400), '.'));
    return i === 5 ? Buffer.alloc(0) : Buffer.from(name);
  }

  #slot(at: number, key: number): number {
    const bytes = this.#keys[key]!;
    return this.store.find(this.caches[at]!, bytes, 0, bytes.length);
  }

  /** Which key, and its slot, which is there where it ought to be and nowhere else. */
  #any(at: number): { key: number; slot: number; known: Known | undefined } {
    const key = this.random.below(this.#keys.length);
    const slot = this.#slot(at, key);
    const known = this.#known[at]![key];
    if ((slot !== NO_SLOT) !== (known !== undefined)) {
      assert.unreachable(`${this.#keys[key]} is ${known ? 'lost' : 'there and should not be'}`);
    }
    return { key, slot, known };
  }

  #wasEvicted(cache: StoreCache, key: Buffer): void {
    const known = this.#known[cache.id]!;
    const at = this.#keyAt.get(key.toString('latin1'))!;
    if (!known[at]) assert.unreachable(`${key} was evicted, and was not there`);
    known[at] = undefined;
    this.evicted++;
  }

  #someTags(): string[] {
    const { random } = this;
    return random.percent(70) ? [] : Array.from({ length: random.below(4) }, () => `t${random.below(12)}`);
  }

  #put(at: number): void {
    const { random, store, nowMs } = this;
    const cache = this.caches[at]!;
    const key = random.below(this.#keys.length);
    const start = random.below(1000);
    const size = random.percent(60) ? random.pick(this.#sizes) : random.below(random.pick(this.#sizes) + 1);
    const bytes = NOISE.subarray(start, start + size);
    const contentType = random.pick(TYPES);
    const etag = random.percent(10) ? `"${'e'.repeat(random.below(200))}"` : '';
    const tags = this.#someTags();
    const timed = random.percent(30);
    try {
      const slot = putBytes(store, cache, this.#keys[key]!, bytes, { contentType, etag, tags, timed }, nowMs);
      const before = this.#known[at]![key];
      const readAtMs = before ? (before.timed && timed ? before.readAtMs : undefined) : nowMs;
      const known = { bytes, contentType, etag, tags: [...new Set(tags)], old: false, timed, readAtMs };
      const times = { loadedAtMs: 0, diesAtMs: NEVER, refreshAtMs: NEVER, deadlineMs: NEVER };
      this.#known[at]![key] = { ...known, ...times };
      this.#setTimes(slot, this.#known[at]![key]!);
    } catch (error) {
      if (!(error instanceof SidecacheError)) throw error;
      if (error instanceof RoomError) this.refused++;
    }
  }

  /** The ways past `put`, for what has nothing beside its value: written over what is there, or new. */
  #fill(at: number): void {
    const { random, store, nowMs } = this;
    const cache = this.caches[at]!;
    const { key, slot, known } = this.#any(at);
    const name = this.#keys[key]!;
    const start = random.below(1000);
    const end = start + random.below(random.pick(this.#sizes) + 1);
    const contentType = known && random.percent(80) ? known.contentType : random.pick(TYPES);
    const timed = known && random.percent(80) ? known.timed : random.percent(30);
    const terms = [contentType, nowMs, timed] as const;
    const isFilled =
      slot === NO_SLOT
        ? store.insert(cache, name, 0, name.length, NOISE, start, end, ...terms) !== NO_SLOT
        : store.overwrite(cache, slot, NOISE, start, end, ...terms);
    if (!isFilled) return;
    this.filled++;
    const readAtMs = known ? known.readAtMs : nowMs;
    const loadedAtMs = Math.floor(nowMs / 10) * 10;
    const deadlineMs = timed ? nowMs + this.#span() : NEVER;
    if (timed) {
      store.lifetimes.setEnd(this.#slot(at, key), deadlineMs, nowMs);
      store.deadlines.set(this.#slot(at, key), deadlineMs);
    }
    const times = {
      ...{ timed, loadedAtMs, readAtMs, deadlineMs },
      ...{ refreshAtMs: NEVER, diesAtMs: asKept(deadlineMs, loadedAtMs) },
    };
    const bytes = NOISE.subarray(start, end);
    this.#known[at]![key] = { bytes, contentType, etag: '', tags: [], old: false, ...times };
  }

  #setTimes(slot: number, known: Known): void {
    const { random, nowMs } = this;
    const loadedAtMs = nowMs - random.below(random.pick([1, 1000, DAY_MS]));
    const some = (): number => (known.timed && random.percent(60) ? nowMs + this.#span() : NEVER);
    const times = { refreshAtMs: some(), waitAtMs: NEVER, errorUntilMs: some(), diesAtMs: some() };
    this.store.lifetimes.set(slot, { loadedAtMs, ...times }, nowMs);
    this.store.deadlines.set(slot, times.diesAtMs);
    known.loadedAtMs = Math.floor(loadedAtMs / 10) * 10;
    known.diesAtMs = asKept(times.diesAtMs, known.loadedAtMs);
    known.refreshAtMs = asKept(times.refreshAtMs, known.loadedAtMs);
    known.deadlineMs = times.diesAtMs;
  }

  #span(): number {
    return this.random.below(this.random.pick([10, 10_000, DAY_MS, 20 * DAY_MS, 4000 * DAY_MS]));
  }

  #get(at: number): void {
    const { slot, known } = this.#any(at);
    if (!known) return;
    const { store, nowMs } = this;
    assert.is(store.isOld(this.caches[at]!, slot), known.old);
    assert.is(store.entries.loadedAtMs(slot, nowMs), known.loadedAtMs);
    assert.is(store.lifetimes.diesAtMs(slot, nowMs), known.diesAtMs);
    assert.is(store.lifetimes.refreshAtMs(slot, nowMs), known.refreshAtMs);
    assert.is(store.deadlines.atMs(slot), known.deadlineMs);
    if (known.timed && known.readAtMs !== undefined) {
      assert.is(store.lifetimes.readAtMs(slot, nowMs), Math.ceil(known.readAtMs / 10) * 10);
    }
    assert.is(store.valueLength(slot), known.bytes.length);
    store.touch(this.caches[at]!, slot, nowMs);
    known.readAtMs = nowMs;
    if (this.random.percent(50)) this.#compare(slot, known);
    if (nowMs >= known.diesAtMs) store.evict(slot, 'ttl');
  }

  #compare(slot: number, known: Known): void {
    const { store } = this;
    const { length } = known.bytes;
    store.copyValue(slot, 0, buffer, 0, length);
    if (known.bytes.compare(buffer, 0, length) !== 0) assert.unreachable('other bytes');
    const from = this.random.below(length + 1);
    const part = this.random.below(length - from + 1);
    store.copyValue(slot, from, buffer, 0, part);
    if (known.bytes.compare(buffer, 0, part, from, from + part) !== 0) assert.unreachable('another part');
    assert.is(store.contentType(slot), known.contentType);
    assert.is(store.etag(slot), known.etag);
    assert.equal(store.tags(slot), known.tags);
    assert.is(store.entries.has(slot, TIMED), known.timed);
  }

  #remove(at: number): void {
    const { slot, key } = this.#any(at);
    if (slot !== NO_SLOT) this.store.remove(slot);
    this.#known[at]![key] = undefined;
  }

  #evict(at: number): void {
    const { slot } = this.#any(at);
    if (slot !== NO_SLOT && this.caches[at]!.evictable) this.store.evict(slot, 'expiry');
  }

  /** Whether it found room. */
  #finds(change: () => void): boolean {
    try {
      change();
      return true;
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.refused++;
      return false;
    }
  }

  #retag(at: number): void {
    const { slot, known } = this.#any(at);
    if (!known) return;
    const tags = this.#someTags();
    if (this.#finds(() => this.store.retag(this.caches[at]!, slot, tags))) known.tags = [...new Set(tags)];
  }

  #addTimes(at: number): void {
    const { slot, key, known } = this.#any(at);
    if (!known || !this.#finds(() => this.store.addTimes(this.caches[at]!, slot, this.nowMs))) return;
    if (!known.timed) known.readAtMs = undefined;
    known.timed = true;
    if (this.#known[at]![key] && this.random.percent(70)) this.#setTimes(slot, known);
  }

  #renew(at: number): void {
    const { slot, known } = this.#any(at);
    if (!known) return;
    this.store.renew(this.caches[at]!, slot);
    known.old = false;
    this.#setTimes(slot, known);
  }

  #meetDeadlines(): void {
    const { store, nowMs } = this;
    for (let slot = store.deadlines.takeDue(nowMs); slot !== NO_SLOT; slot = store.deadlines.takeDue(nowMs)) {
      if (slot === NOT_YET) continue;
      const cache = store.cacheOf(slot);
      if (!store.isLive(cache, slot)) continue;
      const known = this.#known[cache.id]![this.#keyAt.get(store.key(slot).toString('latin1'))!]!;
      assert.ok(known.deadlineMs <= nowMs);
      known.deadlineMs = NEVER;
      if (known.diesAtMs <= nowMs) store.evict(slot, 'ttl');
    }
  }

  #hold(at: number): void {
    const { slot, known } = this.#any(at);
    if (!known || this.#held.length > 10) return;
    const { bytes } = known;
    const costBytes = bytes.length + HELD_BYTES;
    const value = this.store.hold(slot);
    this.#heldBytes += costBytes;
    const again = this.random.percent(30);
    if (again) this.#held.push({ value: value.retain(), bytes, costBytes: 0 });
    this.#held.push({ value, bytes, costBytes: again ? 0 : costBytes });
    // Who releases last is not known beforehand: of a value with two holders the charge is held to be there to the end.
    if (again) this.#held.at(-2)!.costBytes = costBytes;
  }

  #letGo(): void {
    if (this.#held.length === 0) return;
    const [one] = this.#held.splice(this.random.below(this.#held.length), 1);
    assert.ok(bytesOf(one!.value).equals(one!.bytes), 'a held value changed');
    one!.value.release();
    // The other holder takes the charge over.
    const other = this.#held.find(({ value }) => value === one!.value);
    if (other) other.costBytes += one!.costBytes;
    else this.#heldBytes -= one!.costBytes;
  }

  #dropTag(at: number): void {
    const tag = `t${this.random.below(12)}`;
    this.store.drops.dropTag(this.caches[at]!, tag);
    this.#each(at, (known) => !known.tags.includes(tag));
  }

  #dropPrefix(at: number, soft: boolean): void {
    const key = this.#keys[this.random.below(this.#keys.length)]!;
    const prefix = key.subarray(0, this.random.below(this.random.pick([8, key.length + 2])));
    this.store.drops.dropPrefix(this.caches[at]!, prefix, soft);
    this.#each(at, (known, i) => {
      const found = this.#keys[i]!.subarray(0, prefix.length).equals(prefix);
      if (found && soft) known.old = true;
      return soft || !found;
    });
  }

  #makeOld(at: number): void {
    assert.ok(this.store.drops.makeOld(this.caches[at]!));
    this.#each(at, (known) => {
      known.old = true;
      return true;
    });
  }

  #clear(at: number): void {
    assert.is(this.caches[at]!.entries, this.store.drops.dropAll(this.caches[at]!));
    this.#each(at, () => false);
  }

  /** Forwards or backwards; what was stored at one time is told apart from another up to 248 days off. */
  #jump(): void {
    this.nowMs = START_MS + this.random.below(this.random.pick([1, 10, 100]) * DAY_MS);
  }

  #each(at: number, stays: (known: Known, key: number) => boolean): void {
    const all = this.#known[at]!;
    for (let i = 0; i < all.length; i++) {
      const known = all[i];
      if (known && !stays(known, i)) all[i] = undefined;
    }
  }

  /** All that is counted is what is there, and all that is known is there. */
  compare(): void {
    const { store } = this;
    const isWhole = this.random.percent(50);
    while (isWhole && store.drops.reclaim(1000));
    this.caches.forEach((cache, at) => {
      let there = 0;
      let bytes = 0;
      let payload = 0;
      this.#each(at, (known, i) => {
        const slot = this.#slot(at, i);
        assert.is.not(slot, NO_SLOT, `${this.#keys[i]} is lost`);
        assert.ok(store.key(slot).equals(this.#keys[i]!));
        this.#compare(slot, known);
        there++;
        bytes += store.costOf(slot);
        payload += this.#keys[i]!.length + known.bytes.length;
        return true;
      });
      assert.ok(cache.entries >= there && cache.bytes >= bytes);
      if (isWhole) assert.equal([cache.entries, cache.bytes, cache.payloadBytes], [there, bytes, payload]);
      if (cache.shareBytes !== undefined) assert.ok(cache.bytes <= cache.shareBytes);
      if (!cache.evictable) assert.is(cache.evictions.memory + cache.evictions.share, 0);
    });
    const accounted = accountedBytes(store);
    if (this.#held.length === 0) assert.is(store.budget.usedBytes, accounted);
    else assert.ok(store.budget.usedBytes >= accounted);
  }

  end(): void {
    while (this.#held.length > 0) this.#letGo();
    this.compare();
    emptyStore(this.store);
    assert.is(this.store.budget.usedBytes, 0);
    assert.is(this.store.entries.live, 0);
    assert.is(this.store.deadlines.nextAtMs, NEVER);
  }
}

/** To the millisecond up to 24 days from loading, else to the second, never early. */
function asKept(atMs: number, loadedAtMs: number): number {
  if (atMs === NEVER) return NEVER;
  const afterMs = Math.max(0, atMs - loadedAtMs);
  return loadedAtMs + (afterMs < 2 ** 31 ? afterMs : Math.ceil(afterMs / 1000) * 1000);
}
