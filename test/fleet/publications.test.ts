// What is published at one instance reaches those who listen at the others, as far as that costs little.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ask, Outcome } from '../../src/fleet/link.ts';
import type { Member } from '../../src/fleet/member.ts';
import { Members } from '../../src/fleet/members.ts';
import { Publications, parsePublications } from '../../src/fleet/publications.ts';
import { FakeClock, settled } from '../cache/fake-clock.ts';
import { HeldLink, identityOf } from './peers.ts';
import type { Instance } from './sim/instance.ts';
import { World } from './sim/world.ts';

const test = suite('publications');

function setUp(count = 2) {
  const clock = new FakeClock();
  const link = new HeldLink();
  const members = new Members(identityOf('self'));
  const memory = { used: 0, free: Number.POSITIVE_INFINITY };
  const events = { latest: 0 };
  const publications = new Publications({
    clock,
    link,
    members,
    sender: () => ({ from: {}, members: '' }),
    latestEvent: () => events.latest,
    charge: (bytes) => {
      if (memory.used + bytes > memory.free) return false;
      memory.used += bytes;
      return true;
    },
    release: (bytes) => {
      memory.used -= bytes;
    },
  });
  const add = (name: string): Member => members.add(identityOf(name), `place-${name}`, clock.now(), 0)!;
  for (let i = 1; i <= count; i++) add(`peer${100 + i}`);
  const publish = (channel: string, payload: string): void =>
    publications.publish({ channel: Buffer.from(channel), payload: Buffer.from(payload) });
  return { clock, link, members, memory, events, publications, publish, add };
}

/** As `CHANNEL PAYLOAD`. */
function messagesIn({ body }: Ask): string[] {
  const { messages } = JSON.parse(String(body)) as { messages: unknown };
  return parsePublications({ messages }).map(({ channel, payload }) => `${channel} ${payload}`);
}

const TAKEN: Outcome = { result: 'answered', from: identityOf('peer1'), body: {} };

async function answer(link: HeldLink, outcome: Outcome = TAKEN): Promise<string[]> {
  const { ask, answer: end } = link.next();
  assert.is(ask.kind, 'publish');
  end(outcome);
  await settled();
  return messagesIn(ask);
}

test('each member is sent all that is published, in order, one message of the fleet at a time', async () => {
  const { link, publish, memory, publications } = setUp();
  publish('a', '1');
  publish('a', '2');
  publish('b', '\x00ÿ');
  assert.is(link.asks.length, 2);
  assert.equal(await answer(link), ['a 1']);
  assert.equal(await answer(link), ['a 1']);
  assert.equal(await answer(link), ['a 2', 'b \x00ÿ']);
  assert.equal(await answer(link), ['a 2', 'b \x00ÿ']);
  assert.is(link.asks.length, 0);
  assert.is(memory.used, 0);
  assert.is(publications.missed, 0);
});

test('alone, nothing is kept', () => {
  const { link, publish, memory } = setUp(0);
  publish('a', '1');
  assert.equal([link.asks.length, memory.used], [0, 0]);
});

test('one that does not answer costs the others nothing, and no more memory than the bound', async () => {
  const { link, publish, memory, publications } = setUp();
  publish('a', 'first');
  const slow = link.next();
  const received: string[] = [];
  for (let i = 0; i < 3000; i++) {
    publish('a', String(i).padEnd(1000, '.'));
    assert.ok(memory.used <= (512 << 10) + 100 * 400);
    received.push(...(await answer(link)));
  }
  received.push(...(await answer(link)));
  assert.is(received.length, 3001);
  slow.answer(TAKEN);
  await settled();
  const late = await answer(link);
  assert.ok(late.length > 0 && late.length < 1000);
  assert.match(late.at(-1)!, /^a 2999/);
  assert.is(publications.missed, 3000 - late.length);
  assert.is(memory.used, 0);
});

test('of many members some are sent at one time, and none is forgotten for the others', async () => {
  const { link, publish, memory, publications } = setUp(40);
  const received = new Map<string, string[]>();
  let most = 0;
  const answerOne = async (): Promise<void> => {
    most = Math.max(most, link.asks.length);
    const { to } = link.asks[0]!.ask;
    received.set(to!, [...(received.get(to!) ?? []), ...(await answer(link))]);
  };
  for (let i = 0; i < 100; i++) {
    publish('a', String(i));
    await answerOne();
  }
  while (link.asks.length > 0) await answerOne();
  assert.is(most, 16);
  const all = Array.from({ length: 100 }, (_, i) => `a ${i}`);
  assert.is(received.size, 40);
  for (const messages of received.values()) assert.equal(messages, all);
  assert.equal([memory.used, publications.missed], [0, 0]);
});

test('what could not be delivered is not sent again', async () => {
  const { link, publish, memory, publications } = setUp(1);
  publish('a', '1');
  await answer(link, { result: 'unreachable', why: 'refused' });
  assert.is(link.asks.length, 0);
  publish('a', '2');
  assert.equal(await answer(link), ['a 2']);
  assert.equal([publications.missed, memory.used], [1, 0]);
});

test('a daemon of before, which refuses it, is left alone for a minute', async () => {
  const { clock, link, publish, memory } = setUp(1);
  publish('a', '1');
  await answer(link, { result: 'refused', why: '404 malformed' });
  publish('a', '2');
  assert.is(link.asks.length, 0);
  assert.is(memory.used, 0);
  clock.advance(60_000);
  publish('a', '3');
  assert.equal(await answer(link), ['a 3']);
});

test('a member is sent it once it has confirmed what was announced before it', async () => {
  const { link, members, events, publish, publications, memory } = setUp(2);
  const [behind] = members.all;
  publish('a', '1');
  events.latest = 7;
  for (const member of members.all) member.sending = true;
  publish('a', '2');
  members.all[1]!.confirmed = 7;
  assert.equal(await answer(link), ['a 1']);
  assert.equal(await answer(link), ['a 1']);
  assert.equal(await answer(link), ['a 2']);
  events.latest = 8;
  publish('a', '3');
  assert.is(link.asks.length, 0);
  for (const [confirmed, message] of [
    [7, 'a 2'],
    [8, 'a 3'],
  ] as const) {
    behind!.confirmed = confirmed;
    publications.delivered(behind!);
    assert.equal(await answer(link), [message]);
  }
  assert.is(link.asks.length, 0);
  members.all[1]!.confirmed = 8;
  publications.delivered(members.all[1]!);
  assert.equal(await answer(link), ['a 3']);
  assert.equal([memory.used, publications.missed], [0, 0]);
});

test('who could not be sent what was announced before it misses it: it overtakes nothing', async () => {
  const { link, members, events, publish, publications, memory } = setUp(1);
  const [member] = members.all;
  events.latest = 1;
  member!.sending = true;
  publish('a', '1');
  member!.sending = false;
  publications.delivered(member!);
  assert.equal([link.asks.length, memory.used, publications.missed], [0, 0, 1]);
  member!.confirmed = 1;
  publish('a', '2');
  assert.equal(await answer(link), ['a 2']);
});

test('who is met later is sent what is published from then on', async () => {
  const { link, publish, add } = setUp(1);
  publish('a', '1');
  publish('a', '2');
  add('late');
  publish('a', '3');
  assert.equal(messagesIn(link.asks[0]!.ask), ['a 1']);
  assert.equal(messagesIn(link.asks[1]!.ask), ['a 3']);
});

test('who left is not sent any more, and holds nothing', async () => {
  const { link, publish, members, memory, clock } = setUp(2);
  publish('a', '1');
  publish('a', '2');
  const [gone] = members.all;
  members.remove(gone!, clock.now(), true);
  await answer(link);
  assert.equal(await answer(link), ['a 1']);
  assert.equal(await answer(link), ['a 2']);
  assert.equal([link.asks.length, memory.used], [0, 0]);
});

test('what is too large, or for which there is no memory, stays here', () => {
  const { link, publish, memory, publications } = setUp(1);
  publish('a', 'x'.repeat(400 << 10));
  memory.free = 50;
  publish('a', 'x');
  assert.equal([link.asks.length, memory.used, publications.missed], [0, 0, 2]);
});

test('once closed, nothing is sent or kept', async () => {
  const { link, publish, memory, publications } = setUp(1);
  publish('a', '1');
  publish('a', '2');
  publications.close();
  publish('a', '3');
  await answer(link);
  assert.equal([link.asks.length, memory.used], [0, 0]);
});

test('of a message that makes no sense the rest is taken', () => {
  const some = [['YQ==', 'eA=='], 7, null, ['YQ=='], [1, 2], {}, 'x'];
  assert.is(parsePublications({ messages: some }).length, 1);
  for (const messages of [undefined, 7, {}, 'x']) assert.equal(parsePublications({ messages }), []);
});

test('in a fleet it reaches every other instance once, and not the own', async () => {
  const world = new World();
  const [one, ...others] = await world.startFleet(4);
  for (let i = 0; i < 20; i++)
    one!.fleet.publish({ channel: Buffer.from('news'), payload: Buffer.from(String(i)) });
  await world.pass(1000);
  const all = Array.from({ length: 20 }, (_, i) => `news ${i}`);
  for (const { published } of others) assert.equal(published, all);
  assert.equal(one!.published, []);
  assert.is(one!.logBytes, 0);
});

test('who hears of it has forgotten what was changed before it, whatever the network does', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World(seed);
    let heard = 0;
    const onPublished = (instance: Instance): void => {
      heard++;
      const cached = instance.peek('a/1');
      const [, version] = instance.published.at(-1)!.split(' ');
      assert.ok(cached === undefined || cached >= Number(version), `seed ${seed}: ${cached} of ${version}`);
    };
    const fleet = await world.startFleet(3, { onPublished });
    world.network.lostRequests = 5;
    world.network.lostReplies = 5;
    for (let i = 0; i < 50; i++) {
      for (const instance of fleet) instance.read('a/1');
      const version = world.change('a/1');
      const teller = fleet[i % 3]!;
      teller.write('a/1');
      teller.fleet.publish({ channel: Buffer.from('changed'), payload: Buffer.from(String(version)) });
      await world.pass(3000);
    }
    assert.ok(heard > 60, `seed ${seed}: ${heard} were heard`);
  }
});

test('it changes nothing of what is confirmed and repaired', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  world.network.refusing.add(two!.identity.incarnation);
  one!.fleet.publish({ channel: Buffer.from('news'), payload: Buffer.from('lost') });
  await world.pass(3000);
  world.network.refusing.clear();
  await world.pass(30_000);
  assert.equal([one!.drops, two!.drops, two!.published], [[], [], []]);
});

test.run();
