// What a change means beyond the caches: who is told, who confirmed, and what is not told again.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ChangeCall, ChangeOutcome } from '../../src/changes/change-call.ts';
import { type CacheMode, Changes } from '../../src/changes/changes.ts';
import type { MemberReport } from '../../src/fleet/announcement.ts';
import type { NewEvent, PeerEvent } from '../../src/fleet/event.ts';
import { HybridClock } from '../../src/fleet/hybrid-clock.ts';
import type { AppAnswer, AppChange } from '../../src/notify/change.ts';
import { Lab } from '../cache/cache-lab.ts';
import { settled } from '../cache/fake-clock.ts';

const SELF = { index: '0', instanceId: 'i-0', incarnation: 'self0000' };
const OTHER = { ...SELF, index: '1', instanceId: 'i-1', incarnation: 'other000', process: '', version: '1' };
const NOTHING = { keys: [], tags: [], prefixes: [] };

interface Options {
  modes?: Readonly<Record<string, CacheMode>>;
  /** Undefined: no app is told. */
  app?: () => Promise<AppAnswer>;
  members?: number | undefined;
  reports?: readonly MemberReport[];
  alone?: boolean;
}

/** Changes of two caches, `one` and `two`, with a fleet and an app that write down what they are told. */
class Told {
  readonly lab = new Lab({ withoutLoader: true });
  readonly two = this.lab.add('two', { withoutLoader: true });
  readonly changes: Changes;
  readonly events: PeerEvent[] = [];
  readonly announced: number[] = [];
  readonly app: AppChange[] = [];
  readonly published: string[] = [];
  spreads = 0;
  resyncs = 0;

  constructor({ modes = {}, app, members, reports = [], alone = false }: Options = {}) {
    const { clock, caches } = this.lab;
    const modeOf = new Map<string, CacheMode>([
      ['one', modes.one ?? 'invalidation'],
      ['two', modes.two ?? 'invalidation'],
    ]);
    this.changes = new Changes({
      caches,
      clock,
      self: SELF,
      modes: modeOf,
      appCaches: new Set(app ? ['one', 'two'] : []),
      publish: (kind, selection, entries) =>
        this.published.push(
          `${kind} ${selection.caches.map(({ name }) => name)} ${selection.keys} ${entries}`,
        ),
    });
    if (!alone) this.changes.joinFleet(this.#fleet(members, reports));
    if (app) {
      this.changes.tellApps({
        tell: (change) => {
          this.app.push(change);
          return app();
        },
        resync: async () => void this.resyncs++,
      });
    }
  }

  #fleet(members: number | undefined, reports: readonly MemberReport[]) {
    return {
      count: members,
      hybrid: new HybridClock(() => this.lab.clock.now()),
      append: (event: NewEvent): PeerEvent => {
        const numbered = { ...event, sequence: this.events.length + 1, at: [1, 0] as const };
        this.events.push(numbered);
        return numbered;
      },
      announce: async ({ sequence }: PeerEvent) => {
        this.announced.push(sequence);
        return reports;
      },
      spread: () => void this.spreads++,
    };
  }

  call(call: Partial<ChangeCall> = {}): Promise<ChangeOutcome> {
    const selection = { ...NOTHING, caches: [this.lab.cache] };
    const usual = { kind: 'invalidate', selection, scope: 'fleet', notify: 'all', timeoutMs: 2000 } as const;
    return this.changes.call({ ...usual, body: undefined, repeats: undefined, ...call });
  }

  event(about: Partial<PeerEvent> = {}): PeerEvent {
    const usual = { ...NOTHING, sequence: 7, at: [5, 0] as const, kind: 'invalidate' as const };
    return { ...usual, caches: ['one'], notify: true, body: undefined, ...about };
  }
}

const test = suite('changes');

test('a call is applied here before anybody is asked, and counts this instance first', async () => {
  const reports: MemberReport[] = [
    { identity: OTHER, status: 'unreachable', ms: 3, entries: undefined, why: 'refused' },
  ];
  const told = new Told({ members: 2, reports });
  told.lab.write('v');
  const called = told.call();
  assert.not(told.lab.isStored);
  const { applied, members, entries, report } = await called;
  assert.equal([applied, members, entries], [1, 2, 1]);
  assert.equal(
    report.map(({ index, status, why }) => [index, status, why]),
    [
      ['0', 'applied', undefined],
      ['1', 'unreachable', 'refused'],
    ],
  );
  assert.equal(told.announced, [1]);
  assert.equal(told.published, ['invalidate one  1']);
});

test('one that is gone meanwhile is in the report and not in the count', async () => {
  const gone = {
    identity: OTHER,
    status: 'gone',
    ms: 1,
    entries: undefined,
    why: 'it said farewell',
  } as const;
  const { applied, members, report } = await new Told({ members: 1, reports: [gone] }).call();
  assert.equal([applied, members, report.length], [1, 1, 2]);
});

test('peers are configured and none was ever reached: nobody knows how many there are', async () => {
  const { applied, members } = await new Told({ members: undefined }).call();
  assert.equal([applied, members], [1, undefined]);
});

test('without a fleet, with scope=local, and of local caches only: one of one, and nobody is told', async () => {
  for (const [told, call] of [
    [new Told({ alone: true }), {}],
    [new Told(), { scope: 'local' }],
    [new Told({ modes: { one: 'local' } }), {}],
  ] as const) {
    const { applied, members } = await told.call(call);
    assert.equal([applied, members, told.events], [1, 1, []]);
  }
});

test('of several caches the others are told of those that they have a part in', async () => {
  const told = new Told({ modes: { two: 'local' }, members: 1 });
  await told.call({ selection: { ...NOTHING, caches: told.lab.caches.all, keys: [Buffer.from('k')] } });
  assert.equal(told.events[0]!.caches, ['one']);
  assert.equal(told.events[0]!.keys, [Buffer.from('k')]);
});

test('the own app is told with the number that the others know the change by', async () => {
  const told = new Told({ members: 1, app: async () => 'applied' });
  const body = { contentType: 'application/json', bytes: Buffer.from('{}') };
  await told.call({ kind: 'refresh', body });
  assert.is(told.app[0]!.id, 'self0000-1');
  assert.is(told.app[0]!.at[2], 'self0000');
  assert.equal([told.app[0]!.body, told.events[0]!.body], [body, body]);
});

test('an app that fails, or does not answer in time, makes its instance app-failed', async () => {
  const failing = new Told({ members: 1, app: async () => 'failed' });
  assert.is((await failing.call()).report[0]!.status, 'app-failed');
  const silent = new Told({ members: 1, app: () => new Promise(() => {}) });
  const called = silent.call({ timeoutMs: 500 });
  await silent.lab.clock.pass(500);
  const { applied, members, report } = await called;
  assert.equal([applied, members, report[0]!.status], [0, 1, 'app-failed']);
});

test('notify=others: the own app is not told, the others are', async () => {
  const told = new Told({ members: 1, app: async () => 'applied' });
  await told.call({ notify: 'others' });
  assert.equal([told.app.length, told.events.length], [0, 1]);
});

test('a call that repeats what the app was told is applied here, and causes no new event', async () => {
  const told = new Told({ members: 1, app: async () => 'applied' });
  await told.call();
  told.lab.write('v');
  const { applied, members } = await told.call({ repeats: told.app[0]!.id });
  assert.equal([applied, members], [1, 1]);
  assert.not(told.lab.isStored);
  assert.equal([told.events.length, told.app.length], [1, 1]);
});

test('so is one that repeats what another instance announced, or a resync', async () => {
  const told = new Told({ members: 1, app: async () => 'applied' });
  told.changes.receive(told.event(), 'other000');
  await told.call({ repeats: 'other000-7' });
  await told.call({ repeats: told.changes.resyncId });
  assert.is(told.events.length, 0);
});

test('a number that the app was never told is no reason to keep a change from the others', async () => {
  const told = new Told({ members: 1, app: async () => 'applied' });
  await told.call({ repeats: 'other000-8' });
  assert.is(told.events.length, 1);
});

test('what another instance announced is applied, published and told to the app, and to nobody else', async () => {
  const told = new Told({ members: 2, app: async () => 'applied' });
  told.lab.write('v');
  const { entries, app } = told.changes.receive(told.event(), 'other000');
  assert.equal([entries, told.lab.isStored], [1, false]);
  assert.is(await app, 'applied');
  assert.is(told.app[0]!.id, 'other000-7');
  assert.equal(told.app[0]!.at, [5, 0, 'other000']);
  assert.equal(told.published, ['invalidate one  1']);
  assert.equal([told.events, told.spreads], [[], 0]);
  assert.is(told.lab.cache.counters.invalidations('peer'), 1);
});

test('an announced refresh marks old; a write or delete of another forgets the entry, and no app is told', async () => {
  const told = new Told({ app: async () => 'applied' });
  told.lab.write('v');
  told.changes.receive(told.event({ kind: 'refresh' }), 'other000');
  assert.is(told.lab.read().result, 'stale');
  const { app } = told.changes.receive(
    told.event({ kind: 'write', keys: [Buffer.from('key')], notify: false }),
    'other000',
  );
  assert.equal([app, told.lab.isStored, told.app.length], [undefined, false, 1]);
});

test('of caches that are not known here nothing is applied, and that is fine', () => {
  const told = new Told();
  told.lab.write('v');
  assert.is(told.changes.receive(told.event({ caches: ['newer'] }), 'other000').entries, 0);
  assert.ok(told.lab.isStored);
});

test('writes go to the others together, and to who listens', () => {
  const told = new Told({ modes: { two: 'local' } });
  told.changes.wrote(told.lab.cache, Buffer.from('a'), 'write');
  told.changes.wrote(told.two, Buffer.from('b'), 'delete');
  told.lab.clock.advance(5);
  assert.equal(
    told.events.map(({ kind, caches, keys, notify }) => [kind, caches, keys.join(), notify]),
    [['write', ['one'], 'a', false]],
  );
  assert.equal([told.spreads, told.announced], [1, []]);
  assert.equal(told.published, ['write one a 1', 'delete two b 1']);
});

test('writes and deletes of a replicated cache say of which the values go along; a call is for all', async () => {
  const told = new Told({ modes: { one: 'replicated' }, members: 1 });
  told.changes.wrote(told.lab.cache, Buffer.from('a'), 'write');
  told.changes.flush();
  told.changes.wrote(told.lab.cache, Buffer.from('a'), 'delete');
  told.changes.flush();
  await told.call();
  assert.equal(
    told.events.map(({ kind, copied, keys }) => [kind, copied, keys.join()]),
    [
      ['write', 'one', 'a'],
      ['delete', 'one', 'a'],
      ['invalidate', undefined, ''],
    ],
  );
});

test('of a replicated cache more keys than one event has are several events, and never the cache whole', () => {
  const told = new Told({ modes: { one: 'replicated' }, members: 1 });
  for (let i = 0; i < 2500; i++) told.changes.wrote(told.lab.cache, Buffer.from(`key ${i}`), 'write');
  told.changes.flush();
  assert.equal(
    told.events.map(({ keys }) => keys.length),
    [1000, 1000, 500],
  );
});

test('a call about more than one event says is several, where a replicated cache is among its caches', async () => {
  const told = new Told({ modes: { one: 'replicated' }, members: 1 });
  const keys = Array.from({ length: 200 }, (_, i) => Buffer.alloc(1000, `${i} `));
  await told.call({ selection: { ...NOTHING, keys, caches: [told.lab.cache] } });
  assert.ok(told.events.length > 1);
  assert.equal(
    told.events.flatMap((event) => event.keys),
    keys,
  );
  assert.equal(
    told.events.map(({ notify }) => notify),
    [...told.events.slice(1).map(() => false), true],
  );
  assert.equal(told.announced, [told.events.length]);
});

test('a write that all are to confirm is announced after those that were gathered before', async () => {
  const told = new Told({ members: 1 });
  told.changes.wrote(told.lab.cache, Buffer.from('a'), 'write');
  const { applied, members } = await told.changes.wroteEverywhere(
    told.lab.cache,
    Buffer.from('b'),
    'delete',
    100,
  );
  assert.equal(
    told.events.map(({ keys }) => keys.join()),
    ['a', 'b'],
  );
  assert.equal([applied, members, told.announced], [1, 1, [2]]);
});

test('where something was missed, coordinated caches go, and the app begins anew', () => {
  const told = new Told({ modes: { two: 'local' }, app: async () => 'applied' });
  told.lab.write('v');
  told.changes.dropMissed('all');
  assert.not(told.lab.isStored);
  assert.equal(
    told.lab.caches.all.map(({ counters }) => counters.invalidations('repair')),
    [1, 0],
  );
  assert.is(told.resyncs, 1);
  assert.equal(told.published, ['invalidate one  1']);
});

test('only the caches that lost something are dropped', () => {
  const told = new Told();
  told.lab.write('v');
  told.changes.dropMissed(['two']);
  assert.ok(told.lab.isStored);
});

test('until it has joined nothing is kept of coordinated caches; then it is, and the app begins anew', async () => {
  const told = new Told({ app: async () => 'applied' });
  told.changes.passThrough('joining', true);
  told.lab.write('v');
  assert.not(told.lab.isStored);
  told.changes.joined();
  told.lab.write('v');
  assert.is(told.lab.read().text, 'v');
  assert.is(told.resyncs, 1);
});

test('a load that began while joining is served and not kept', async () => {
  const lab = new Lab();
  lab.cache.passThrough('joining', true);
  const first = lab.read();
  lab.cache.passThrough('joining', false);
  lab.loader.last.answer('of before');
  await settled();
  assert.equal([first.text, lab.isStored], ['of before', false]);
  await lab.end();
});

test('a cache that two reasons keep from serving serves when both are gone', () => {
  const lab = new Lab({ withoutLoader: true });
  lab.cache.passThrough('joining', true);
  lab.cache.passThrough('differs', true);
  lab.cache.passThrough('joining', false);
  assert.equal(lab.cache.passesThrough, ['differs']);
  lab.write('v');
  assert.not(lab.isStored);
  lab.cache.passThrough('differs', false);
  lab.write('v');
  assert.ok(lab.isStored);
});

test.run();
