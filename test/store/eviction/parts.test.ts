// The parts of the eviction policy: counts of how often keys are asked for, and keys that were rejected lately.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FREQUENCY_BYTES_PER_ENTRY, Frequency } from '../../../src/store/eviction/frequency.ts';
import { REJECTED_BYTES_PER_ENTRY, Rejected } from '../../../src/store/eviction/rejected.ts';
import { EvictionSlots, PROBATION, PROTECTED, WINDOW } from '../../../src/store/eviction/slots.ts';
import { SLOT_WORDS } from '../../../src/store/slot-words.ts';
import { seededRandom } from '../seeded-random.ts';

const frequency = suite('frequency');

frequency('is never estimated too low, and seldom too high', () => {
  const random = seededRandom(1);
  const counts = new Frequency();
  const known = new Map<number, number>();
  for (let i = 0; i < 4000; i++) {
    const hash = random.below(2 ** 32) | 0;
    const count = 1 + random.below(15);
    known.set(hash, Math.max(count, known.get(hash) ?? 0));
    counts.raise(hash, count);
  }
  let tooHigh = 0;
  for (const [hash, count] of known) {
    assert.ok(counts.of(hash) >= count);
    if (counts.of(hash) > count) tooHigh++;
  }
  assert.ok(tooHigh < 400, `${tooHigh} of 4000 too high`);
});

frequency('keeps its estimates while it grows, and grows with the entries', () => {
  const random = seededRandom(2);
  const counts = new Frequency();
  const hashes = Array.from({ length: 1000 }, () => random.below(2 ** 32) | 0);
  const before = hashes.map((hash, i) => {
    counts.raise(hash, 1 + (i % 15));
    return counts.of(hash);
  });
  const entries = 50_000;
  for (let i = 0; i < entries; i++) counts.tick(entries);
  assert.equal(
    hashes.map((hash) => counts.of(hash)),
    before,
  );
  assert.ok(counts.bytes >= entries * FREQUENCY_BYTES_PER_ENTRY);
  assert.ok(counts.bytes <= entries * FREQUENCY_BYTES_PER_ENTRY + 16_384);
});

frequency('is halved after sixteen requests an entry, then after every eight', () => {
  const random = seededRandom(3);
  const counts = new Frequency();
  const hashes = Array.from({ length: 500 }, () => random.below(2 ** 32) | 0);
  for (const hash of hashes) counts.raise(hash, 12);
  const tick = (times: number): void => {
    for (let i = 0; i < times; i++) counts.tick(1000);
  };
  tick(15_999);
  assert.is(counts.epoch, 0);
  assert.ok(hashes.every((hash) => counts.of(hash) >= 12));
  tick(1);
  assert.is(counts.epoch, 1);
  assert.ok(hashes.every((hash) => counts.of(hash) === 6));
  tick(8000);
  assert.is(counts.epoch, 2);
  assert.ok(hashes.every((hash) => counts.of(hash) === 3));
});

const rejected = suite('rejected');

rejected('remembers half a cache’s worth with the bytes since, each once', () => {
  const random = seededRandom(4);
  const keys = new Rejected();
  const at = new Map<number, number>();
  const cacheBytes = 1_000_000;
  let bytes = 0;
  let remembered = 0;
  for (let i = 0; i < 20_000; i++) {
    const size = 500 + random.below(1000);
    const hash = random.below(2 ** 32) | 0;
    keys.add(hash, size, 1000, cacheBytes);
    bytes += size;
    at.set(hash, bytes);
    const [asked, since] = [...at][Math.max(0, at.size - 1 - random.below(480))]!;
    const age = keys.takeAgeBytes(asked);
    at.delete(asked);
    if (age === Number.POSITIVE_INFINITY) continue;
    remembered++;
    assert.ok(Math.abs(age - (bytes - since)) <= 500, `${age} instead of ${bytes - since}`);
    assert.is(keys.takeAgeBytes(asked), Number.POSITIVE_INFINITY);
  }
  assert.ok(remembered > 19_000, `${remembered} of 20,000`);
});

rejected('takes no key for another but once in thousands', () => {
  const random = seededRandom(5);
  const keys = new Rejected();
  for (let i = 0; i < 1000; i++) keys.add(random.below(2 ** 32) | 0, 1, 1000, 1000);
  let mistaken = 0;
  for (let i = 0; i < 100_000; i++) {
    if (keys.takeAgeBytes(random.below(2 ** 32) | 0) < Number.POSITIVE_INFINITY) mistaken++;
  }
  assert.ok(mistaken < 30, `${mistaken} of 100,000`);
});

rejected('begins anew when it grows, and costs no more an entry than it says', () => {
  const keys = new Rejected();
  assert.is(keys.bytes, 0);
  keys.add(7, 1, 1, 1);
  for (const entries of [1000, 5000, 100_000]) {
    keys.add(7, 1, entries, entries);
    assert.ok(keys.bytes <= entries * REJECTED_BYTES_PER_ENTRY);
    assert.ok(keys.takeAgeBytes(7) < Number.POSITIVE_INFINITY);
  }
});

const slots = suite('eviction slots');

slots('halve a count once an epoch, whenever it is looked at', () => {
  const facts = new EvictionSlots(new Int32Array(3 * SLOT_WORDS));
  for (const epoch of [0, 5, 1022, 1023, 1024, 100_000]) {
    facts.setCount(1, 13, epoch);
    const later = [0, 1, 2, 3, 4, 100].map((halvings) => facts.count(1, epoch + halvings));
    assert.equal(later, [13, 6, 3, 1, 0, 0]);
  }
  facts.setCount(1, 16, 7);
  assert.is(facts.count(1, 7), 15);
});

slots('keep segment and count apart', () => {
  const facts = new EvictionSlots(new Int32Array(3 * SLOT_WORDS));
  for (const segment of [WINDOW, PROBATION, PROTECTED] as const) {
    facts.setSegment(2, segment);
    facts.setCount(2, 9, 1023);
    assert.is(facts.segment(2), segment);
    facts.setSegment(2, segment);
    assert.is(facts.count(2, 1023), 9);
    assert.is(facts.count(1, 0), 0);
  }
});

frequency.run();
rejected.run();
slots.run();
