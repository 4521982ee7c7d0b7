// What a client sets after it missed the key: kept, unless the key was changed in between.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Caches } from '../../../src/cache/caches.ts';
import type { Client } from '../../../src/serve/resp/client.ts';
import { Misses } from '../../../src/serve/resp/misses.ts';
import { Store } from '../../../src/store/store.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { seededRandom } from '../../store/seeded-random.ts';

const TIMES = {
  refreshMs: undefined,
  refreshAhead: false,
  expiryMs: undefined,
  ttlMs: undefined,
  negativeMs: undefined,
  retryMs: 5000,
};

class Lab {
  readonly misses = new Misses();
  readonly caches: Caches;
  nowMs = 1000;

  constructor() {
    const store = new Store({ memoryBytes: 4 << 20, maxValueBytes: 1 << 20, seed: [1, 2] });
    this.caches = new Caches(store, new FakeClock(), seededRandom(1));
    for (const name of ['default', 'other']) {
      this.caches.add({
        name,
        times: TIMES,
        shareBytes: undefined,
        evictable: true,
        loading: undefined,
        unstorable: () => undefined,
        changed: (change) => this.misses.changed(this.caches.get(name)!, change),
      });
    }
  }

  get cache() {
    return this.caches.get('default')!;
  }

  miss(client: Client, key: string): void {
    const bytes = Buffer.from(key);
    this.misses.note(client, this.cache, bytes, 0, bytes.length, this.nowMs);
  }

  /** Whether what the client sets now is of before a change. */
  isLate(client: Client, key: string): boolean {
    const bytes = Buffer.from(key);
    return this.misses.take(client, this.cache, bytes, 0, bytes.length, this.nowMs);
  }
}

/** As much of a client as misses are kept with. */
function newClient(): Client & { end(): void } {
  const ends: (() => void)[] = [];
  const client = {
    misses: undefined,
    voidMisses: 0,
    onClose: (run: () => void) => ends.push(run),
    end: () => {
      for (const run of ends) run();
    },
  };
  return client as unknown as Client & { end(): void };
}

const test = suite('misses');

test('a change of the key, of a prefix or of the cache makes it late; of anything else it does not', () => {
  const lab = new Lab();
  const changes: readonly (readonly [isLate: boolean, change: () => unknown])[] = [
    [true, () => lab.cache.invalidateKey(Buffer.from('key'))],
    [true, () => lab.cache.refreshKey(Buffer.from('key'))],
    [true, () => lab.cache.invalidatePrefix(Buffer.from('k'))],
    [true, () => lab.cache.invalidateAll()],
    [false, () => lab.cache.invalidateKey(Buffer.from('another'))],
    [false, () => lab.cache.invalidateTag('tag')],
    [false, () => lab.caches.get('other')!.invalidateAll()],
    [false, () => lab.caches.get('other')!.invalidateKey(Buffer.from('key'))],
  ];
  for (const [isLate, change] of changes) {
    const client = newClient();
    lab.miss(client, 'key');
    change();
    assert.is(lab.isLate(client, 'key'), isLate, String(change));
    assert.is(lab.isLate(client, 'key'), false, 'only once');
    assert.is(client.voidMisses, 0);
  }
});

test('100,000 changes of other keys make nothing late', () => {
  const lab = new Lab();
  const client = newClient();
  lab.miss(client, 'key');
  for (let i = 0; i < 100_000; i++) lab.cache.invalidateKey(Buffer.from(`other${i}`));
  assert.is(lab.isLate(client, 'key'), false);
});

test('a fill by another makes nothing late', () => {
  const lab = new Lab();
  const client = newClient();
  lab.miss(client, 'key');
  lab.misses.isFilling = true;
  lab.cache.invalidateKey(Buffer.from('key'));
  lab.misses.isFilling = false;
  assert.is(lab.isLate(client, 'key'), false);
});

test('what a client changes itself makes nothing of its own late, and of what others missed all of it', () => {
  const lab = new Lab();
  const changes = [
    () => lab.cache.invalidateKey(Buffer.from('key')),
    () => lab.cache.invalidatePrefix(Buffer.from('k')),
    () => lab.cache.invalidateAll(),
  ];
  for (const change of changes) {
    const [own, other] = [newClient(), newClient()];
    lab.miss(own, 'key');
    lab.miss(other, 'key');
    lab.misses.by(own, change);
    assert.is(lab.isLate(own, 'key'), false, String(change));
    assert.is(lab.isLate(other, 'key'), true, String(change));
    assert.is(own.voidMisses, 0);
  }
});

test('each client has its own misses of a key, and takes them with it', () => {
  const lab = new Lab();
  const clients = [newClient(), newClient(), newClient()] as const;
  for (const client of clients) lab.miss(client, 'key');
  assert.is(lab.isLate(clients[1], 'key'), false);
  clients[2].end();
  lab.cache.invalidateKey(Buffer.from('key'));
  assert.equal(
    clients.map((client) => lab.isLate(client, 'key')),
    [true, false, false],
  );
});

test('what was missed 10 s ago, or 64 misses ago, does not bother who sets it now', () => {
  const lab = new Lab();
  const client = newClient();
  lab.miss(client, 'old');
  lab.cache.invalidateAll();
  lab.nowMs += 10_001;
  assert.is(lab.isLate(client, 'old'), false);
  for (let i = 0; i < 65; i++) lab.miss(client, `key${i}`);
  lab.cache.invalidateAll();
  assert.is(client.voidMisses, 64);
  assert.is(lab.isLate(client, 'key0'), false);
  for (let i = 1; i < 65; i++) assert.is(lab.isLate(client, `key${i}`), true, `key${i}`);
  assert.is(client.voidMisses, 0);
});

test.run();
