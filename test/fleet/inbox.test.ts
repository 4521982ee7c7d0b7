// What comes from others: in order, none twice, and none missed without its being noticed.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeEvent } from '../../src/fleet/event.ts';
import { type AppAnswer, type EventsMessage, Inbox, parseEvents } from '../../src/fleet/inbox.ts';
import { settled } from '../cache/fake-clock.ts';
import { eventOf } from './peers.ts';

const A = 'aaaaaaaa';
const B = 'bbbbbbbb';

const test = suite('inbox');

test('events are applied in their order, and confirmed', () => {
  const { inbox, applied } = joined();
  const { confirmed, results } = inbox.receive(A, message(0, [1, 2, 3]));
  assert.equal([applied, confirmed], [['a1', 'a2', 'a3'], 3]);
  assert.equal(results, [
    [1, 1, false],
    [2, 1, false],
    [3, 1, false],
  ]);
});

test('what comes again is not applied again', () => {
  const { inbox, applied, drops } = joined();
  inbox.receive(A, message(0, [1, 2]));
  const { confirmed } = inbox.receive(A, message(0, [1, 2, 3]));
  assert.equal([applied, confirmed, drops], [['a1', 'a2', 'a3'], 3, []]);
});

test('who missed what is not told any more drops everything', () => {
  const { inbox, applied, drops } = joined();
  inbox.receive(A, message(0, [1]));
  assert.is(inbox.receive(A, message(3, [4])).confirmed, 4);
  assert.equal([applied, drops], [['a1', 'a4'], ['all']]);
});

test('whatever cannot be read in one message is one reason to drop everything', () => {
  const { inbox, drops } = joined();
  const events = Array.from({ length: 10_000 }, () => 0);
  inbox.receive(A, { after: 0, events, lost: [], upTo: 10_000 });
  assert.equal(drops, ['all']);
});

test('another may tell how far an origin is, but not further than it says itself', () => {
  const { inbox, drops, applied } = newInbox();
  inbox.adopt({ [A]: 2 ** 53 - 1 });
  inbox.joining = false;
  inbox.meet(A, 7);
  assert.equal([drops, inbox.seen(A)], [['all'], 7]);
  inbox.receive(A, message(7, [8]));
  inbox.meet(A, 7);
  assert.equal([applied, drops, inbox.seen(A)], [['a8'], ['all'], 8]);
});

test('an older word of an origin, come late, undoes nothing that it has said itself since', () => {
  const met = joined();
  met.inbox.joining = true;
  met.inbox.adopt({ [A]: 3 });
  met.inbox.joining = false;
  met.inbox.meet(A, 3);
  met.inbox.meet(A, 2);
  assert.equal([met.drops, met.inbox.seen(A)], [[], 3]);

  const sent = joined();
  sent.inbox.joining = true;
  sent.inbox.adopt({ [A]: 3 });
  sent.inbox.joining = false;
  sent.inbox.receive(A, message(3, [4]));
  sent.inbox.meet(A, 3);
  sent.inbox.receive(A, message(3, [4, 5]));
  assert.equal([sent.applied, sent.drops, sent.inbox.seen(A)], [['a4', 'a5'], [], 5]);
});

test('a gap within a message is noticed', () => {
  const { inbox, drops } = joined();
  assert.is(inbox.receive(A, message(0, [1, 3])).confirmed, 3);
  assert.equal(drops, ['all']);
});

test('a message that ends further than its events is a gap', () => {
  const { inbox, drops } = joined();
  assert.is(inbox.receive(A, message(0, [1], { upTo: 4 })).confirmed, 4);
  assert.equal(drops, ['all']);
});

test('of events that were lost the caches are dropped, and no others', () => {
  const { inbox, drops, applied } = joined();
  inbox.receive(A, message(0, [1]));
  assert.is(inbox.receive(A, message(1, [5], { lost: ['b'] })).confirmed, 5);
  assert.equal([drops, applied], [[['b']], ['a1', 'a5']]);
});

test('a message that has only lost caches is confirmed', () => {
  const { inbox, drops } = joined();
  assert.is(inbox.receive(A, message(0, [], { lost: ['b'], upTo: 7 })).confirmed, 7);
  assert.equal(drops, [['b']]);
});

test('an event that cannot be read drops everything, once, and is not asked for again', () => {
  const { inbox, drops } = joined();
  const broken = { ...message(0, [1]), events: [{ sequence: 1 }] };
  assert.is(inbox.receive(A, broken).confirmed, 1);
  assert.is(inbox.receive(A, broken).confirmed, 1);
  assert.equal(drops, ['all']);
});

test('each origin is counted by itself', () => {
  const { inbox, drops } = joined();
  inbox.receive(A, message(0, [1]));
  inbox.receive(B, message(0, [1, 2]));
  assert.equal([inbox.seen(A), inbox.seen(B), drops], [1, 2, []]);
});

test('whoever is met that had made changes before: everything is dropped', () => {
  const { inbox, drops } = joined();
  inbox.meet(A, 0);
  assert.equal(drops, []);
  inbox.meet(B, 4);
  assert.equal(drops, ['all']);
  inbox.meet(B, 9);
  assert.equal([drops, inbox.seen(B)], [['all'], 4]);
});

test('who joins misses nothing, and takes over how far others are', () => {
  const { inbox, drops } = newInbox();
  inbox.receive(A, message(5, [6]));
  inbox.meet(B, 3);
  inbox.adopt({ [A]: 4, [B]: 8, cccccccc: 2 });
  assert.equal([inbox.vector, drops], [{ [A]: 6, [B]: 8, cccccccc: 2 }, []]);
});

test('who has joined takes over nothing', () => {
  const { inbox } = joined();
  inbox.adopt({ [A]: 4 });
  assert.is(inbox.seen(A), undefined);
});

test('an event waits for the app until it was taken', async () => {
  let answer: (answer: AppAnswer) => void = () => {};
  const app = new Promise<AppAnswer>((resolve) => {
    answer = resolve;
  });
  const { inbox } = joined(app);
  assert.equal(inbox.receive(A, message(0, [1])).results, [[1, 1, true]]);
  assert.equal([inbox.waiting(A), inbox.app(A, 1)], [[1], app]);
  assert.equal(inbox.receive(A, message(0, [1])).results, [[1, null, true]]);
  answer('applied');
  await settled();
  assert.equal(inbox.waiting(A), []);
  assert.equal(inbox.receive(A, message(0, [1])).results, [[1, null, false]]);
});

test('an app that failed has not taken it', async () => {
  const { inbox } = joined(Promise.resolve('failed'));
  inbox.receive(A, message(0, [1]));
  await settled();
  assert.equal(inbox.waiting(A), [1]);
});

test('origins that are long absent are forgotten, and members never', () => {
  const { inbox } = joined();
  inbox.receive(A, message(0, [1]));
  inbox.receive(B, message(0, [1]));
  const isMember = (origin: string): boolean => origin === B;
  inbox.forgetAbsent(isMember, 0);
  inbox.forgetAbsent(isMember, 599_999);
  assert.is(inbox.seen(A), 1);
  inbox.forgetAbsent(isMember, 600_000);
  assert.equal([inbox.seen(A), inbox.seen(B)], [undefined, 1]);
});

test('no more origins are kept than fit', () => {
  const { inbox } = joined();
  for (let i = 0; i < 5000; i++) inbox.receive(`origin${i}`, message(0, [1]));
  assert.ok(Object.keys(inbox.vector).length <= 4096);
  assert.is(inbox.seen('origin4999'), 1);
});

test('what is no message with events is refused', () => {
  const right = { after: 0, events: [], lost: ['a'], up_to: 0 };
  assert.ok(parseEvents(right));
  for (const wrong of [{ after: -1 }, { events: {} }, { lost: ['A'] }, { lost: 'a' }, { up_to: undefined }])
    assert.is(parseEvents({ ...right, ...wrong }), undefined, JSON.stringify(wrong));
});

function newInbox(app?: Promise<AppAnswer>) {
  const applied: string[] = [];
  const drops: (readonly string[] | 'all')[] = [];
  const inbox = new Inbox({
    apply: ({ sequence }, from) => {
      applied.push(`${from[0]}${sequence}`);
      return { entries: 1, app };
    },
    drop: (caches) => drops.push(caches),
  });
  return { inbox, applied, drops };
}

function joined(app?: Promise<AppAnswer>) {
  const parts = newInbox(app);
  parts.inbox.joining = false;
  return parts;
}

function message(after: number, sequences: number[], more: Partial<EventsMessage> = {}): EventsMessage {
  const events = sequences.map(
    (sequence) => JSON.parse(encodeEvent({ ...eventOf('a'), sequence, at: [1, 0] })) as unknown,
  );
  return { after, events, lost: [], upTo: sequences.at(-1) ?? after, ...more };
}

test.run();
