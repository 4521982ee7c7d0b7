// Writes and deletes on their way to the others: gathered, each key once, and bounded.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type WriteEvent, WriteEvents } from '../../src/changes/write-events.ts';
import { FakeClock } from '../cache/fake-clock.ts';

const test = suite('write events');

class Gathering {
  readonly clock = new FakeClock();
  readonly published: WriteEvent[][] = [];
  readonly writes = new WriteEvents(this.clock, (events) => this.published.push([...events]));

  /** Kind, cache and keys of all that was published. */
  get shown(): string[] {
    return this.published.flat().map(({ kind, cache, keys }) => `${kind} ${cache} ${keys.join()}`);
  }
}

test('what is written within 5 ms leaves as one, each key once', () => {
  const { writes, clock, published } = new Gathering();
  writes.add('users', Buffer.from('a'), 'write');
  clock.advance(3);
  writes.add('users', Buffer.from('b'), 'write');
  writes.add('users', Buffer.from('a'), 'write');
  assert.is(published.length, 0);
  clock.advance(2);
  assert.equal(published, [[{ kind: 'write', cache: 'users', keys: [Buffer.from('a'), Buffer.from('b')] }]]);
});

test('each cache and each kind has an event of its own; of one key the last kind counts', () => {
  const gathering = new Gathering();
  gathering.writes.add('users', Buffer.from('a'), 'write');
  gathering.writes.add('users', Buffer.from('b'), 'write');
  gathering.writes.add('users', Buffer.from('a'), 'delete');
  gathering.writes.add('flags', Buffer.from('c'), 'write');
  gathering.writes.flush();
  assert.equal(gathering.shown, ['delete users a', 'write users b', 'write flags c']);
});

test('more than 1,000 keys are the cache whole', () => {
  const gathering = new Gathering();
  for (let i = 0; i < 1000; i++) gathering.writes.add('users', Buffer.from(`${i}`), 'write');
  gathering.writes.flush();
  assert.is(gathering.published[0]![0]!.keys.length, 1000);
  for (let i = 0; i < 1001; i++) gathering.writes.add('users', Buffer.from(`${i}`), 'delete');
  gathering.writes.flush();
  assert.is(gathering.shown[1], 'write users ');
});

test('so are keys of more than 256 KiB together, which are not held', () => {
  const gathering = new Gathering();
  for (let i = 0; i < 5; i++) gathering.writes.add('users', Buffer.alloc(65_536, i), 'write');
  gathering.writes.flush();
  assert.equal(gathering.shown, ['write users ']);
});

test('keys are bytes', () => {
  const gathering = new Gathering();
  const key = Buffer.from([0, 0xff, 0xc3, 0x28]);
  gathering.writes.add('users', key, 'write');
  gathering.writes.flush();
  assert.equal(gathering.published[0]![0]!.keys, [key]);
});

test('a flush of nothing publishes nothing, and leaves no timer', () => {
  const gathering = new Gathering();
  gathering.writes.flush();
  gathering.writes.add('users', Buffer.from('a'), 'write');
  gathering.writes.flush();
  gathering.clock.advance(10);
  assert.is(gathering.published.length, 1);
  assert.is(gathering.clock.timers, 0);
});

test('deletes with a time are told apart by their millisecond', () => {
  const { writes, published } = new Gathering();
  const add = (key: string, ms: number, count: number): void =>
    writes.add('users', Buffer.from(key), 'delete', [ms, count]);
  add('a', 7, 0);
  add('b', 7, 1);
  add('c', 8, 0);
  writes.flush();
  assert.equal(
    published.flat().map(({ keys, at }) => [keys.join(), at]),
    [
      ['a,b', [7, 1]],
      ['c', [8, 0]],
    ],
  );
});

test.run();
