// How an instance joins, whoever answers.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Joining } from '../../src/fleet/joining.ts';
import type { Outcome, Place } from '../../src/fleet/link.ts';
import { type Member, newMember } from '../../src/fleet/member.ts';
import { FakeClock, settled } from '../cache/fake-clock.ts';
import { identityOf } from './peers.ts';

const UNLISTED: Outcome = { result: 'unlisted', why: '' };
const HUNG: Outcome = { result: 'unreachable', why: '' };

const test = suite('joining');

test('who finds every place unlisted is alone, and begins at once', async () => {
  const { joined } = await start({ p1: UNLISTED, p2: UNLISTED });
  assert.is(joined(), 1);
});

test('who cannot be reached itself does not take itself for alone, and begins after 10 s', async () => {
  const { joined, clock } = await start({ p1: UNLISTED }, { canFind: false });
  await clock.pass(9999);
  assert.is(joined(), 0);
  await clock.pass(1);
  assert.equal([joined(), clock.timers], [1, 0]);
});

test('with somebody there who does not answer it begins after 10 s', async () => {
  const { joined, clock } = await start({ p1: HUNG });
  await clock.pass(9999);
  assert.is(joined(), 0);
  await clock.pass(1);
  assert.is(joined(), 1);
});

test('a place that never answers does not hold it longer', async () => {
  const { joined, clock } = await start({ p1: 'never' });
  await clock.pass(10_000);
  assert.is(joined(), 1);
});

test('of those who only join the lowest incarnation begins, and the other waits for it', async () => {
  const higher = await start({ p1: from('z') }, { members: ['z'] });
  assert.is(higher.joined(), 1);
  const lower = await start({ p1: from('a') }, { members: ['a'] });
  await lower.clock.pass(5000);
  assert.is(lower.joined(), 0);
  lower.joining.foundJoined();
  await lower.clock.pass(200);
  assert.is(lower.joined(), 1);
});

test('the lowest of those who join waits while another place does not answer', async () => {
  const { joined, clock } = await start({ p1: from('z'), p2: HUNG }, { members: ['z'] });
  await clock.pass(5000);
  assert.is(joined(), 0);
});

test('it asks whom those that it finds know, before it begins', async () => {
  const { joined, asked } = await start({ p1: from('z') }, { members: ['z'], learns: 'p9' });
  assert.equal([asked.slice(0, 2), joined()], [['p1', 'p9'], 1]);
});

test('closed while it joins it leaves no timer, and joins nothing', async () => {
  const { joined, clock, joining } = await start({ p1: HUNG });
  joining.close();
  assert.is(clock.timers, 0);
  await clock.pass(20_000);
  assert.is(joined(), 0);
});

interface Setting {
  readonly members?: readonly string[];
  readonly canFind?: boolean;
  /** A place that is learnt of with the first answer. */
  readonly learns?: Place;
}

async function start(answers: Record<Place, Outcome | 'never'>, setting: Setting = {}) {
  const clock = new FakeClock();
  const asked: Place[] = [];
  const members: Member[] = (setting.members ?? []).map((name) => newMember(identityOf(name), 'p1', 0, 0));
  let times = 0;
  const joining = new Joining({
    self: identityOf('m'),
    clock,
    find: async () => Object.keys(answers),
    ask: async (place) => {
      asked.push(place);
      if (setting.learns !== undefined && members.length < 2)
        members.push(newMember(identityOf('y'), setting.learns, 0, 0));
      const answer = answers[place] ?? UNLISTED;
      return answer === 'never' ? new Promise<Outcome>(() => {}) : answer;
    },
    members: () => members,
    canFind: async () => setting.canFind ?? true,
    joined: () => {
      times++;
    },
  });
  void joining.start();
  await settled();
  await settled();
  return { clock, joining, asked, joined: () => times };
}

function from(name: string): Outcome {
  return { result: 'answered', from: identityOf(name), body: {} };
}

test.run();
