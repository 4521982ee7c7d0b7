// What is signed: no two different messages come to the same text.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  replyInput,
  requestInput,
  type SignedHead,
  type SignedReply,
} from '../../../src/fleet/auth/canonical.ts';

const test = suite('what a signature covers');

/** Short texts of few characters, so that fields run into each other often. */
const text = fc.string({ unit: fc.constantFrom('a', '1', ':', ',', '\n', 'é'), maxLength: 4 });
const heads: fc.Arbitrary<SignedHead> = fc.record({
  version: text,
  method: text,
  target: text,
  from: text,
  to: text,
  counter: text,
  session: text,
  contentType: text,
  digest: text,
});
const replies: fc.Arbitrary<SignedReply> = fc.record({
  status: fc.integer({ min: 100, max: 599 }),
  from: text,
  contentType: text,
  digest: text,
});

test('two messages have one input only if they are the same', () => {
  fc.assert(
    fc.property(heads, heads, (one, other) => {
      assert.is(requestInput(one) === requestInput(other), same(one, other));
    }),
  );
});

test('what moves from one field to the next is another message', () => {
  const fields = Object.keys(fc.sample(heads, 1)[0]!) as (keyof SignedHead)[];
  fc.assert(
    fc.property(heads, fc.nat(fields.length - 2), text, (head, at, moved) => {
      fc.pre(moved !== '');
      const [left, right] = [fields[at]!, fields[at + 1]!];
      const before = { ...head, [left]: head[left] + moved };
      const after = { ...head, [right]: moved + head[right] };
      assert.is.not(requestInput(before), requestInput(after));
    }),
  );
});

test('a reply has the input of its own request alone', () => {
  fc.assert(
    fc.property(heads, heads, replies, replies, (request, otherRequest, reply, otherReply) => {
      const isSame = same(request, otherRequest) && same(reply, otherReply);
      assert.is(replyInput(request, reply) === replyInput(otherRequest, otherReply), isSame);
    }),
  );
});

test('no reply has the input of a request', () => {
  fc.assert(
    fc.property(heads, heads, replies, (request, answered, reply) => {
      assert.is.not(requestInput(request), replyInput(answered, reply));
    }),
  );
});

test('the input of a message as docs/protocol.md has it', () => {
  const head = {
    version: '1',
    method: 'POST',
    target: '/fleet/sync',
    from: 'aaaaaaaa',
    to: 'bbbbbbbb',
    counter: '12',
    session: 's',
    contentType: 'application/json',
    digest: 'é',
  };
  const fields = '1:1,4:POST,11:/fleet/sync,8:aaaaaaaa,8:bbbbbbbb,2:12,1:s,16:application/json,2:é,';
  assert.is(requestInput(head), `17:sidecache request,${fields}`);
  const reply = { status: 200, from: 'bbbbbbbb', contentType: 'application/json', digest: 'd' };
  assert.is(replyInput(head, reply), `15:sidecache reply,${fields}3:200,8:bbbbbbbb,16:application/json,1:d,`);
});

function same(one: object, other: object): boolean {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
}

test.run();
