// One change on its way to all: who is reported how, and when it ends.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Announcement } from '../../src/fleet/announcement.ts';
import { type Member, newMember } from '../../src/fleet/member.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { identityOf } from './peers.ts';

const test = suite('announcement');

test('with nobody to ask it has ended', async () => {
  assert.equal(await new Announcement(1, [], 1000, new FakeClock()).done, []);
});

test('it ends when all have answered, and leaves no timer', async () => {
  const { clock, one, two, announcement } = setUp();
  announcement.applied(one, 3, false);
  assert.not(announcement.settled);
  clock.advance(12);
  announcement.failed(two, 'unreachable', 'no route');
  assert.equal(await statuses(announcement), ['applied', 'unreachable']);
  const [first, second] = await announcement.done;
  assert.equal([first!.entries, first!.ms, second!.ms, second!.why], [3, 0, 12, 'no route']);
  assert.is(clock.timers, 0);
});

test('it ends at its deadline and says who did not confirm', async () => {
  const { clock, one, announcement } = setUp();
  announcement.applied(one, 1, false);
  clock.advance(1000);
  assert.equal(await statuses(announcement), ['applied', 'unreachable']);
  assert.match((await announcement.done)[1]!.why!, /did not confirm within 1000 ms/);
});

test('one that applied it and whose app did not answer in time is app-failed, not unreachable', async () => {
  const { clock, one, two, announcement } = setUp();
  announcement.applied(one, undefined, true);
  announcement.failed(one, 'unreachable', 'the answer was lost');
  announcement.applied(two, 1, false);
  clock.advance(1000);
  assert.equal(await statuses(announcement), ['app-failed', 'applied']);
});

test('what the app answers is what is reported', async () => {
  const { one, two, announcement } = setUp();
  announcement.applied(one, 1, true);
  announcement.applied(two, 1, true);
  announcement.app(one, 'applied');
  announcement.app(two, 'failed');
  assert.equal(await statuses(announcement), ['applied', 'app-failed']);
});

test('one that is met meanwhile is asked as well', async () => {
  const { clock, one, two, announcement } = setUp();
  const three = memberOf('three');
  announcement.applied(one, 1, false);
  announcement.expect(three);
  announcement.applied(two, 1, false);
  assert.not(announcement.settled);
  announcement.applied(three, 1, false);
  assert.equal(await statuses(announcement), ['applied', 'applied', 'applied']);
  assert.is(clock.timers, 0);
});

test('what was reported once stays', async () => {
  const { one, two, announcement } = setUp();
  announcement.applied(one, 1, false);
  announcement.failed(one, 'gone', 'it left');
  announcement.failed(two, 'gone', 'it left');
  announcement.applied(two, 1, false);
  assert.equal(await statuses(announcement), ['applied', 'gone']);
});

test('an app is asked once at a time', () => {
  const { one, announcement } = setUp();
  assert.ok(announcement.beginAskingApp(one));
  assert.not(announcement.beginAskingApp(one));
  announcement.endAskingApp(one);
  assert.ok(announcement.beginAskingApp(one));
  assert.not(announcement.beginAskingApp(memberOf('stranger')));
});

function setUp() {
  const clock = new FakeClock();
  const [one, two] = [memberOf('one'), memberOf('two')];
  return { clock, one, two, announcement: new Announcement(1, [one, two], 1000, clock) };
}

function memberOf(name: string): Member {
  return newMember(identityOf(name), 'p', 0, 0);
}

async function statuses(announcement: Announcement): Promise<string[]> {
  return (await announcement.done).map(({ status }) => status);
}

test.run();
