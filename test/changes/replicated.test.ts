// What changes of a replicated cache mean: what goes, as of when, what others are told, and what is fetched.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ChangeCall } from '../../src/changes/change-call.ts';
import { Changes } from '../../src/changes/changes.ts';
import type { NewEvent, PeerEvent } from '../../src/fleet/event.ts';
import { settled } from '../cache/fake-clock.ts';
import { ReplicaLab } from '../replication/replica-lab.ts';

const NOTHING = { keys: [], tags: [], prefixes: [] };

/** An instance whose events are written down, and what it would fetch as well. */
class Told {
  readonly lab: ReplicaLab;
  readonly changes: Changes;
  readonly events: PeerEvent[] = [];
  readonly fetched: string[] = [];
  /** What comes of fetching. */
  isAll = true;

  constructor(incarnation: string) {
    this.lab = new ReplicaLab(incarnation);
    const { lab } = this;
    this.changes = new Changes({
      ...{ caches: lab.lab.caches, clock: lab.lab.clock },
      self: { index: '0', instanceId: 'i-0', incarnation },
      modes: new Map([
        ['one', 'invalidation'],
        ['kept', 'replicated'],
      ]),
      appCaches: new Set(),
      publish: () => {},
    });
    this.changes.replicate(lab.replicas);
    lab.replicas.fetcher = {
      fetch: async (cache, keys, from) => {
        this.fetched.push(`${keys.join()} of ${cache} from ${from}`);
        return this.isAll;
      },
      fetchAll: async (cache, from) => {
        this.fetched.push(`all of ${cache} from ${from}`);
        return this.isAll;
      },
      isBehind: () => false,
      isLacking: () => false,
      later: () => {},
    };
    this.changes.joinFleet({
      count: 2,
      hybrid: lab.hybrid,
      append: (event: NewEvent): PeerEvent => {
        const numbered = { ...event, sequence: this.events.length + 1, at: event.at ?? lab.hybrid.next() };
        this.events.push(numbered);
        return numbered;
      },
      announce: async () => [],
      spread: () => {},
    });
  }

  call(call: Partial<ChangeCall>) {
    const selection = { ...NOTHING, caches: [this.lab.cache] };
    const usual = { kind: 'invalidate', selection, scope: 'fleet', notify: 'all', timeoutMs: 1000 } as const;
    return this.changes.call({ ...usual, body: undefined, repeats: undefined, ...call });
  }
}

function event(about: Partial<PeerEvent>): PeerEvent {
  const usual = { ...NOTHING, sequence: 1, kind: 'write' as const, caches: [], notify: false };
  return { ...usual, body: undefined, at: [1_000_000, 0], ...about };
}

const test = suite('changes of replicated caches');

test('a call takes away what is there, and another instance what was there at its time', async () => {
  const [one, other] = [new Told('incarnation-1'), new Told('incarnation-2')];
  one.lab.write('old', 'x');
  other.lab.take(one.lab.copyOf('old')!);
  one.lab.lab.clock.advance(5);
  const { entries } = await one.call({});
  assert.is(entries, 1);
  one.lab.lab.clock.advance(5);
  one.lab.write('new', 'y');
  other.lab.take(one.lab.copyOf('new')!);
  assert.is(other.changes.receive(one.events[0]!, 'incarnation-1').entries, 1);
  assert.equal(
    [one.lab.read('old'), other.lab.read('old'), other.lab.read('new')],
    [undefined, undefined, 'y'],
  );
});

test('what repeats a call was done with it: what was written since stays', async () => {
  const one = new Told('incarnation-1');
  await one.call({});
  one.lab.write('since', 'x');
  const { entries } = await one.call({ repeats: 'incarnation-1-1' });
  assert.is(entries, 0);
  assert.is(one.lab.read('since'), 'x');
  assert.is(one.events.length, 1);
});

test('what is for this instance alone may come back from another', async () => {
  const one = new Told('incarnation-1');
  one.lab.write('key', 'x');
  const copy = one.lab.copyOf('key')!;
  assert.is((await one.call({ scope: 'local' })).entries, 1);
  assert.equal([one.lab.read('key'), one.events.length], [undefined, 0]);
  assert.is(one.lab.take(copy), 'applied');
});

test('a delete here is remembered', () => {
  const one = new Told('incarnation-1');
  one.lab.write('key', 'x');
  const copy = one.lab.copyOf('key')!;
  one.lab.cache.invalidateKey(Buffer.from('key'));
  one.changes.wrote(one.lab.cache, Buffer.from('key'), 'delete');
  assert.is(one.lab.take(copy), 'old');
});

test('what came along is here; what did not is fetched, and only then the event is done', async () => {
  const [one, other] = [new Told('incarnation-1'), new Told('incarnation-2')];
  other.lab.write('along', 'x');
  const keys = [Buffer.from('along'), Buffer.from('large')];
  const texts = other.lab.replicas.copies([{ cache: 'kept', keys: [keys[0]!] }], 1000);
  one.lab.replicas.arrived(
    texts.map((text) => JSON.parse(text)),
    'incarnation-2',
  );
  const { app } = one.changes.receive(event({ copied: 'kept', keys }), 'incarnation-2');
  assert.is(one.lab.read('along'), 'x');
  assert.equal(one.fetched, ['large of kept from incarnation-2']);
  assert.is(await app, 'applied');
  one.isAll = false;
  const again = one.changes.receive(event({ copied: 'kept', keys: [keys[1]!] }), 'incarnation-2');
  assert.is(await again.app, 'failed');
  one.lab.replicas.arrived([JSON.parse(texts[0]!)], 'incarnation-2');
  assert.is(one.changes.receive(event({ copied: 'kept', keys: [keys[0]!] }), 'incarnation-2').app, undefined);
});

test('any key, and what only a newer daemon understands: all is fetched, and nothing goes', async () => {
  const one = new Told('incarnation-1');
  one.lab.write('key', 'x');
  one.changes.receive(event({ copied: 'kept' }), 'incarnation-2');
  const unknown = event({ kind: 'invalidate', caches: ['kept', 'one'], isUnknown: true });
  one.changes.receive(unknown, 'incarnation-2');
  await settled();
  assert.equal(one.fetched, ['all of kept from incarnation-2', 'all of kept from incarnation-2']);
  assert.is(one.lab.read('key'), 'x');
});

test('a delete by a daemon of before is as of its time', () => {
  const one = new Told('incarnation-1');
  one.lab.write('older', 'x');
  one.lab.lab.clock.advance(10);
  const at = [one.lab.lab.clock.now(), 0] as const;
  one.lab.lab.clock.advance(10);
  one.lab.write('newer', 'y');
  const keys = [Buffer.from('older'), Buffer.from('newer')];
  one.changes.receive(event({ kind: 'delete', caches: ['kept'], keys, at }), 'incarnation-2');
  assert.equal([one.lab.read('older'), one.lab.read('newer')], [undefined, 'y']);
});

test('a delete of which nothing came along is as of its event, also where who told it has forgotten it', () => {
  const one = new Told('incarnation-1');
  one.lab.write('older', 'x');
  one.lab.lab.clock.advance(10);
  const at = [one.lab.lab.clock.now(), 0] as const;
  one.lab.lab.clock.advance(10);
  one.lab.write('newer', 'y');
  const keys = [Buffer.from('older'), Buffer.from('newer')];
  one.changes.receive(event({ kind: 'delete', copied: 'kept', keys, at }), 'incarnation-2');
  assert.equal([one.lab.read('older'), one.lab.read('newer')], [undefined, 'y']);
  // What is under them now may be too large to have come along.
  assert.equal(one.fetched, ['older,newer of kept from incarnation-2']);
});

test('an event of deletes has the time of the last of them, one of writes that of the first', () => {
  const one = new Told('incarnation-1');
  const stamps = ['a', 'b'].map((key) => {
    const [ms, count] = one.lab.write(key, 'x');
    one.changes.wrote(one.lab.cache, Buffer.from(key), 'write');
    return [ms, count];
  });
  for (const key of ['c', 'd']) one.changes.wrote(one.lab.cache, Buffer.from(key), 'delete');
  const [ms, count] = one.lab.replica.tombstones.ofKey(Buffer.from('d'))!;
  one.changes.flush();
  assert.equal(
    one.events.map(({ kind, at }) => [kind, at]),
    [
      ['delete', [ms, count]],
      ['write', stamps[0]],
    ],
  );
});

test.run();
