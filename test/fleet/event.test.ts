// Events as they stand on the wire.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EVENT_KINDS, encodeEvent, type PeerEvent, parseEvent } from '../../src/fleet/event.ts';
import { eventOf } from './peers.ts';

const test = suite('event');

const cacheNames = fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/);
const tags = fc.stringMatching(/^[\x21-\x7e]{1,40}$/);
const keys = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const events: fc.Arbitrary<PeerEvent> = fc.record<PeerEvent>({
  sequence: fc.integer({ min: 1 }),
  at: fc.tuple(fc.nat(), fc.nat()),
  kind: fc.constantFrom(...EVENT_KINDS),
  // One that is named twice is read once.
  caches: fc.uniqueArray(cacheNames, { maxLength: 4 }),
  keys: fc.array(keys, { maxLength: 4 }),
  tags: fc.array(tags, { maxLength: 4 }),
  prefixes: fc.array(keys, { maxLength: 4 }),
  notify: fc.boolean(),
  body: fc.option(fc.record({ contentType: fc.constantFrom('', 'application/json'), bytes: keys }), {
    nil: undefined,
  }),
});

test('what was encoded is read as it was', () => {
  fc.assert(
    fc.property(events, (generated) => {
      const event = { ...generated, body: generated.body && { ...generated.body } };
      assert.equal(parseEvent(JSON.parse(encodeEvent(event))), event);
    }),
  );
});

test('an unknown kind is read as an invalidation of its caches whole', () => {
  const wire = {
    ...(JSON.parse(encodeEvent(numbered())) as object),
    kind: 'rename',
    keys: ['k'],
    tags: ['t'],
  };
  const { kind, caches, keys: whole, tags: none } = parseEvent(wire)!;
  assert.equal([kind, caches, whole, none], ['invalidate', ['a'], [], []]);
});

test('an event that is too long is about its caches whole', () => {
  const long = Array.from({ length: 9000 }, (_, i) => Buffer.from(`a-rather-long-key-for-an-entry-${i}`));
  const { caches, keys: whole } = parseEvent(JSON.parse(encodeEvent(numbered({ keys: long }))))!;
  assert.equal([caches, whole], [['a'], []]);
});

test('what is no event is undefined, and nothing is thrown', () => {
  const right = JSON.parse(encodeEvent(numbered())) as Record<string, unknown>;
  assert.ok(parseEvent(right));
  const wrong: Record<string, unknown[]> = {
    sequence: [0, -1, 1.5, '1', null, 2 ** 60],
    at: [undefined, [1], [1, -1], [1, 2, 3], 'now'],
    kind: [undefined, 7, null],
    caches: [undefined, 'a', ['A'], [''], [7], Array(1001).fill('a')],
    keys: ['k', [''], [7], Array(10_001).fill('k'), null],
    tags: ['t', [''], ['a b'], [null]],
    prefixes: [[''], {}],
    body: [null, 7, {}, { type: 'a\nb', base64: '' }, { type: 'a', base64: 7 }],
  };
  for (const [name, values] of Object.entries(wrong))
    for (const value of values)
      assert.is(parseEvent({ ...right, [name]: value }), undefined, `${name}: ${value}`);
});

test('no JSON makes the parser throw', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => void parseEvent(value)));
});

function numbered(more: Partial<PeerEvent> = {}): PeerEvent {
  return { ...eventOf('a'), sequence: 1, at: [1, 0], ...more };
}

test('a cache that is named twice is concerned once', () => {
  const wire = JSON.parse(encodeEvent({ ...eventOf('a'), sequence: 1, at: [1, 0] })) as object;
  assert.equal(parseEvent({ ...wire, caches: ['a', 'b', 'a'] })!.caches, ['a', 'b']);
});

test('more than 100 prefixes are the caches whole: each would be held against every key', () => {
  const prefixes = Array.from({ length: 101 }, (_, i) => Buffer.from(`p${i}`));
  const read = parseEvent(JSON.parse(encodeEvent({ ...eventOf('a'), prefixes, sequence: 1, at: [1, 0] })))!;
  assert.equal([read.prefixes, read.keys, read.tags], [[], [], []]);
});

test('a write in a replicated cache names no cache to who does not copy, a delete does; both say whose the keys are', () => {
  for (const kind of ['write', 'delete'] as const) {
    const event = { ...eventOf('kept', { kind, keys: [Buffer.from('k')], copied: 'kept' }), sequence: 1 };
    const wire = JSON.parse(encodeEvent({ ...event, at: [5, 0] }));
    assert.equal(wire.caches, kind === 'write' ? [] : ['kept']);
    assert.is(wire.copied, 'kept');
    const read = parseEvent(wire)!;
    assert.equal([read.copied, read.keys.join()], ['kept', 'k']);
  }
});

test('one of a replicated cache that is too long is about no cache to who does not copy, and about any key to who does', () => {
  const keys = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1000, `${i} `));
  const event = { ...eventOf('kept', { kind: 'delete', keys, copied: 'kept' }), sequence: 1 };
  const wire = JSON.parse(encodeEvent({ ...event, at: [5, 0] }));
  assert.equal([wire.caches, wire.keys, wire.copied], [[], undefined, 'kept']);
});

test('an event of an unknown kind, or with too many prefixes, says so: what only it means is not to be guessed', () => {
  const event = { sequence: 1, at: [5, 0], caches: ['kept'] };
  assert.is(parseEvent({ ...event, kind: 'a newer one' })!.isUnknown, true);
  const prefixes = Array.from({ length: 101 }, (_, i) => `p${i}`);
  assert.is(parseEvent({ ...event, kind: 'invalidate', prefixes })!.isUnknown, true);
  assert.is(parseEvent({ ...event, kind: 'invalidate' })!.isUnknown, undefined);
});

test.run();
