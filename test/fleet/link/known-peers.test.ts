// What a sender remembers of those it speaks to.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KnownPeers } from '../../../src/fleet/link/known-peers.ts';
import { identity } from './fleet-lab.ts';

const test = suite('known peers');
const PLACE = 'index:0';

test('a repeated hello goes on counting in the same session, and begins anew in another', () => {
  const known = new KnownPeers();
  const peer = identity('peer');
  const first = known.greeted(peer, 'one');
  first.nextCounter();
  assert.is(known.greeted(peer, 'one'), first);
  assert.is(known.greeted(peer, 'two').nextCounter(), 1);
});

test('at a place is who was seen there last', () => {
  const known = new KnownPeers();
  const [one, two] = [known.greeted(identity('one'), 's'), known.greeted(identity('two'), 't')];
  known.seenAt(PLACE, one.identity.incarnation);
  known.seenAt(PLACE, two.identity.incarnation);
  assert.is(known.get(PLACE, undefined), two);
  assert.is(known.get(PLACE, one.identity.incarnation), one);
});

test('who found out that a session is gone does not take away the next one', () => {
  const known = new KnownPeers();
  const before = known.greeted(identity('peer'), 'one');
  const after = known.greeted(identity('peer'), 'two');
  known.forget(before);
  assert.is(known.get(PLACE, after.identity.incarnation), after);
  known.forget(after);
  assert.is(known.get(PLACE, after.identity.incarnation), undefined);
});

test('a peer that was forgotten for want of room gets no counter twice', () => {
  const known = new KnownPeers();
  const used = known.greeted(identity('used'), 'kept');
  for (let n = 0; n < 10; n++) used.nextCounter();
  for (let n = 0; n < 5000; n++) known.greeted(identity(String(n)), 's');
  assert.is(known.get(PLACE, used.identity.incarnation), undefined);
  assert.ok(known.greeted(identity('used'), 'kept').nextCounter() > 10);
});

test.run();
