import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RoomError, TooLargeError } from '../../src/errors.ts';
import { type Draft, SHORT_VALUE_BYTES } from '../../src/store/draft.ts';
import { collectGarbage } from './collect-garbage.ts';
import { seededRandom } from './seeded-random.ts';
import {
  accountedBytes,
  attributes,
  bytesOf,
  findKey,
  newCache,
  newStore,
  putBytes,
  storedBytes,
} from './shelves.ts';

const test = suite('drafts');
const KEY = Buffer.from('key');

function sequence(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => i % 251));
}

test('a value received in any pieces is the value', () => {
  const random = seededRandom(5);
  const store = newStore();
  const cache = newCache(store);
  for (const length of [0, 1, 127, 128, 129, 4095, 4096, 4097, 4098, 8191, 8192, 8193, 30_000]) {
    for (const announced of [true, false]) {
      for (const most of [1, 7, 128, 1000, 100_000]) {
        const bytes = sequence(length);
        const draft = store.draft();
        if (announced) draft.expect(length);
        for (let at = 0; at < length; ) {
          const end = Math.min(length, at + 1 + random.below(most));
          draft.append(bytes.subarray(at, end));
          at = end;
        }
        assert.is(draft.length, length);
        assert.ok(bytesOf(draft).equals(bytes), `${length} bytes as a draft`);
        const slot = store.put(cache, KEY, draft, attributes({ contentType: '' }), 0);
        draft.release();
        assert.is(store.room.draftBytes, 0);
        assert.ok(storedBytes(store, slot).equals(bytes), `${length} bytes as an entry`);
        assert.is(store.budget.usedBytes, accountedBytes(store));
      }
    }
  }
  store.remove(findKey(store, cache, 'key'));
  assert.is(store.budget.usedBytes, 0);
});

test('a value that is longer or shorter than announced is kept as it came', () => {
  const store = newStore();
  const cache = newCache(store);
  for (const [announced, came] of [
    [10, 5000],
    [5000, 10],
    [5000, 0],
    [0, 5000],
  ] as const) {
    const draft = store.draft();
    draft.expect(announced);
    if (came > 0) draft.append(sequence(came));
    const slot = store.put(cache, KEY, draft, attributes(), 0);
    draft.release();
    assert.ok(storedBytes(store, slot).equals(sequence(came)));
  }
  store.remove(findKey(store, cache, 'key'));
  assert.is(store.budget.usedBytes, 0);
});

test('what is announced is charged before its first byte, and a draft that is given up gives all of it back', () => {
  const store = newStore();
  for (const announced of [10, 4096, 4097, 100_000]) {
    const draft = store.draft();
    draft.expect(announced);
    assert.ok(store.room.draftBytes >= announced);
    assert.is(store.budget.usedBytes, store.room.draftBytes);
    draft.append(sequence(Math.min(announced, 500)));
    draft.release();
    assert.is(store.room.draftBytes, 0);
    assert.is(store.budget.usedBytes, 0);
  }
});

test('a value over the limit is refused when it is announced, and when it comes unannounced', () => {
  const store = newStore({ maxValueBytes: 5000 });
  const draft = store.draft();
  assert.throws(
    () => draft.expect(5001),
    (error: unknown) => error instanceof TooLargeError,
  );
  draft.append(sequence(5000));
  assert.throws(
    () => draft.append(sequence(1)),
    (error: unknown) => error instanceof TooLargeError,
  );
  assert.is(draft.length, 5000);
  draft.release();
  assert.is(store.budget.usedBytes, 0);
});

test('drafts together hold at most half of the memory; the one too many is refused and the others finish', () => {
  const store = newStore({ memoryBytes: 100_000, maxValueBytes: 50_000 });
  const first = store.draft();
  first.expect(30_000);
  const second = store.draft();
  assert.throws(
    () => second.expect(30_000),
    (error: unknown) => error instanceof RoomError,
  );
  const third = store.draft();
  assert.throws(
    () => third.append(sequence(30_000)),
    (error: unknown) => error instanceof RoomError,
  );
  first.append(sequence(30_000));
  assert.ok(bytesOf(first).equals(sequence(30_000)));
  for (const draft of [first, second, third]) draft.release();
  assert.is(store.budget.usedBytes, 0);
});

test('a draft that outgrows its pieces and finds no room stays as it was', () => {
  const store = newStore({ memoryBytes: 20_000, maxValueBytes: 9000 });
  const other = store.draft();
  other.expect(4000);
  const draft = store.draft();
  draft.append(sequence(3000));
  assert.throws(
    () => draft.append(sequence(6000)),
    (error: unknown) => error instanceof RoomError,
  );
  assert.ok(bytesOf(draft).equals(sequence(3000)));
  draft.release();
  other.release();
  assert.is(store.budget.usedBytes, 0);
});

test('a draft that found no room as an entry can still be read, and is charged until it is released', () => {
  for (const length of [100, 12_000]) {
    const store = newStore({ memoryBytes: 50_000 });
    const full = newCache(store, 25_000, false);
    putBytes(store, full, 'already', sequence(24_000 - length));
    const draft = store.draft();
    draft.append(sequence(length));
    const before = store.budget.usedBytes;
    assert.throws(
      () => store.put(full, Buffer.alloc(2000), draft, attributes(), 0),
      (error: unknown) => error instanceof RoomError,
    );
    assert.is(store.budget.usedBytes, before);
    assert.ok(bytesOf(draft).equals(sequence(length)));
    draft.release();
    assert.is(store.room.draftBytes, 0);
    assert.is(store.budget.usedBytes, accountedBytes(store));
  }
});

test('a draft that others retain is charged until the last of them lets go', () => {
  for (const length of [10, 10_000]) {
    const store = newStore();
    const draft = store.draft();
    draft.append(sequence(length));
    const others = [draft.retain(), draft.retain()];
    draft.release();
    assert.ok(store.room.draftBytes >= length);
    assert.ok(bytesOf(others[0]!).equals(sequence(length)));
    others[0]!.release();
    assert.ok(bytesOf(others[1]!).equals(sequence(length)));
    others[1]!.release();
    assert.is(store.room.draftBytes, 0);
    assert.is(store.budget.usedBytes, 0);
  }
});

test('after its release a draft takes nothing any more, and a second release frees nothing twice', () => {
  const store = newStore();
  for (const length of [10, 10_000]) {
    const draft = store.draft();
    draft.append(sequence(length));
    draft.release();
    draft.release();
    assert.throws(() => draft.append(sequence(10)), /released/);
    assert.throws(() => draft.expect(10), /released/);
  }
  assert.is(store.budget.usedBytes, 0);
  const [one, two] = [store.draft(), store.draft()];
  one.append(sequence(10_000));
  two.append(sequence(9000).fill(7));
  assert.ok(bytesOf(one).equals(sequence(10_000)), 'its blocks belong to nobody else');
});

test('a short value that comes byte by byte is not held in thousands of pieces', () => {
  const store = newStore({ memoryBytes: 64 << 20 });
  const drafts: Draft[] = [];
  const heapUsed = (): number => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = heapUsed();
  for (let i = 0; i < 500; i++) {
    const draft = store.draft();
    for (let at = 0; at < SHORT_VALUE_BYTES; at++) draft.append(Uint8Array.of(at % 256));
    drafts.push(draft);
  }
  const held = heapUsed() - before;
  // Two million pieces are hundreds of MB, and stay after a collection.
  assert.ok(held < 20 << 20, `500 values of 4 KiB hold ${held >> 20} MiB`);
  assert.is(drafts[499]!.length, SHORT_VALUE_BYTES);
  assert.is(bytesOf(drafts[0]!)[300], 300 % 256);
});

test.run();
