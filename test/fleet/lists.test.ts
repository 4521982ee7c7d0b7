// Lists of members that others know: each is fetched once, and what an answer says waits for it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Outcome } from '../../src/fleet/link.ts';
import { Lists } from '../../src/fleet/lists.ts';
import { newMember } from '../../src/fleet/member.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { identityOf } from './peers.ts';

const ANSWERED: Outcome = { result: 'answered', from: identityOf('one'), body: {} };

const test = suite('lists');

test('of who knows the same members nothing is fetched', () => {
  const { lists, fetched } = setUp();
  assert.is(lists.heard('own', member('one')), undefined);
  assert.equal(fetched, []);
});

test('one list is fetched once, whoever knows it, and again after half a minute', async () => {
  const { lists, fetched, clock } = setUp();
  const [first, second] = [lists.heard('other', member('one')), lists.heard('other', member('two'))];
  assert.equal([await first, await second, fetched], [true, true, ['one00000']]);
  assert.is(lists.heard('other', member('two')), undefined);
  clock.advance(30_000);
  assert.is(await lists.heard('other', member('two')), true);
  assert.is(fetched.length, 2);
});

test('a list that could not be had is said so, and fetched again', async () => {
  const { lists, fetched } = setUp({ result: 'unreachable', why: '' });
  assert.is(await lists.heard('other', member('one')), false);
  assert.is(await lists.heard('other', member('one')), false);
  assert.is(fetched.length, 2);
});

function setUp(outcome: Outcome = ANSWERED) {
  const clock = new FakeClock();
  const fetched: string[] = [];
  const lists = new Lists({
    clock,
    ownHash: () => 'own',
    fetch: async (_place, to) => {
      fetched.push(to);
      return outcome;
    },
  });
  return { lists, fetched, clock };
}

function member(name: string) {
  return newMember(identityOf(name), 'p', 0, 0);
}

test.run();
