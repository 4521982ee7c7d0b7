// Which app hears of which cache.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Log } from '../../src/log.ts';
import type { Told } from '../../src/notify/job.ts';
import type { PostAnswer } from '../../src/notify/notifier.ts';
import { type AppTarget, Notifiers } from '../../src/notify/notifiers.ts';
import { FakeClock, settled } from '../cache/fake-clock.ts';
import { change } from './scripted-app.ts';

const test = suite('notifiers');

interface Call {
  readonly url: string;
  readonly timeoutMs: number;
  readonly told: Told;
}

class Apps {
  readonly clock = new FakeClock();
  readonly calls: Call[] = [];
  readonly lines: Record<string, unknown>[] = [];
  readonly failing = new Set<string>();
  readonly notifiers: Notifiers;
  closed = 0;
  chargedBytes = 0;

  constructor(targets: Record<string, AppTarget | undefined>) {
    this.notifiers = new Notifiers(new Map(Object.entries(targets)), {
      clock: this.clock,
      random: () => 0,
      log: new Log((line) => this.lines.push(JSON.parse(line)), 'info'),
      resyncId: 'mwrc0123456789ab-0',
      charge: (bytes) => {
        this.chargedBytes += bytes;
        return true;
      },
      release: (bytes) => {
        this.chargedBytes -= bytes;
      },
      createPoster: ({ href: url }, timeoutMs) => ({
        post: async (told): Promise<PostAnswer> => {
          this.calls.push({ url, timeoutMs, told });
          return this.failing.has(url) ? { ok: false, why: 'answered 500' } : { ok: true };
        },
        close: () => {
          this.closed++;
        },
      }),
    });
  }

  /** What each call was about, as URL and caches. */
  get heard(): string[] {
    return this.calls.map(
      ({ url, told }) => `${url} ${told.kind === 'resync' ? 'resync' : told.caches.join()}`,
    );
  }
}

const ONE = 'http://app.test/one';
const TWO = 'http://app.test/two';
const one = { url: ONE, timeoutMs: 1_000 };
const two = { url: TWO, timeoutMs: 1_000 };
const BOTH = { users: one, flags: one, prices: two, local: undefined };

test('each app hears of the caches that are its own, in one call', async () => {
  const apps = new Apps(BOTH);
  const answer = await apps.notifiers.tell(change('a-1', { caches: ['users', 'local', 'prices', 'flags'] }));
  assert.is(answer, 'applied');
  assert.equal(apps.heard, [`${ONE} users,flags`, `${TWO} prices`]);
});

test('a change of caches that no app is told of has no answer', async () => {
  const apps = new Apps(BOTH);
  assert.is(await apps.notifiers.tell(change('a-1', { caches: ['local', 'unknown'] })), undefined);
  assert.is(await new Apps({ local: undefined }).notifiers.resync(), undefined);
  assert.equal(apps.heard, []);
});

test('a change has failed where one app failed, and only that one is told again', async () => {
  const apps = new Apps(BOTH);
  apps.failing.add(TWO);
  assert.is(await apps.notifiers.tell(change('a-1', { caches: ['users', 'prices'] })), 'failed');
  assert.equal(
    apps.notifiers.states.map(({ app, pending, failing }) => [app, pending, failing?.why]),
    [
      [ONE, 0, undefined],
      [TWO, 1, 'answered 500'],
    ],
  );
  apps.failing.clear();
  await apps.clock.pass(100);
  assert.equal(apps.heard, [`${ONE} users`, `${TWO} prices`, `${TWO} prices`]);
  assert.equal(apps.notifiers.counts, { applied: 2, failed: 1, merged: 0, dropped: 0 });
  assert.is(apps.chargedBytes, 0);
});

test('a resync is for every app', async () => {
  const apps = new Apps(BOTH);
  assert.is(await apps.notifiers.resync(), 'applied');
  assert.equal(apps.heard, [`${ONE} resync`, `${TWO} resync`]);
});

test('of several time-outs for one URL the longest holds', async () => {
  const apps = new Apps({ users: one, flags: { url: ONE, timeoutMs: 2_500 } });
  await apps.notifiers.tell(change('a-1'));
  assert.is(apps.calls[0]!.timeoutMs, 2_500);
});

test('the log says once that an app fails and once that it is back, without secrets', async () => {
  const url = 'http://user:hidden@app.test/one?token=hidden';
  const apps = new Apps({ users: { url, timeoutMs: 1_000 } });
  apps.failing.add('http://app.test/one?token=hidden');
  void apps.notifiers.tell(change('a-1'));
  await apps.clock.pass(60_000);
  assert.equal(
    apps.lines.map(({ level, app, reason }) => [level, app, reason]),
    [['warn', ONE, 'answered 500']],
  );
  apps.failing.clear();
  await apps.clock.pass(5_000);
  assert.is(apps.lines.length, 2);
  assert.is(apps.lines[1]!.level, 'info');
  assert.is(apps.lines[1]!.failures_in_a_row, apps.notifiers.counts.failed);
  assert.not.match(JSON.stringify([apps.lines, apps.notifiers.states]), 'hidden');
});

test('an app that comes and goes does not fill the log', async () => {
  const apps = new Apps({ users: one });
  for (let i = 0; i < 20; i++) {
    apps.failing.add(ONE);
    void apps.notifiers.tell(change(`a-${i}`));
    await settled();
    apps.failing.clear();
    await apps.clock.pass(1_500);
  }
  assert.is(apps.notifiers.counts.failed, 20);
  assert.is(apps.lines.length, 11);
});

test('the log says that a handler seems to call back, and how to mend it', async () => {
  const apps = new Apps({ users: one });
  for (let i = 0; i < 8; i++) {
    void apps.notifiers.tell(change(`a-${i}`));
    await apps.clock.pass(Math.min(apps.clock.nextTimerInMs, 100));
  }
  await apps.clock.pass(5_000);
  assert.is(apps.lines.length, 1);
  assert.match(String(apps.lines[0]!.message), 'Sidecache-Event');
  assert.equal(apps.lines[0]!.caches, ['users']);
});

test('closing ends every app', async () => {
  const apps = new Apps(BOTH);
  apps.failing.add(ONE);
  await apps.notifiers.tell(change('a-1'));
  apps.notifiers.close();
  assert.is(apps.closed, 2);
  assert.is(apps.clock.timers, 0);
  assert.is(apps.chargedBytes, 0);
});

test.run();
