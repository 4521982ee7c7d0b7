// Sessions of senders: made by a hello, kept, and forgotten when there are too many.

import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_SESSIONS, Sessions } from '../../../src/fleet/auth/sessions.ts';

const test = suite('sessions');

test('a repeated hello gets the same session, and its window stays as it is', () => {
  const sessions = new Sessions(randomBytes);
  const first = sessions.greet('aaaaaaaa');
  first.window.take(5);
  const second = sessions.greet('aaaaaaaa');
  assert.is(second.id, first.id);
  assert.not.ok(second.window.take(5));
});

test('sessions differ by incarnation, and are 16 random bytes', () => {
  const sessions = new Sessions(randomBytes);
  const ids = ['aaaaaaaa', 'bbbbbbbb'].map((incarnation) => sessions.greet(incarnation).id);
  assert.is.not(ids[0], ids[1]);
  for (const id of ids) assert.is(Buffer.from(id, 'base64url').length, 16);
});

test("nobody finds a session by another's id", () => {
  const sessions = new Sessions(randomBytes);
  const { id } = sessions.greet('aaaaaaaa');
  sessions.greet('bbbbbbbb');
  assert.is(sessions.find('aaaaaaaa', id)?.id, id);
  assert.is(sessions.find('bbbbbbbb', id), undefined);
  assert.is(sessions.find('cccccccc', id), undefined);
});

test('beyond its bound the table forgets who was silent longest, and nobody else', () => {
  const sessions = new Sessions(randomBytes, 3);
  const [a, b, c] = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map((name) => sessions.greet(name).id);
  sessions.find('aaaaaaaa', a!);
  sessions.greet('dddddddd');
  assert.is(sessions.find('bbbbbbbb', b!), undefined);
  assert.ok(sessions.find('aaaaaaaa', a!));
  assert.ok(sessions.find('cccccccc', c!));
});

test('a session that was forgotten is another one the next time', () => {
  const sessions = new Sessions(randomBytes, 1);
  const { id } = sessions.greet('aaaaaaaa');
  sessions.greet('bbbbbbbb');
  assert.is.not(sessions.greet('aaaaaaaa').id, id);
});

test('however many say hello, no more are held than the bound', () => {
  const sessions = new Sessions(randomBytes);
  for (let n = 0; n < MAX_SESSIONS + 10; n++) sessions.greet(`incarnation${n}`);
  assert.is(sessions.size, MAX_SESSIONS);
});

test.run();
