// The timer wheel beside a plain Map, under clocks that run, jump and go back.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_SLOT } from '../../src/store/entries.ts';
import { MOST_MOVES, NOT_YET, TIMER_BYTES, TimerWheel } from '../../src/store/timer-wheel.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const EPOCH_MS = 1_700_000_000_000;
const NEVER = Number.POSITIVE_INFINITY;

const wheel = suite('the timer wheel');

wheel('gives back what is due and nothing else, as a Map would, whatever the clock does', () => {
  let given = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const startMs = [0, 1_000_000, EPOCH_MS, EPOCH_MS + 0.25][seed % 4]!;
    given += compareWithMap(seededRandom(seed), startMs, 1 + (seed % 3) * 60, 6000);
  }
  assert.ok(given > 50_000, `only ${given} slots became due`);
});

wheel('never names a later time for the next one than when it is due', () => {
  const random = seededRandom(5);
  for (let round = 0; round < 300; round++) {
    const timers = new TimerWheel(20);
    let nowMs = random.pick([0, 1_000_000, EPOCH_MS]);
    const dueAt = new Map<number, number>();
    for (let slot = 0; slot < 20; slot++) {
      const atMs = nowMs + span(random);
      timers.set(slot, atMs);
      dueAt.set(slot, Math.ceil(atMs));
      assert.ok(timers.nextAtMs <= first(dueAt));
    }
    while (dueAt.size > 0) {
      assert.ok(timers.nextAtMs <= first(dueAt), `${timers.nextAtMs} is after ${first(dueAt)}`);
      nowMs += random.percent(50) ? Math.max(0, timers.nextAtMs - nowMs) : span(random);
      for (const slot of takeAll(timers, nowMs)) dueAt.delete(slot);
      assert.ok(timers.nextAtMs > nowMs, 'who sleeps until then would be woken for nothing at once');
    }
    assert.is(timers.nextAtMs, NEVER);
  }
});

wheel('wakes its owner once a wheel at most for a slot that is years ahead', () => {
  const timers = new TimerWheel(2);
  takeAll(timers, EPOCH_MS);
  timers.set(0, EPOCH_MS + 90 * YEAR_MS + 1);
  timers.set(1, EPOCH_MS + 90 * YEAR_MS + 2);
  let wakings = 0;
  let taken: number[] = [];
  for (; taken.length === 0; wakings++) taken = takeAll(timers, timers.nextAtMs);
  assert.ok(wakings <= 10, `${wakings} wakings`);
  assert.equal(taken, [0]);
  assert.equal(takeAll(timers, EPOCH_MS + 90 * YEAR_MS + 2), [1]);
});

wheel('names the very time of a slot that is alone', () => {
  for (const aheadMs of [0, 1, 31, 32, 61_000, HOUR_MS, YEAR_MS, 100 * YEAR_MS]) {
    const timers = new TimerWheel(1);
    takeAll(timers, EPOCH_MS - 1);
    timers.set(0, EPOCH_MS + aheadMs);
    assert.is(timers.nextAtMs, EPOCH_MS + aheadMs);
  }
});

wheel('rounds times up, so that a slot is not due in the millisecond before', () => {
  const timers = new TimerWheel(1);
  timers.set(0, 1000.25);
  assert.is(timers.atMs(0), 1001);
  assert.is(timers.takeDue(1000.75), NO_SLOT);
  assert.is(timers.takeDue(1001), 0);
});

wheel('gives each of a long list back in the order it was set, where all are due at once', () => {
  const timers = new TimerWheel(1000);
  const slots = Array.from({ length: 1000 }, (_, i) => (i * 7) % 1000);
  for (const slot of slots) timers.set(slot, 5000);
  assert.equal(takeAll(timers, 5000), slots);
});

wheel('does not give back in a clock set back what was due in the time before', () => {
  const timers = new TimerWheel(4);
  assert.is(timers.takeDue(EPOCH_MS + 5 * YEAR_MS), NO_SLOT);
  timers.set(0, EPOCH_MS + HOUR_MS);
  timers.set(1, EPOCH_MS + 3 * YEAR_MS);
  timers.set(2, EPOCH_MS + 5 * YEAR_MS);
  assert.equal(takeAll(timers, EPOCH_MS), []);
  timers.set(3, EPOCH_MS + 2 * HOUR_MS);
  assert.ok(timers.nextAtMs > EPOCH_MS && timers.nextAtMs <= EPOCH_MS + HOUR_MS);
  assert.equal(takeAll(timers, EPOCH_MS + HOUR_MS - 1), []);
  assert.equal(takeAll(timers, EPOCH_MS + HOUR_MS), [0]);
  assert.equal(takeAll(timers, EPOCH_MS + 2 * HOUR_MS), [3]);
  assert.equal(takeAll(timers, EPOCH_MS + 5 * YEAR_MS).sort(), [1, 2]);
});

wheel('keeps what is due thousands of years ahead, and gives back at once what was due as long ago', () => {
  const timers = new TimerWheel(3);
  timers.set(0, EPOCH_MS + 100_000 * YEAR_MS);
  timers.set(1, EPOCH_MS - 2000 * YEAR_MS);
  timers.set(2, EPOCH_MS);
  assert.equal(takeAll(timers, EPOCH_MS), [1, 2]);
  assert.equal(takeAll(timers, EPOCH_MS + 99_000 * YEAR_MS), []);
  assert.ok(timers.has(0));
});

wheel('takes the first time it sees for now, where nobody told it', () => {
  const timers = new TimerWheel(2);
  timers.set(0, EPOCH_MS);
  timers.set(1, EPOCH_MS + 1);
  assert.is(timers.nextAtMs, EPOCH_MS);
});

wheel('does a bounded part of the work in a call, with a million slots due in one bucket', () => {
  const slots = 1_000_000;
  const timers = new TimerWheel(slots);
  // First their bucket, of years, begins with none of them due; then all are due at the same time.
  const dueAtMs = EPOCH_MS + 60 * YEAR_MS;
  takeAll(timers, EPOCH_MS);
  for (let slot = 0; slot < slots; slot++) timers.set(slot, dueAtMs);
  const beginsAtMs = timers.nextAtMs;
  let steps = 0;
  while (timers.takeDue(beginsAtMs) === NOT_YET) steps++;
  assert.ok(steps >= Math.floor(slots / MOST_MOVES), `a million slots in ${steps} steps`);
  assert.is(takeAll(timers, dueAtMs - 1).length, 0);
  const seen = new Uint8Array(slots);
  for (let i = 0; i < slots; i++) seen[timers.takeDue(dueAtMs)]!++;
  assert.ok(seen.every((times) => times === 1));
  assert.is(timers.takeDue(dueAtMs), NO_SLOT);
});

wheel('moves over years of a clock that jumps at a cost that does not grow with the slots', () => {
  const few = jumpMs(1000);
  const many = jumpMs(1_000_000);
  assert.ok(many < 100 * few, `${few} ms with a thousand slots, ${many} ms with a million`);
});

wheel('takes what it is charged for a slot, and none of them before the slot is set', () => {
  collectGarbage();
  const before = process.memoryUsage();
  const timers = new TimerWheel(20_000_000);
  const after = process.memoryUsage();
  const bytes = after.arrayBuffers - before.arrayBuffers;
  assert.ok(bytes >= 20_000_000 * TIMER_BYTES, `${bytes} bytes`);
  assert.ok(bytes <= 20_000_000 * TIMER_BYTES + 4096, `${bytes} bytes`);
  assert.ok(after.rss - before.rss < bytes / 10, `${after.rss - before.rss} bytes resident`);
  assert.is(timers.nextAtMs, NEVER);
  assert.not.ok(timers.has(19_999_999));
});

wheel.run();

/** Returns how many slots became due. */
function compareWithMap(random: SeededRandom, startMs: number, slots: number, operations: number): number {
  const timers = new TimerWheel(slots);
  const dueAt = new Map<number, number>();
  let nowMs = startMs;
  let given = 0;
  for (let i = 0; i < operations; i++) {
    const slot = random.below(slots);
    if (random.percent(60)) {
      const atMs = random.percent(5) ? NEVER : nowMs + span(random) * (random.percent(10) ? -1 : 1);
      timers.set(slot, atMs);
      if (atMs === NEVER) dueAt.delete(slot);
      else dueAt.set(slot, Math.ceil(atMs));
    } else if (random.percent(30)) {
      timers.clear(slot);
      dueAt.delete(slot);
    } else {
      nowMs = later(random, nowMs, startMs);
      given += takeSome(random, timers, dueAt, nowMs);
    }
    assert.is(timers.has(slot), dueAt.has(slot));
    assert.is(timers.atMs(slot), dueAt.get(slot) ?? NEVER);
    if (i % 16 === 0) assert.ok(timers.nextAtMs <= first(dueAt));
  }
  for (const atMs of [...dueAt.values()].sort((one, other) => one - other)) {
    given += takeSome(random, timers, dueAt, Math.max(nowMs, atMs), 100);
  }
  assert.is(dueAt.size, 0, 'all came back in the end');
  assert.is(timers.nextAtMs, NEVER);
  return given;
}

/** Takes until the wheel has no more, or now and then only a little; checks each against the Map. */
function takeSome(
  random: SeededRandom,
  timers: TimerWheel,
  dueAt: Map<number, number>,
  nowMs: number,
  chanceOfAll = 80,
): number {
  let most = random.percent(chanceOfAll) ? NEVER : random.below(10);
  let given = 0;
  for (; most > 0; most--) {
    const slot = timers.takeDue(nowMs);
    if (slot === NOT_YET) continue;
    if (slot === NO_SLOT) {
      assert.ok(first(dueAt) > nowMs, 'nothing that is due is left');
      assert.ok(timers.nextAtMs > nowMs);
      break;
    }
    assert.ok(dueAt.get(slot)! <= nowMs, `${slot} is due at ${dueAt.get(slot)}, not at ${nowMs}`);
    dueAt.delete(slot);
    given++;
  }
  return given;
}

function takeAll(timers: TimerWheel, nowMs: number): number[] {
  const slots: number[] = [];
  for (let slot = timers.takeDue(nowMs); slot !== NO_SLOT; slot = timers.takeDue(nowMs)) {
    if (slot !== NOT_YET) slots.push(slot);
  }
  return slots;
}

/** A while of any length, from nothing to a hundred years, at times not in whole milliseconds. */
function span(random: SeededRandom): number {
  const longest = random.pick([2, 40, 1100, 40_000, HOUR_MS, 24 * HOUR_MS, YEAR_MS, 100 * YEAR_MS]);
  return random.percent(20) ? random() * longest : random.below(longest);
}

/** Mostly a little on; now and then years on, or back, or where it all began. */
function later(random: SeededRandom, nowMs: number, startMs: number): number {
  if (random.percent(80)) return nowMs + random.below(random.pick([2, 50, 2000, HOUR_MS]));
  if (random.percent(10)) return startMs;
  return nowMs + span(random) * random.pick([1, -1]);
}

function first(dueAt: Map<number, number>): number {
  let firstAtMs = NEVER;
  for (const atMs of dueAt.values()) firstAtMs = Math.min(firstAtMs, atMs);
  return firstAtMs;
}

/** The least that a thousand jumps there and back took, of some rounds. */
function jumpMs(slots: number): number {
  const random = seededRandom(3);
  const timers = new TimerWheel(slots);
  takeAll(timers, EPOCH_MS);
  for (let slot = 0; slot < slots; slot++) timers.set(slot, EPOCH_MS + 50 * YEAR_MS + span(random));
  let leastMs = NEVER;
  for (let round = 0; round < 5; round++) {
    const startedAt = performance.now();
    for (let i = 0; i < 1000; i++) timers.takeDue(EPOCH_MS + (i % 2) * 49 * YEAR_MS - (i % 3) * HOUR_MS);
    leastMs = Math.min(leastMs, performance.now() - startedAt);
  }
  return leastMs;
}
