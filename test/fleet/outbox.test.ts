// What goes to the others: one message at a time to each, in order, until it is confirmed.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ask } from '../../src/fleet/link.ts';
import type { Member } from '../../src/fleet/member.ts';
import { Members } from '../../src/fleet/members.ts';
import { Outbox } from '../../src/fleet/outbox.ts';
import { FakeClock, settled } from '../cache/fake-clock.ts';
import { eventOf, HeldLink, identityOf } from './peers.ts';

const test = suite('outbox');

test('a member gets one message at a time; what is announced meanwhile goes with the next', async () => {
  const { outbox, link, append } = setUp();
  const first = outbox.announce(append(), 1000);
  const more = [outbox.announce(append(), 1000), outbox.announce(append(), 1000)];
  assert.is(link.asks.length, 1);
  confirm(link, 1);
  await settled();
  assert.equal(
    (await first).map(({ status }) => status),
    ['applied'],
  );
  assert.is(link.asks.length, 1);
  const { ask } = link.asks[0]!;
  assert.equal([bodyOf(ask).after, bodyOf(ask).events.length], [1, 2]);
  confirm(link, 3);
  await settled();
  for (const announced of more) assert.is((await announced)[0]!.status, 'applied');
  assert.is(link.asks.length, 0);
});

test('a peer that takes messages and confirms nothing is refused, and not asked again at once', async () => {
  const { outbox, link, append, member } = setUp();
  const reports = outbox.announce(append(), 1000);
  confirm(link, 0);
  await settled();
  assert.equal(
    (await reports).map(({ status }) => status),
    ['refused'],
  );
  assert.equal([link.asks.length, member.confirmed], [0, 0]);
  outbox.deliver(member);
  assert.is(link.asks.length, 1);
});

test('while an app is waited for, a peer that cannot be reached is not asked over and over', async () => {
  const { outbox, link, append } = setUp();
  const first = outbox.announce(append(), 1000);
  confirm(link, 1, [[1, 1, true]]);
  await settled();
  void first;
  const second = outbox.announce(append(), 1000);
  let asked = 0;
  for (let i = 0; i < 10; i++) {
    const at = link.asks.findIndex(({ ask }) => ask.kind === 'events');
    if (at === -1) break;
    asked++;
    link.asks.splice(at, 1)[0]!.answer({ result: 'unreachable', why: 'this daemon ends' });
    await settled();
  }
  assert.is(asked, 1);
  assert.is((await second)[0]!.status, 'unreachable');
});

test('one who says that it has applied what was never announced has confirmed nothing', async () => {
  const { clock, outbox, append, member } = setUp();
  const reports = outbox.announce(append(), 1000);
  outbox.confirmed(member, 2 ** 53 - 1, []);
  assert.is(member.confirmed, 0);
  await clock.pass(1000);
  assert.is((await reports)[0]!.status, 'unreachable');
});

test('a peer that confirms what was never said is refused', async () => {
  const { outbox, link, append, member } = setUp();
  const reports = outbox.announce(append(), 1000);
  confirm(link, 99);
  await settled();
  assert.equal([(await reports)[0]!.status, member.confirmed], ['refused', 0]);
});

test('a peer that fails at once is not asked over and over, however much it has not got', async () => {
  const { outbox, link, append } = setUp();
  const body = { contentType: 'x', bytes: Buffer.alloc(90_000) };
  for (let i = 0; i < 20; i++) append(body);
  const reports = outbox.announce(append(body), 1000);
  let asked = 0;
  for (; link.asks.length > 0 && asked < 50; asked++) {
    link.next().answer({ result: 'unreachable', why: 'connection refused' });
    await settled();
  }
  assert.equal([asked, (await reports)[0]!.why], [1, 'connection refused']);
});

test('what was announced while a message was on its way that failed is tried by itself', async () => {
  const { outbox, link, append } = setUp();
  const first = outbox.announce(append(), 1000);
  const second = outbox.announce(append(), 1000);
  link.next().answer({ result: 'unreachable', why: 'reset' });
  await settled();
  assert.is(link.asks.length, 1);
  confirm(link, 2);
  const reports = [...(await first), ...(await second)];
  assert.equal(
    reports.map(({ status }) => status),
    ['unreachable', 'applied'],
  );
});

test('a member that said so in another way has confirmed, though the reply is lost', async () => {
  const { outbox, link, append, member } = setUp();
  const reports = outbox.announce(append(), 1000);
  outbox.confirmed(member, 1, []);
  link.next().answer({ result: 'unreachable', why: 'reset' });
  await settled();
  assert.is((await reports)[0]!.status, 'applied');
});

test('that a member confirmed an event says nothing of its app', async () => {
  const { outbox, link, append, member, clock } = setUp();
  const reports = outbox.announce(append(), 1000);
  outbox.confirmed(member, 1, [1]);
  confirm(link, 1, [[1, 1, true]]);
  const { ask, answer } = link.next();
  assert.equal([ask.kind, bodyOf(ask).sequence], ['confirm', 1]);
  answer({ result: 'answered', from: member.identity, body: { app: 'failed' } });
  await settled();
  assert.is((await reports)[0]!.status, 'app-failed');
  assert.is(clock.timers, 0);
});

test('an answer that speaks of later events leaves an earlier one to its app', async () => {
  const { outbox, link, append, member } = setUp();
  const first = outbox.announce(append(), 1000);
  const second = outbox.announce(append(), 1000);
  confirm(link, 1, [[1, 1, true]]);
  await settled();
  const { answer } = link.asks.splice(
    link.asks.findIndex(({ ask }) => ask.kind === 'confirm'),
    1,
  )[0]!;
  confirm(link, 2, [[2, 1, false]]);
  await settled();
  assert.is((await second)[0]!.status, 'applied');
  answer({ result: 'answered', from: member.identity, body: { app: 'failed' } });
  await settled();
  assert.is((await first)[0]!.status, 'app-failed');
});

test('an answer from before an event says nothing of it', async () => {
  const { outbox, link, append, member } = setUp();
  const reports = outbox.announce(append(), 1000);
  confirm(link, 1, [[1, 1, true]]);
  await settled();
  outbox.confirmed(member, 0, []);
  link.next().answer({ result: 'answered', from: member.identity, body: { app: 'failed' } });
  await settled();
  assert.is((await reports)[0]!.status, 'app-failed');
});

test('one that is said to be further back than was presumed gets what it lacks', () => {
  const { outbox, link, append, members } = setUp();
  append();
  append();
  const member = members.add(identityOf('late'), 'late', 0, outbox.beginning)!;
  outbox.deliver(member);
  assert.is(link.asks.length, 0);
  outbox.confirmed(member, 1, []);
  outbox.deliver(member);
  assert.equal(bodyOf(link.next().ask).after, 1);
});

test('a member that is met while somebody waits is asked for that event, too', async () => {
  const { outbox, link, append, members } = setUp();
  const reports = outbox.announce(append(), 1000);
  const member = members.add(identityOf('late'), 'late', 0, outbox.beginning)!;
  outbox.include(member);
  outbox.deliver(member);
  confirm(link, 1);
  confirm(link, 1);
  await settled();
  assert.equal(
    (await reports).map(({ status }) => status),
    ['applied', 'applied'],
  );
});

test('one that is no member any more is sent nothing', async () => {
  const { outbox, link, append, members, member } = setUp();
  const reports = outbox.announce(append(), 1000);
  append();
  members.remove(member, 0, true);
  outbox.exclude(member, 'it said farewell');
  assert.is((await reports)[0]!.status, 'gone');
  confirm(link, 1);
  await settled();
  assert.is(link.asks.length, 0);
});

test('one that fetches by itself is waited for, and not reported while it may come', async () => {
  const { outbox, link, append, member, clock } = setUp();
  member.pulledAtMs = clock.now();
  const reports = outbox.announce(append(), 1000);
  link.next().answer({ result: 'other', from: identityOf('twin') });
  await settled();
  outbox.confirmed(member, 1, []);
  assert.is((await reports)[0]!.status, 'applied');
});

test('who answers and knows others, of whom nothing could be learnt, has not confirmed', async () => {
  const { outbox, link, append } = setUp(() => Promise.resolve(false));
  const reports = outbox.announce(append(), 1000);
  confirm(link, 1);
  await settled();
  assert.is((await reports)[0]!.status, 'unreachable');
});

test('who says so unasked and knows others leaves it to an answer', async () => {
  const { outbox, link, append, member } = setUp();
  const reports = outbox.announce(append(), 1000);
  outbox.confirmed(member, 1, [], false);
  confirm(link, 1, [[1, 7, false]]);
  assert.is((await reports)[0]!.entries, 7);
});

function setUp(heard: () => Promise<boolean> | undefined = () => undefined) {
  const clock = new FakeClock();
  const link = new HeldLink();
  const members = new Members(identityOf('self'));
  const member: Member = members.add(identityOf('one'), 'one', 0, 0)!;
  const log = { maxBytes: 1 << 22, charge: () => true, release: () => {} };
  const outbox = new Outbox({
    log,
    clock,
    link,
    members,
    sender: () => ({ members: members.hash }),
    heard,
  });
  const append = (body?: { contentType: string; bytes: Buffer }): number =>
    outbox.append(eventOf('a', { body }), [1, 0]).sequence;
  return { clock, link, members, member, outbox, append };
}

function confirm(link: HeldLink, confirmed: number, results: unknown[] = []): void {
  const at = link.asks.findIndex(({ ask }) => ask.kind === 'events');
  const { ask, answer } = link.asks.splice(at, 1)[0]!;
  const all = results.length > 0 ? results : resultsOf(ask);
  answer({ result: 'answered', from: identityOf('one'), body: { confirmed, results: all } });
}

function resultsOf(ask: Ask): unknown[] {
  return bodyOf(ask).events.map(({ sequence }) => [sequence, 1, false]);
}

function bodyOf({ body }: Ask): { after: number; sequence?: number; events: { sequence: number }[] } {
  return (typeof body === 'string' ? JSON.parse(body) : body) as ReturnType<typeof bodyOf>;
}

test('who confirmed by itself while another answered in its place is not waited for any longer', async () => {
  const { outbox, link, append, member } = setUp();
  const sequence = append();
  const reports = outbox.announce(sequence, 1000);
  // It knows others than are known here, so whoever waits is not told.
  outbox.confirmed(member, sequence, [], false);
  link.next().answer({ result: 'other', from: identityOf('twin') });
  await settled();
  assert.is((await reports)[0]!.status, 'unreachable');
  assert.is(link.asks.length, 0);
});

test('of what was not taken less is sent, and more again when something is', async () => {
  const { outbox, link, append, member } = setUp();
  const body = { contentType: 'text/plain', bytes: Buffer.alloc(60_000) };
  for (let i = 0; i < 8; i++) append(body);
  const lengths: number[] = [];
  const tell = async (answer: () => void): Promise<void> => {
    outbox.deliver(member);
    lengths.push(bodyOf(link.asks[0]!.ask).events.length);
    answer();
    await settled();
  };
  const refuse = (): void => link.asks.splice(0, 1)[0]!.answer({ result: 'refused', why: 'no_room' });
  for (let i = 0; i < 4; i++) await tell(refuse);
  assert.equal(lengths, [8, 4, 2, 1]);
  await tell(() => confirm(link, 1));
  await tell(() => confirm(link, 2));
  assert.is(bodyOf(link.asks[0]!.ask).events.length, 2);
});

test.run();
