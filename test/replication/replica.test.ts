// One replica: what of another is taken, what is not, and what others are told.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCopy } from '../../src/replication/copy.ts';
import { ReplicaLab } from './replica-lab.ts';

const test = suite('a replica');

function two(options = {}): [ReplicaLab, ReplicaLab] {
  return [new ReplicaLab('incarnation-1', options), new ReplicaLab('incarnation-2', options)];
}

test('a value is taken with its type, its tags, its end and its ETag', () => {
  const [one, other] = two();
  one.write('key', 'value', { tags: ['red'], endAtMs: one.lab.clock.now() + 500 });
  assert.is(other.take(one.copyOf('key')!), 'applied');
  const { shelf } = other.cache;
  const slot = shelf.peek(Buffer.from('key'));
  assert.is(other.read('key'), 'value');
  assert.is(shelf.store.contentType(slot), 'text/plain');
  assert.equal(shelf.store.tags(slot), ['red']);
  assert.is(shelf.etagOf(slot), one.cache.shelf.etagOf(one.cache.shelf.peek(Buffer.from('key'))));
  other.lab.clock.advance(499);
  assert.is(other.read('key'), 'value');
  other.lab.clock.advance(1);
  assert.is(other.read('key'), undefined);
});

test('the later of two writes stays, whichever came first; the same one twice is nothing new', () => {
  const [one, other] = two();
  one.write('key', 'first');
  const first = one.copyOf('key')!;
  one.lab.clock.advance(1);
  one.write('key', 'second');
  const second = one.copyOf('key')!;
  assert.equal([other.take(second), other.take(first), other.take(second)], ['applied', 'old', 'old']);
  assert.is(other.read('key'), 'second');
});

test('writes of one moment are told apart by the instance, on both sides alike', () => {
  const [one, other] = two();
  one.write('key', 'of one');
  other.write('key', 'of other');
  const [ofOne, ofOther] = [one.copyOf('key')!, other.copyOf('key')!];
  one.take(ofOther);
  other.take(ofOne);
  assert.is(one.read('key'), other.read('key'));
});

test('what is written here is later than all that was heard, though the clock is behind', () => {
  const [one, other] = two();
  one.lab.clock.advance(30_000);
  one.write('key', 'of one');
  other.take(one.copyOf('key')!);
  other.write('key', 'of other');
  assert.is(one.take(other.copyOf('key')!), 'applied');
  assert.is(one.read('key'), 'of other');
});

test('what is more than a minute ahead is refused, counted, and said once', () => {
  const [one, other] = two();
  one.lab.clock.advance(60_001);
  one.write('a', 'x');
  one.write('b', 'x');
  assert.equal([other.take(one.copyOf('a')!), other.take(one.copyOf('b')!)], ['ahead', 'ahead']);
  assert.is(other.read('a'), undefined);
  assert.is(other.replicas.refused.ahead, 2);
  assert.is(other.log.length, 1);
  assert.match(other.log[0]!, /its clock is more than a minute ahead/);
});

test('a call of more than a minute ahead takes nothing away, nor what is written until then', () => {
  const [one, other] = two();
  other.write('key', 'x');
  one.lab.clock.advance(60_001);
  const { going, stamp } = one.call({});
  assert.is(other.replicas.invalidated('kept', going, [stamp[0], stamp[1]], 'incarnation-1'), 0);
  assert.is(other.read('key'), 'x');
  assert.is(other.replicas.refused.ahead, 1);
  assert.is(other.replica.tombstones.size, 0);
});

test('a delete takes away what is older, keeps it away, and lets what is later come', () => {
  const [one, other] = two();
  one.write('key', 'old');
  const old = one.copyOf('key')!;
  other.take(old);
  one.lab.clock.advance(1);
  one.remove('key');
  const gone = one.copyOf('key')!;
  assert.is(other.take(gone), 'applied');
  assert.is(other.read('key'), undefined);
  assert.is(other.take(old), 'old');
  assert.is(other.read('key'), undefined);
  one.write('key', 'new');
  assert.is(other.take(one.copyOf('key')!), 'applied');
  assert.is(other.take(gone), 'old');
  assert.is(other.read('key'), 'new');
});

test('a call for all, a prefix or a tag leaves what was written after it, though that came before it', () => {
  for (const going of [{}, { prefixes: [Buffer.from('k')] }, { tags: ['red'] }]) {
    const [one, other] = two();
    one.write('k-old', 'x', { tags: ['red'] });
    other.take(one.copyOf('k-old')!);
    one.lab.clock.advance(1);
    const { going: all, stamp } = one.call(going);
    one.lab.clock.advance(1);
    one.write('k-new', 'y', { tags: ['red'] });
    other.take(one.copyOf('k-new')!);
    const [ms, count] = stamp;
    assert.is(other.replicas.invalidated('kept', all, [ms, count], 'incarnation-1'), 1);
    assert.equal([other.read('k-old'), other.read('k-new')], [undefined, 'y'], JSON.stringify(going));
  }
});

test('what had the tag of a call had taken the place of what had not, and that does not come back', () => {
  const [one, other] = two();
  one.write('key', 'without');
  const without = one.copyOf('key')!;
  one.lab.clock.advance(1);
  one.write('key', 'with', { tags: ['red'] });
  const withTag = one.copyOf('key')!;
  one.lab.clock.advance(1);
  const { going, stamp } = one.call({ tags: ['red'] });
  other.replicas.invalidated('kept', going, [stamp[0], stamp[1]], 'incarnation-1');
  assert.equal([other.take(withTag), other.take(without)], ['old', 'old']);
  assert.is(other.read('key'), undefined);
});

test('an entry whose time was over keeps away what was there before it', () => {
  const [one, other] = two();
  one.write('key', 'before');
  const before = one.copyOf('key')!;
  one.lab.clock.advance(1);
  one.write('key', 'short', { endAtMs: one.lab.clock.now() + 10 });
  other.take(one.copyOf('key')!);
  other.lab.clock.advance(20);
  assert.is(other.read('key'), undefined);
  assert.is(other.take(before), 'old');
  // Also where it was over when it came.
  const third = new ReplicaLab('incarnation-3');
  third.lab.clock.advance(100);
  const late = { ...before, stamp: [before.stamp[0] + 1, 0, 1] as const, endAtMs: third.lab.clock.now() };
  assert.is(third.take(late), 'applied');
  assert.equal([third.take(before), third.read('key')], ['old', undefined]);
});

test('where there is no room what is there stays, and it is counted and said once', () => {
  const [one, other] = two({ shareBytes: 4000 });
  other.write('there', 'x'.repeat(3000));
  one.write('a', 'y'.repeat(2000));
  const copy = one.copyOf('a')!;
  assert.equal([other.take(copy), other.take(copy)], ['full', 'full']);
  assert.is(other.read('there')?.length, 3000);
  assert.equal([other.replicas.refused.full, other.log.length], [2, 1]);
  other.remove('there');
  assert.is(other.take(copy), 'applied');
});

test('what this instance takes from nobody is refused as too large', () => {
  const one = new ReplicaLab('incarnation-1');
  const other = new ReplicaLab('incarnation-2', { store: { maxValueBytes: 1000 } });
  one.write('a', 'y'.repeat(2000));
  assert.is(other.take(one.copyOf('a')!), 'large');
  assert.is(other.replicas.refused.large, 1);
});

test('who asks for all gets it in pages, what is gone as well, and then holds the same', () => {
  const [one, other] = two();
  for (let i = 0; i < 100; i++) one.write(`key ${i}`, `${i} `.repeat(10_000));
  for (let i = 0; i < 100; i += 3) one.remove(`key ${i}`);
  one.call({ tags: ['none'], prefixes: [Buffer.from('none\xff', 'latin1')] });
  other.write('key 0', 'older than the delete', {});
  one.lab.clock.advance(1);
  one.remove('key 0');
  assert.ok(other.takeAllFrom(one) > 2);
  for (let i = 0; i < 100; i++) assert.is(other.read(`key ${i}`), one.read(`key ${i}`));
  const marksOf = ({ replica }: ReplicaLab): string =>
    [...replica.tombstones.from(0)]
      .map(({ name }) => name)
      .sort()
      .join();
  assert.is(marksOf(other), marksOf(one));
});

test('who asks for what one wrote since a time gets no more than that', () => {
  const [one, other] = two();
  one.write('of one', 'x');
  other.lab.clock.advance(1000);
  one.lab.clock.advance(1000);
  other.write('of other', 'x');
  one.take(other.copyOf('of other')!);
  const keysOf = (filter: object): unknown[] =>
    (one.answer({ after: 0, ...filter }).entries ?? []).map((wire) => parseCopy(wire)!.key.toString());
  const [, , origin] = one.stampOf('of other')!;
  assert.equal(keysOf({ origin }), ['of other']);
  assert.equal(keysOf({ since: one.lab.clock.now() }), ['of other']);
  assert.equal(keysOf({ origin, since: one.lab.clock.now() + 1 }), []);
});

test('a value that is too long for one answer is told by its size, and had in pieces while it is the same', () => {
  const [one] = two({ store: { maxValueBytes: 1 << 20 } });
  const text = 'a long value '.repeat(40_000);
  const stamp = one.write('long', text);
  const [wire] = one.answer({ keys: ['long'] }).entries!;
  assert.is(parseCopy(wire)!.size, text.length);
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < text.length; offset = Buffer.concat(pieces).length) {
    const { piece } = one.answer({ keys: ['long'], at: stamp, offset });
    assert.ok(piece && piece.length < 1 << 19);
    pieces.push(Buffer.from(piece, 'base64'));
  }
  assert.is(Buffer.concat(pieces).toString(), text);
  one.write('long', text);
  assert.is(one.answer({ keys: ['long'], at: stamp, offset: 0 }).piece, null);
});

test('what goes along with events is bounded, each key is in it once, and long values are not', () => {
  const [one] = two();
  one.write('long', 'x'.repeat(40_000));
  for (let i = 0; i < 50; i++) one.write(`${i}`, 'x'.repeat(1000));
  const keys = ['long', '0', ...Array.from({ length: 50 }, (_, i) => `${i}`)].map((key) => Buffer.from(key));
  const texts = one.replicas.copies([{ cache: 'kept', keys }], 20_000);
  assert.ok(texts.length > 5 && texts.join().length <= 20_000);
  const told = texts.map((text) => parseCopy(JSON.parse(text))!.key.toString());
  assert.equal(
    told,
    Array.from({ length: told.length }, (_, i) => `${i}`),
  );
});

test('what is no copy is none, and nothing of it is taken', () => {
  const [one] = two();
  const fine = { cache: 'kept', key: 'a', at: [5, 0, 1], type: 'text/plain', value: 'eA==' };
  assert.ok(parseCopy(fine));
  const wrong = [
    null,
    'x',
    { ...fine, key: '%zz' },
    { ...fine, key: 'x'.repeat(70_000) },
    { ...fine, at: [5, 0] },
    { ...fine, type: 'text\nplain' },
    { ...fine, type: undefined },
    { ...fine, tags: ['a b'] },
    { ...fine, tags: Array.from({ length: 65 }, (_, i) => `t${i}`) },
    { ...fine, value: 5 },
    { ...fine, value: undefined, size: -1 },
    { ...fine, at: [5, 36 ** 5, 1] },
    { ...fine, value: 'no base64' },
    { ...fine, value: 'eA=' },
    { ...fine, end: -1 },
  ];
  for (const wire of wrong) assert.is(parseCopy(wire), undefined, JSON.stringify(wire)?.slice(0, 80));
  one.replicas.arrived(wrong, 'another');
  one.replicas.arrived([{ ...fine, cache: 'no such cache' }], 'another');
  assert.is(one.cache.shelf.stored.entries, 0);
});

test('while not everything has come nothing is said not to exist, and what is there is read', () => {
  const [one] = two();
  one.replicas.begin();
  assert.is(one.lab.read('missing', one.cache).error?.code, 'not_ready');
  one.write('there', 'x');
  assert.is(one.lab.read('there', one.cache).text, 'x');
  assert.equal(one.answer({ after: 0 }).complete, false);
  one.replicas.complete('kept');
  assert.is(one.lab.read('missing', one.cache).result, 'not there');
  assert.equal(one.answer({ after: 0 }).complete, true);
});

test('another end is a change of the entry, with all else as it was', () => {
  const [one, other] = two();
  const before = one.write('key', 'value', { tags: ['red'] });
  one.lab.clock.advance(5);
  const { shelf } = one.cache;
  one.cache.rewrite(shelf.peek(Buffer.from('key')), Buffer.from('key'), {
    endAtMs: one.lab.clock.now() + 100,
  });
  assert.not.equal(one.stampOf('key'), before);
  const copy = one.copyOf('key')!;
  assert.equal(
    [copy.value?.toString(), copy.tags, copy.endAtMs],
    ['value', ['red'], one.lab.clock.now() + 100],
  );
  assert.is(other.take(copy), 'applied');
});

test('what is older than deletes that were too many is not taken, counted, and said once', () => {
  const [one, other] = two({ tombstoneBytes: 1000 });
  one.write('a', 'x');
  one.write('b', 'x');
  other.lab.clock.advance(1);
  for (let i = 0; i < 20; i++) other.remove(`key ${i}`);
  assert.is(other.take(one.copyOf('a')!), 'applied');
  other.remove('a');
  other.lab.clock.advance(20_000);
  for (let i = 0; i < 20; i++) other.remove(`key ${i}`);
  assert.equal([other.take(one.copyOf('b')!), other.take(one.copyOf('b')!)], ['late', 'late']);
  assert.is(other.replicas.refused.late, 2);
  assert.is(other.log.length, 1);
  assert.match(other.log[0]!, /deletes of its time are too many/);
});

test('a page from what is no whole number on is none', () => {
  const [one] = two();
  one.write('a', 'x');
  for (const after of [0.5, 'x', null, {}]) assert.is(one.answer({ after }).entries, undefined);
});

test.run();
