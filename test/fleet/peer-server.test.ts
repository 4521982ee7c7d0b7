// The receiving side: hello, session, message, signed reply.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { replyInput } from '../../src/fleet/auth/canonical.ts';
import { HEADERS } from '../../src/fleet/auth/head.ts';
import { digestOf, Key } from '../../src/fleet/auth/keyring.ts';
import { wireIdentity } from '../../src/fleet/identity.ts';
import {
  identity,
  OTHER_TOKEN,
  rawHello,
  rawMessage,
  send,
  sessionOf,
  startPeer,
  TOKEN,
} from './link/fleet-lab.ts';

const test = suite('peer server');
const SENDER = identity('sender');

test('a hello is answered with the own identity and a session, signed for this request', async () => {
  const peer = await startPeer('peer');
  const hello = rawHello(SENDER);
  const { status, headers, text } = await send(peer.port, hello);
  assert.is(status, 200);
  const body = JSON.parse(text) as { identity: unknown; session: string };
  assert.equal(body.identity, wireIdentity(peer.self));
  assert.match(body.session, /^[A-Za-z0-9_-]{22}$/);
  const digest = digestOf(Buffer.from(text));
  assert.is(headers['sidecache-digest'], digest);
  const head = {
    version: '1',
    method: 'POST',
    target: '/fleet/hello',
    from: SENDER.incarnation,
    to: '-',
    counter: '0',
    session: '',
    contentType: 'application/json',
    digest: digestOf(hello.body),
  };
  const reply = { status: 200, from: peer.self.incarnation, contentType: 'application/json', digest };
  assert.is(headers['sidecache-mac'], new Key(TOKEN).sign(replyInput(head, reply)));
  await peer.close();
});

test('a message in its session is handed on, with who sent it, and its answer comes back', async () => {
  const peer = await startPeer('peer');
  const session = await sessionOf(peer, SENDER);
  const head = { from: SENDER.incarnation, to: peer.self.incarnation, counter: '1', session };
  const { status, text } = await send(peer.port, rawMessage('events', head, { some: 'thing' }));
  assert.is(status, 200);
  assert.equal(JSON.parse(text), { name: 'peer', kind: 'events' });
  assert.equal(peer.received, [['events', SENDER.incarnation, { some: 'thing' }]]);
  assert.is(peer.chargedBytes, 0);
  await peer.close();
});

test('behind a prefix the whole path is signed, and no other is known', async () => {
  const peer = await startPeer('peer', { prefix: '/behind/this' });
  const there = rawHello(SENDER);
  assert.is((await send(peer.port, { ...there, path: '/behind/this/fleet/hello' })).status, 401);
  assert.is((await send(peer.port, there)).status, 400);
  await peer.close();
});

test('whatever was receiving may throw: the sender is told, signed, and the daemon goes on', async () => {
  const defects: unknown[] = [];
  const peer = await startPeer('peer', {
    receive: (kind) => {
      if (kind === 'events') throw new Error('a defect');
      return kind;
    },
    onDefect: (error) => defects.push(error),
  });
  const session = await sessionOf(peer, SENDER);
  const head = { from: SENDER.incarnation, to: peer.self.incarnation, session };
  const failed = await send(peer.port, rawMessage('events', { ...head, counter: '1' }, {}));
  assert.is(failed.status, 500);
  assert.ok(failed.headers['sidecache-mac']);
  assert.not.match(failed.text, /a defect/);
  assert.is((await send(peer.port, rawMessage('sync', { ...head, counter: '2' }, {}))).text, '"sync"');
  assert.is(defects.length, 1);
  await peer.close();
});

test('without a token nobody is a peer, and the answer says what is missing', async () => {
  const peer = await startPeer('peer', { tokens: [] });
  const { status, text, headers } = await send(peer.port, rawHello(SENDER));
  assert.is(status, 403);
  assert.match(text, /fleet\.token/);
  assert.is(headers['sidecache-mac'], undefined);
  assert.is(peer.server.refused.of('no_token'), 1);
  await peer.close();
});

test('with an old and a new token both are served, each by its own key', async () => {
  const peer = await startPeer('peer', { tokens: [OTHER_TOKEN, TOKEN] });
  for (const token of [TOKEN, OTHER_TOKEN]) {
    const sender = identity(token === TOKEN ? 'old' : 'new');
    const answer = await send(peer.port, rawHello(sender, token));
    assert.is(answer.status, 200);
    const { session } = JSON.parse(answer.text) as { session: string };
    const head = { from: sender.incarnation, to: peer.self.incarnation, counter: '1', session };
    const message = rawMessage('sync', head, {}, token);
    const reply = await send(peer.port, message);
    const signed = {
      version: '1',
      method: 'POST',
      target: '/fleet/sync',
      contentType: 'application/json',
      digest: digestOf(message.body),
      ...head,
    };
    const digest = digestOf(Buffer.from(reply.text));
    const from = peer.self.incarnation;
    const input = replyInput(signed, { status: 200, from, contentType: 'application/json', digest });
    assert.is(reply.headers[HEADERS.mac.toLowerCase()], new Key(token).sign(input));
  }
  await peer.close();
});

test('without memory for a body it is not read: 503, and when to come again', async () => {
  const peer = await startPeer('peer', { charge: () => false });
  const { status, headers } = await send(peer.port, rawHello(SENDER));
  assert.is(status, 503);
  assert.ok(Number(headers['retry-after']) >= 1);
  assert.is(peer.server.refused.of('no_room'), 1);
  assert.is(peer.server.sessions, 0);
  await peer.close();
});

test.run();
