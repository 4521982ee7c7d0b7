// Client tracking, without a network: who is told what, and when.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TrackedNames, Tracking } from '../../../src/serve/resp/tracking.ts';
import type { TrackingOptions } from '../../../src/serve/resp/tracking-client.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { seededRandom } from '../../store/seeded-random.ts';
import { ALL_CHANGED, changed, PushClient } from './push-clients.ts';

const test = suite('RESP client tracking');

const PLAIN: TrackingOptions = {
  redirect: 0,
  isBroadcast: false,
  isOptIn: false,
  isOptOut: false,
  isNoLoop: false,
  prefixes: [],
};

class World {
  readonly clock = new FakeClock();
  readonly clients = new Map<number, PushClient>();
  /** Name → its version, else 1. */
  readonly versions = new Map<string, number>();
  /** Name → how long it may be kept; else for ever. */
  readonly keepMs = new Map<string, number>();
  readonly tags = new Map<string, string>();
  usedBytes = 0;
  freeBytes = Number.POSITIVE_INFINITY;
  readonly soon: (() => void)[] = [];
  readonly names: TrackedNames & { version: number } = {
    nameOf: (cache, key) => (cache === 'default' ? '' : `${cache}:`) + key.toString('latin1'),
    cacheOf: (name) => /^(users|flags):/.exec(name)?.[1] ?? 'default',
    stored: (name) => (name.startsWith('flags:') ? name.toLowerCase() : name),
    keepMs: (name) => {
      this.names.version = this.versions.get(name) ?? 1;
      return this.keepMs.get(name) ?? Number.POSITIVE_INFINITY;
    },
    version: 0,
    mayHave: (name, tag) => (this.tags.get(name) ?? tag) === tag,
  };
  readonly tracking: Tracking;

  constructor(maxBytes = 1_000_000) {
    this.tracking = new Tracking({
      names: this.names,
      clock: this.clock,
      random: seededRandom(1),
      charge: (bytes) => {
        if (this.usedBytes + bytes > this.freeBytes) return false;
        this.usedBytes += bytes;
        return true;
      },
      release: (bytes) => {
        this.usedBytes -= bytes;
      },
      maxBytes,
      client: (id) => this.clients.get(id),
      soon: (run) => void this.soon.push(run),
    });
  }

  client(options: Partial<TrackingOptions> | 'off' = {}, proto: 2 | 3 = 3): PushClient {
    const client = new PushClient(this.clients.size + 1, proto);
    this.clients.set(client.id, client);
    if (options !== 'off') assert.is(this.tracking.turnOn(client, { ...PLAIN, ...options }), undefined);
    return client;
  }

  leave(client: PushClient): void {
    this.clients.delete(client.id);
    this.tracking.turnOff(client);
  }

  change(cache: string, key: string, by?: PushClient): void {
    this.tracking.by = by?.id ?? 0;
    this.tracking.changed(cache, { soft: false, key: Buffer.from(key, 'latin1') });
    this.tracking.by = 0;
  }

  settle(): void {
    for (const run of this.soon.splice(0)) run();
  }
}

// --- the default mode

test('who has read a key is told once that it changed', () => {
  const world = new World();
  const [reader, other] = [world.client(), world.client()];
  world.tracking.note(reader, 'k');
  world.tracking.note(other, 'l');
  world.change('default', 'k');
  world.change('default', 'k');
  assert.equal(reader.take(), [changed('k')]);
  assert.equal(other.take(), []);
  world.tracking.note(reader, 'k');
  world.change('default', 'k', other);
  assert.equal(reader.take(), [changed('k')]);
});

test('all who have read it are told, each once however often it read', () => {
  const world = new World();
  const readers = Array.from({ length: 50 }, () => world.client());
  for (let i = 0; i < 3; i++) for (const reader of readers) world.tracking.note(reader, 'users:1');
  world.change('users', '1');
  for (const reader of readers) assert.equal(reader.take(), [changed('users:1')]);
  assert.is(world.usedBytes, 0);
});

test('its own change is told, too, unless it says NOLOOP', () => {
  const world = new World();
  const [plain, quiet] = [world.client(), world.client({ isNoLoop: true })];
  for (const client of [plain, quiet]) {
    world.tracking.note(client, 'k');
    world.change('default', 'k', client);
  }
  assert.equal(plain.take(), [changed('k')]);
  assert.equal(quiet.take(), []);
  world.tracking.note(quiet, 'k');
  world.change('default', 'k', plain);
  assert.equal(quiet.take(), [changed('k')]);
});

test('what is evicted or expires while a NOLOOP client writes is told it all the same', () => {
  const world = new World();
  const quiet = world.client({ isNoLoop: true });
  world.tracking.note(quiet, 'k');
  world.tracking.by = quiet.id;
  world.tracking.gone('default', Buffer.from('k'));
  assert.equal(quiet.take(), [changed('k')]);
});

test('keys are bytes', () => {
  const world = new World();
  const reader = world.client();
  world.tracking.note(reader, 'users:\x00\xff');
  world.change('users', '\x00\xff');
  assert.equal(reader.take(), [changed('users:\x00\xff')]);
});

test('who read a key in another spelling is told it in that one', () => {
  const world = new World();
  const reader = world.client();
  world.tracking.note(reader, 'flags:Dark');
  world.change('flags', 'dark');
  assert.equal(reader.take(), [changed('flags:dark', 'flags:Dark')]);
  assert.is(world.usedBytes, 0);
});

// --- OPTIN, OPTOUT

test('OPTIN notes only what follows CLIENT CACHING YES, for one command', () => {
  const world = new World();
  const { tracking } = world;
  const reader = world.client({ isOptIn: true });
  assert.not(tracking.isNoting(reader));
  assert.is(tracking.stateOf(reader)?.sayCaching(true), undefined);
  assert.ok(tracking.isNoting(reader));
  tracking.commandDone(reader);
  assert.not(tracking.isNoting(reader));
});

test('OPTOUT notes all but what follows CLIENT CACHING NO', () => {
  const world = new World();
  const { tracking } = world;
  const reader = world.client({ isOptOut: true });
  assert.ok(tracking.isNoting(reader));
  assert.is(tracking.stateOf(reader)?.sayCaching(false), undefined);
  assert.not(tracking.isNoting(reader));
  tracking.commandDone(reader);
  assert.ok(tracking.isNoting(reader));
});

test('a client that does not track, or takes broadcasts, has nothing noted', () => {
  const world = new World();
  assert.not(world.tracking.isNoting(world.client('off')));
  assert.not(world.tracking.isNoting(world.client({ isBroadcast: true })));
});

// --- BCAST

test('broadcasts tell all changes under a prefix together, and need no table', () => {
  const world = new World();
  const all = world.client({ isBroadcast: true });
  const some = world.client({ isBroadcast: true, prefixes: ['users:1', 'k'] });
  for (const [cache, key] of [
    ['users', '1'],
    ['users', '12'],
    ['users', '2'],
    ['default', 'kk'],
  ] as const)
    world.change(cache, key);
  assert.equal(all.take(), []);
  world.settle();
  assert.equal(all.take(), [changed('users:1', 'users:12', 'users:2', 'kk')]);
  assert.equal(some.take(), [changed('users:1', 'users:12'), changed('kk')]);
  assert.is(world.usedBytes, 0);
  world.settle();
  assert.equal(all.take(), []);
});

test('of broadcasts NOLOOP leaves out what the client changed last itself', () => {
  const world = new World();
  const [quiet, other] = [world.client({ isBroadcast: true, isNoLoop: true }), world.client()];
  world.change('default', 'a', quiet);
  world.change('default', 'b', other);
  world.change('default', 'c', quiet);
  world.change('default', 'c', other);
  world.settle();
  assert.equal(quiet.take(), [changed('b', 'c')]);
  world.change('default', 'a', quiet);
  world.settle();
  assert.equal(quiet.take(), []);
});

test('many changes are told a thousand at a time, and none is forgotten', () => {
  const world = new World();
  const all = world.client({ isBroadcast: true });
  for (let i = 0; i < 2500; i++) world.change('default', `k${i}`);
  world.settle();
  const frames = all.take();
  assert.is(frames.length, 3);
  const named = new Set(frames.flatMap((frame) => frame.match(/k\d+/g) ?? []));
  assert.is(named.size, 2500);
});

test('who turned broadcasts off is told nothing that was gathered', () => {
  const world = new World();
  const all = world.client({ isBroadcast: true });
  world.change('default', 'k');
  world.tracking.turnOff(all);
  world.settle();
  assert.equal(all.take(), []);
});

// --- wide changes

test('a cache that changed whole is told key by key to who read of it, others keep theirs', () => {
  const world = new World();
  const [one, two] = [world.client(), world.client()];
  for (const name of ['users:1', 'users:2', 'flags:1', 'k']) world.tracking.note(one, name);
  world.tracking.note(two, 'flags:1');
  world.tracking.changed('users', { soft: false });
  assert.equal(one.take(), [changed('users:1', 'users:2')]);
  assert.equal(two.take(), []);
  assert.is(world.tracking.keys, 2);
});

test('of more than a thousand keys it is told that all changed', () => {
  const world = new World(10_000_000);
  const reader = world.client();
  for (let i = 0; i <= 1000; i++) world.tracking.note(reader, `users:${i}`);
  world.tracking.changed('users', { soft: true });
  assert.equal(reader.take(), [ALL_CHANGED]);
});

test('of fewer keys that are long it is told so, too: no push is larger than what a connection takes', () => {
  const world = new World(10_000_000);
  const [reader, all] = [world.client(), world.client({ isBroadcast: true })];
  for (let i = 0; i < 40; i++) {
    const key = String(i).padEnd(10_000, '.');
    world.tracking.note(reader, `users:${key}`);
    world.change('default', key);
  }
  world.tracking.changed('users', { soft: true, tag: 'any' });
  assert.equal(reader.take(), [ALL_CHANGED]);
  const lengths = all.take().map(({ length }) => length);
  assert.ok(lengths.length > 5);
  for (const length of lengths) assert.ok(length < 100_000);
});

test('a prefix and a tag are told to who read what they concern', () => {
  const world = new World();
  const reader = world.client();
  world.tags.set('users:1', 'red').set('users:2', 'blue');
  for (const name of ['users:1', 'users:2', 'users:3', 'k']) world.tracking.note(reader, name);
  world.tracking.changed('users', { soft: false, tag: 'red' });
  // Of what is not stored it cannot be known.
  assert.equal(reader.take(), [changed('users:1', 'users:3')]);
  world.tracking.changed('users', { soft: false, prefix: Buffer.from('2') });
  assert.equal(reader.take(), [changed('users:2')]);
  world.tracking.changed('default', { soft: false, prefix: Buffer.from('k') });
  assert.equal(reader.take(), [changed('k')]);
});

test('a wide change tells broadcasts that all changed, where it may concern them', () => {
  const world = new World();
  const prefixes = { users: ['users:'], part: ['us'], all: [''], flags: ['flags:'], plain: ['k'] };
  const clients = Object.entries(prefixes).map(([name, given]) => ({
    name,
    client: world.client({ isBroadcast: true, prefixes: given }),
  }));
  const told = (): string => {
    world.settle();
    const those = clients.filter(({ client }) => client.take().length > 0);
    return those.map(({ name }) => name).join(' ');
  };
  world.tracking.changed('users', { soft: false });
  assert.is(told(), 'users part all');
  world.tracking.changed('users', { soft: false, prefix: Buffer.from('1') });
  assert.is(told(), 'users part all');
  world.tracking.changed('default', { soft: false, prefix: Buffer.from('z') });
  assert.is(told(), 'all');
  world.tracking.changed('default', { soft: false, tag: 'red' });
  assert.is(told(), 'part all plain');
  world.tracking.flush();
  assert.is(told(), 'users part all flags plain');
});

test('the default cache flushed, or anything missed: everybody is told to keep nothing', () => {
  for (const flush of [
    (world: World) => world.tracking.changed('default', { soft: false }),
    (world: World) => world.tracking.flush(),
  ]) {
    const world = new World();
    const [reader, idle] = [world.client({ isNoLoop: true }), world.client()];
    const all = world.client({ isBroadcast: true });
    world.tracking.note(reader, 'k');
    world.change('default', 'other');
    flush(world);
    world.settle();
    for (const client of [reader, idle, all]) assert.equal(client.take(), [ALL_CHANGED]);
    assert.is(world.tracking.keys, 0);
    assert.is(world.usedBytes, 0);
  }
});

// --- time

test('what gets old is told, not before its time and within two seconds of it', () => {
  const world = new World();
  const reader = world.client();
  world.keepMs.set('users:1', 5000);
  world.tracking.note(reader, 'users:1');
  world.clock.advance(4999);
  assert.equal(reader.take(), []);
  world.keepMs.set('users:1', 0);
  world.clock.advance(2001);
  assert.equal(reader.take(), [changed('users:1')]);
  assert.is(world.usedBytes, 0);
  world.clock.advance(10_000);
  assert.is(world.clock.timers, 0);
});

test('what was reloaded meanwhile, and is the same, may be kept on', () => {
  const world = new World();
  const reader = world.client();
  world.keepMs.set('users:1', 5000);
  world.tracking.note(reader, 'users:1');
  world.clock.advance(12_000);
  assert.equal(reader.take(), []);
  world.keepMs.set('users:1', 0);
  world.clock.advance(8000);
  assert.equal(reader.take(), [changed('users:1')]);
});

test('of what is another now who has the one of before is told, though nobody said that it changed', () => {
  const world = new World();
  const [early, late] = [world.client(), world.client()];
  world.keepMs.set('users:1', 3000);
  world.keepMs.set('users:2', 3000);
  for (const name of ['users:1', 'users:2']) world.tracking.note(early, name);
  for (const name of ['users:1', 'users:2']) world.versions.set(name, 2);
  world.tracking.note(late, 'users:1');
  assert.equal(early.take(), [changed('users:1')]);
  world.clock.advance(5000);
  assert.equal([early.take(), late.take()], [[changed('users:2')], []]);
});

test('who has read what was old is to look again, whatever it is then', () => {
  const world = new World();
  const reader = world.client();
  world.keepMs.set('users:1', 3000);
  world.versions.set('users:1', 0);
  world.tracking.note(reader, 'users:1');
  world.tracking.note(reader, 'users:1');
  assert.equal(reader.take(), []);
  world.clock.advance(5000);
  assert.equal(reader.take(), [changed('users:1')]);
});

test('what may not be kept is told at once, and not noted', () => {
  const world = new World();
  const reader = world.client();
  world.keepMs.set('users:1', 0);
  world.tracking.note(reader, 'users:1');
  assert.equal(reader.take(), [changed('users:1')]);
  assert.is(world.tracking.keys, 0);
});

test('thousands that get old in one second are told over several turns, all of them', () => {
  const world = new World(10_000_000);
  const readers = [world.client(), world.client()];
  const names = Array.from({ length: 3000 }, (_, i) => `users:${i}`);
  for (const name of names) {
    world.keepMs.set(name, 1000);
    for (const reader of readers) world.tracking.note(reader, name);
  }
  for (const name of names) world.keepMs.set(name, 0);
  world.clock.advance(4000);
  for (const reader of readers) {
    const frames = reader.take();
    assert.ok(frames.length > 1);
    assert.is(new Set(frames.flatMap((frame) => frame.match(/users:\d+/g) ?? [])).size, 3000);
  }
  assert.is(world.usedBytes, 0);
  assert.is(world.clock.timers, 0);
});

// --- replies that are to come

test('what changes between a read and its reply is told behind the reply', () => {
  const world = new World();
  const reader = world.client();
  const reads = ['users:1', 'users:2', 'k'].map((name) => world.tracking.wait([name]));
  world.change('users', '1', reader);
  world.tracking.changed('default', { soft: false, prefix: Buffer.from('k') });
  assert.equal(reader.take(), []);
  for (const read of reads) world.tracking.noteWaited(reader, read);
  assert.equal(reader.take(), [changed('users:1'), changed('k')]);
  world.change('users', '2');
  assert.equal(reader.take(), [changed('users:2')]);
  assert.is(world.usedBytes, 0);
});

test('the load that a reader waits for is no change to it, one of what it was given is', () => {
  const world = new World();
  const reader = world.client();
  world.keepMs.set('users:1', 0);
  const read = world.tracking.wait(['users:1', 'users:2']);
  for (const key of ['1', '2']) world.tracking.gone('users', Buffer.from(key));
  world.keepMs.delete('users:1');
  world.tracking.noteWaited(reader, read);
  assert.equal(reader.take(), [changed('users:2')]);
  world.change('users', '1');
  assert.equal(reader.take(), [changed('users:1')]);
});

test('a load after the one that a reader waits for is a change to it, where another key still keeps its reply', () => {
  const world = new World();
  const reader = world.client();
  for (const name of ['users:1', 'users:2']) world.keepMs.set(name, 0);
  const read = world.tracking.wait(['users:1', 'users:2']);
  for (const key of ['1', '1', '2']) world.tracking.gone('users', Buffer.from(key));
  world.keepMs.clear();
  world.tracking.noteWaited(reader, read);
  assert.equal(reader.take(), [changed('users:1')]);
});

test('without memory to wait for changes all that was read counts as changed', () => {
  const world = new World();
  const reader = world.client();
  world.freeBytes = 0;
  world.tracking.noteWaited(reader, world.tracking.wait(['a', 'b']));
  assert.equal(reader.take(), [changed('a', 'b')]);
  assert.is(world.usedBytes, 0);
});

test('a flush, and a client that is gone, end what is waited for', () => {
  const world = new World();
  const [reader, gone] = [world.client(), world.client()];
  const reads = [world.tracking.wait(['a']), world.tracking.wait(['a'])];
  world.tracking.flush();
  world.leave(gone);
  world.tracking.noteWaited(gone, reads[0]!);
  world.tracking.noteWaited(reader, reads[1]!);
  assert.equal(reader.take(), [ALL_CHANGED, changed('a')]);
  assert.is(world.usedBytes, 0);
});

// --- bounds

test('over its bound the table drops keys by chance, and tells', () => {
  const world = new World(20_000);
  const reader = world.client();
  for (let i = 0; i < 500; i++) world.tracking.note(reader, `users:${i}`);
  assert.ok(world.tracking.bytes <= 20_000);
  const told = new Set(reader.take().flatMap((frame) => frame.match(/users:\d+/g) ?? []));
  assert.is(told.size + world.tracking.keys, 500);
  const older = Array.from({ length: 500 - world.tracking.keys }, (_, i) => `users:${i}`);
  assert.ok(older.some((name) => !told.has(name)));
});

test('over so many keys as were asked for it drops the rest, and tells', () => {
  const world = new World();
  const { setting } = world.tracking;
  const [reader, other] = [world.client(), world.client()];
  for (let i = 0; i < 10; i++) world.tracking.note(reader, `users:${i}`);
  world.tracking.note(other, 'users:0');
  assert.equal(world.tracking.totals, { keys: 10, items: 11, prefixes: 0 });
  setting.set(3);
  assert.is(setting.get(), 3);
  assert.is(world.tracking.totals.keys, 3);
  assert.is(reader.take().length, 7);
  world.tracking.note(reader, 'users:10');
  assert.is(world.tracking.totals.keys, 3);
  assert.is(reader.take().length, 1);
  setting.set(0);
  for (let i = 0; i < 10; i++) world.tracking.note(reader, `users:1${i}`);
  assert.ok(world.tracking.totals.keys >= 10);
  assert.equal(reader.take(), []);
});

test('without memory for a key its reader is told at once that it changed', () => {
  const world = new World();
  world.freeBytes = 500;
  const reader = world.client();
  for (const name of ['a', 'b', 'c', 'd']) world.tracking.note(reader, name);
  assert.is(world.tracking.keys, 2);
  assert.is(reader.take().length, 2);
  world.freeBytes = 0;
  world.tracking.note(reader, 'e');
  assert.ok(reader.take().includes(changed('e')));
  assert.is(world.tracking.keys, 0);
  assert.is(world.usedBytes, 0);
});

test('a row that goes to make room for itself is made anew', () => {
  const world = new World();
  const [one, two] = [world.client(), world.client()];
  world.tracking.note(one, 'k');
  world.freeBytes = world.usedBytes;
  // There is no room for a second reader but by dropping the row itself.
  world.tracking.note(two, 'k');
  assert.equal(one.take(), [changed('k')]);
  world.change('default', 'k');
  assert.equal(two.take(), [changed('k')]);
  assert.is(world.usedBytes, 0);
});

test('what was charged is given back, whatever happens in whatever order', () => {
  const random = seededRandom(7);
  const world = new World(30_000);
  world.freeBytes = 25_000;
  const clients = Array.from({ length: 5 }, () => world.client());
  for (let i = 0; i < 20_000; i++) {
    const name = `${['users:', 'flags:X', ''][Math.floor(random() * 3)]}${Math.floor(random() * 200)}`;
    const client = clients[Math.floor(random() * clients.length)]!;
    const stored = world.names.stored(name);
    const [cache, key] = [world.names.cacheOf(stored), stored.replace(/^(users|flags):/, '')];
    const what = random();
    if (what < 0.7) world.tracking.note(client, name);
    else if (what < 0.9) world.change(cache, key, client);
    else if (what < 0.901) world.tracking.changed(cache, { soft: false });
    else if (what < 0.95) world.keepMs.set(stored, Math.floor(random() * 3) * 1000);
    else world.clock.advance(300);
    assert.is(world.usedBytes, world.tracking.bytes);
    for (const each of clients) each.take();
  }
  assert.ok(world.usedBytes > 0);
  for (const client of clients) world.leave(client);
  assert.is(world.usedBytes, 0);
  assert.not(world.tracking.active);
});

test('the last who tracks being gone, nothing is kept and nothing is asked', () => {
  const world = new World();
  const [one, two] = [world.client(), world.client({ isBroadcast: true })];
  world.tracking.note(one, 'k');
  world.leave(one);
  assert.ok(world.tracking.active);
  world.leave(two);
  assert.not(world.tracking.active);
  assert.is(world.usedBytes, 0);
  world.change('default', 'k');
  assert.equal(one.take(), []);
});

// --- RESP2

test('RESP2 is told through another client that is subscribed, in its protocol', () => {
  const world = new World();
  const target = world.client('off', 2);
  const reader = world.client({ redirect: target.id }, 2);
  world.tracking.note(reader, 'k');
  world.change('default', 'k');
  assert.equal(target.take(), []);
  target.channels = 1;
  world.tracking.note(reader, 'k');
  world.change('default', 'k');
  world.tracking.flush();
  assert.equal(target.take(), [
    '*3 $7 message $20 __redis__:invalidate *1 $1 k',
    '*3 $7 message $20 __redis__:invalidate $-1',
  ]);
  target.proto = 3;
  target.channels = 0;
  world.tracking.note(reader, 'k');
  world.change('default', 'k');
  assert.equal(target.take(), [changed('k')]);
  assert.equal(reader.take(), []);
});

test('who is to be told through one that is gone hears of that, in RESP3', () => {
  const world = new World();
  const target = world.client('off');
  const readers = [world.client({ redirect: target.id }), world.client({ redirect: target.id }, 2)];
  for (const reader of readers) world.tracking.note(reader, 'k');
  world.leave(target);
  world.change('default', 'k');
  assert.equal(readers[0]!.take(), [`>2 $21 tracking-redir-broken :${target.id}`]);
  assert.equal(readers[1]!.take(), []);
  for (const reader of readers)
    assert.equal(world.tracking.stateOf(reader)?.flags, ['on', 'broken_redirect']);
});

test.run();
