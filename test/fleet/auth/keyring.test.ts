// Tokens as keys: the first signs, all verify.

import { createHmac, hkdfSync } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Key, Keyring } from '../../../src/fleet/auth/keyring.ts';

const test = suite('keyring');
const OLD = 'the old token of the fleet';
const NEW = 'the new token of the fleet';
const INPUT = 'what is signed, é included';

test('a MAC is HMAC-SHA-256 under HKDF-SHA-256 of the token, in base64url', () => {
  const secret = Buffer.from(hkdfSync('sha256', OLD, '', 'sidecache peer v1', 32));
  const mac = createHmac('sha256', secret).update(INPUT).digest('base64url');
  assert.is(new Key(OLD).sign(INPUT), mac);
});

test('a MAC verifies for its own input and token only', () => {
  const key = new Key(OLD);
  const mac = key.sign(INPUT);
  assert.ok(key.verifies(INPUT, mac));
  assert.not.ok(key.verifies('something else', mac));
  assert.not.ok(new Key(NEW).verifies(INPUT, mac));
});

test('a MAC that is spelled otherwise, cut, longer or empty does not verify', () => {
  const key = new Key(OLD);
  const mac = key.sign(INPUT);
  // The last of 43 characters has two bits that mean nothing: they must be as they are written.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const respelled = mac.slice(0, -1) + alphabet[alphabet.indexOf(mac.at(-1)!) + 1];
  assert.ok(Buffer.from(respelled, 'base64url').equals(Buffer.from(mac, 'base64url')));
  for (const wrong of [respelled, mac.slice(0, -1), `${mac}A`, '', `${mac}=`]) {
    assert.not.ok(key.verifies(INPUT, wrong), wrong);
  }
});

test('the first token signs, all verify, and the key that did is the one to reply with', () => {
  const ring = new Keyring([NEW, OLD]);
  assert.is(ring.first?.sign(INPUT), new Key(NEW).sign(INPUT));
  assert.is(ring.keyOf(INPUT, new Key(OLD).sign(INPUT))?.sign(INPUT), new Key(OLD).sign(INPUT));
  assert.is(ring.keyOf(INPUT, new Key(NEW).sign(INPUT)), ring.first);
  assert.is(ring.keyOf(INPUT, new Key('a token nobody has').sign(INPUT)), undefined);
});

test('without a token nothing signs and nothing verifies', () => {
  const ring = new Keyring([]);
  assert.is(ring.first, undefined);
  assert.is(ring.keyOf(INPUT, new Key('').sign(INPUT)), undefined);
});

test.run();
