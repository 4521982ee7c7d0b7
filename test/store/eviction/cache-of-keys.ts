// A cache of numbered keys and no values around the eviction policy, bounded in bytes.

import { EvictionPolicy } from '../../../src/store/eviction/policy.ts';
import { EvictionSlots } from '../../../src/store/eviction/slots.ts';
import { emptyList } from '../../../src/store/recency.ts';
import { SLOT_WORDS } from '../../../src/store/slot-words.ts';

const MOST_SLOTS = 5000;

export class CacheOfKeys {
  readonly policy: EvictionPolicy;
  readonly slotOf = new Map<number, number>();
  readonly keyOf: number[] = [];
  bytes = 0;
  readonly #free = Array.from({ length: MOST_SLOTS }, (_, i) => MOST_SLOTS - 1 - i);
  readonly #hashes = new Int32Array(MOST_SLOTS);
  readonly #costs = new Uint32Array(MOST_SLOTS);
  readonly #limitBytes: number;
  readonly #hashFor: (key: number) => number;

  constructor(limitBytes: number, hashOf: (key: number) => number = spread) {
    this.#limitBytes = limitBytes;
    this.#hashFor = hashOf;
    this.policy = new EvictionPolicy(this, new EvictionSlots(new Int32Array(MOST_SLOTS * SLOT_WORDS)));
  }

  hashOf(slot: number): number {
    return this.#hashes[slot]!;
  }

  costOf(slot: number): number {
    return this.#costs[slot]!;
  }

  has(key: number): boolean {
    return this.slotOf.has(key);
  }

  sizeOf(key: number): number {
    return this.#costs[this.slotOf.get(key)!]!;
  }

  /** Reads the key, or adds it; whether it was there. */
  ask(key: number, bytes = 1): boolean {
    const slot = this.slotOf.get(key);
    if (slot !== undefined) {
      this.policy.read(slot, true);
      return true;
    }
    while (this.bytes + bytes > this.#limitBytes) this.remove(this.victimFor(bytes)!);
    this.add(key, bytes);
    return false;
  }

  /** Misses of the keys in turn. */
  askAll(keys: Iterable<number>): number {
    let misses = 0;
    for (const key of keys) if (!this.ask(key)) misses++;
    return misses;
  }

  add(key: number, bytes: number): void {
    const slot = this.#free.pop()!;
    this.#hashes[slot] = this.#hashFor(key);
    this.#costs[slot] = bytes;
    this.slotOf.set(key, slot);
    this.keyOf[slot] = key;
    this.bytes += bytes;
    this.policy.added(slot);
  }

  victimFor(bytes: number): number | undefined {
    return this.keyOf[this.policy.victimFor(bytes)];
  }

  resize(key: number, bytes: number): void {
    const slot = this.slotOf.get(key)!;
    const moreBytes = bytes - this.#costs[slot]!;
    this.#costs[slot] = bytes;
    this.bytes += moreBytes;
    this.policy.resized(slot, moreBytes);
  }

  remove(key: number): void {
    const slot = this.slotOf.get(key)!;
    this.policy.removed(slot);
    this.bytes -= this.#costs[slot]!;
    this.slotOf.delete(key);
    this.#free.push(slot);
  }

  clear(): void {
    this.policy.cleared(emptyList());
    for (const slot of this.slotOf.values()) this.#free.push(slot);
    this.slotOf.clear();
    this.bytes = 0;
  }
}

function spread(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d);
  return Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) ^ (mixed >>> 15);
}
