// The log of own events: numbers, what everybody confirmed, and what does not fit.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventLog } from '../../src/fleet/event-log.ts';
import { eventOf } from './peers.ts';

const ALL = 1 << 20;

const test = suite('event log');

test('events are numbered from one, without gaps', () => {
  const { log } = logOf();
  assert.equal([append(log, 'a'), append(log, 'b'), append(log, 'a'), log.latest], [1, 2, 3, 3]);
});

test('a batch has what comes after what is confirmed, and says up to where', () => {
  const { log } = logOf();
  for (const cache of ['a', 'b', 'c']) append(log, cache);
  const batch = log.after(1, ALL)!;
  assert.equal([batch.after, sequences(batch.events), batch.lost, batch.upTo], [1, [2, 3], [], 3]);
  assert.is(log.after(3, ALL), undefined);
});

test('a batch ends where it is long enough, and has one event at least', () => {
  const { log } = logOf();
  for (const cache of ['a', 'b', 'c']) append(log, cache);
  const batch = log.after(0, 1)!;
  assert.equal([sequences(batch.events), batch.upTo], [[1], 1]);
});

test('what everybody confirmed is forgotten, and its bytes released', () => {
  const { log, held } = logOf();
  append(log, 'a');
  append(log, 'b');
  assert.ok(held() > 0);
  log.confirmed(2);
  assert.equal([held(), log.bytes], [0, 0]);
});

test('who is behind what is forgotten is told after what it would have to be', () => {
  const { log } = logOf();
  for (const cache of ['a', 'b', 'c']) append(log, cache);
  log.confirmed(2);
  assert.equal(log.after(0, ALL)!.after, 2);
  log.confirmed(3);
  const batch = log.after(0, ALL)!;
  assert.equal([batch.after, batch.events, batch.upTo], [3, [], 3]);
});

test('of what does not fit only the caches are kept, for those who need them', () => {
  const { log } = logOf(700);
  for (const cache of ['a', 'b', 'c', 'd']) append(log, cache);
  const first = sequences(log.after(0, ALL)!.events)[0]!;
  assert.ok(first > 1);
  const lost = ['a', 'b', 'c', 'd'].slice(0, first - 1);
  assert.equal(log.after(0, ALL)!.lost, lost);
  assert.equal(log.after(1, ALL)!.lost, lost.slice(1));
  assert.equal(log.after(first - 1, ALL)!.lost, []);
});

test('where no memory is given nothing is kept, and everything is told as lost', () => {
  let isFree = true;
  const { log, held } = logOf(ALL, () => isFree);
  append(log, 'a');
  isFree = false;
  append(log, 'b');
  const batch = log.after(0, ALL)!;
  assert.equal([batch.after, batch.events, batch.lost, batch.upTo, held()], [0, [], ['a', 'b'], 2, 0]);
});

test('lost caches are forgotten when everybody has dropped them', () => {
  const { log } = logOf(0);
  append(log, 'a');
  log.confirmed(1);
  append(log, 'b');
  assert.equal(log.after(1, ALL)!.lost, ['b']);
});

test('how long one has waited is the age of the first event it lacks', () => {
  const { log } = logOf();
  log.append(eventOf('a'), [100, 0]);
  log.append(eventOf('a'), [200, 0]);
  assert.equal([log.waitingSinceMs(0), log.waitingSinceMs(1), log.waitingSinceMs(2)], [100, 200, undefined]);
});

function logOf(maxBytes = ALL, isFree: () => boolean = () => true) {
  let bytes = 0;
  const log = new EventLog({
    maxBytes,
    charge: (more) => {
      if (isFree()) bytes += more;
      return isFree();
    },
    release: (less) => {
      bytes -= less;
    },
  });
  return { log, held: () => bytes };
}

function append(log: EventLog, cache: string): number {
  return log.append(eventOf(cache), [1, 0]).sequence;
}

function sequences(events: readonly string[]): number[] {
  return events.map((text) => (JSON.parse(text) as { sequence: number }).sequence);
}

test('an event takes a byte for each character', () => {
  const { log, held } = logOf();
  append(log, 'a');
  const fewBytes = held();
  append(log, 'a'.repeat(61));
  assert.is(held() - fewBytes, fewBytes + 60);
});

test.run();
