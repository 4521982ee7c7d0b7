// Answers that are none, and connections that misbehave: asking ends in time, and never with an answer.

import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ask } from '../../../src/fleet/link.ts';
import { startRawOrigin } from '../../load/origin.ts';
import { linkToList, startPeer } from './fleet-lab.ts';

const test = suite('hostile answers');

function asking(place: string): Ask {
  return { place, to: undefined, kind: 'events', body: {}, timeoutMs: 5000 };
}

for (const [name, bytes, result] of [
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}', 'foreign'],
  ['headers without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(12_000)}`, 'foreign'],
  ['more than a reply may have', 'HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n', 'foreign'],
  ['bytes that are no text', '\x00\xff\x00\xff\n', 'foreign'],
] as const) {
  test(`${name} that keep the connection open: ${result}, at once`, async () => {
    const server = await startRawOrigin((socket) => socket.write(bytes, 'latin1'));
    const { link } = linkToList([server.url]);
    assert.is((await link.ask(asking(server.url))).result, result);
    await server.allClosed();
    link.close();
    await server.close();
  });
}

for (const [name, bytes] of [
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{'],
  ['announcements of an answer', 'HTTP/1.1 102 Processing\r\n\r\n'],
] as const) {
  test(`${name}, and then nothing: unreachable when the time is over, and the connection is closed`, async () => {
    let sent = (): void => {};
    const isSent = new Promise<void>((resolve) => {
      sent = resolve;
    });
    const server = await startRawOrigin((socket) => socket.write(bytes, sent));
    const { link, clock } = linkToList([server.url]);
    const asked = link.ask(asking(server.url));
    await isSent;
    clock.advance(5000);
    const outcome = await asked;
    assert.is(outcome.result, 'unreachable');
    assert.match('why' in outcome ? outcome.why : '', /within 5000 ms/);
    await server.allClosed();
    link.close();
    await server.close();
  });
}

test('an answer with another behind it is one answer, and its connection is not used again', async () => {
  const answer = 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n';
  const server = await startRawOrigin((socket) => socket.write(answer + answer));
  const { link } = linkToList([server.url]);
  assert.is((await link.ask(asking(server.url))).result, 'foreign');
  assert.is((await link.ask(asking(server.url))).result, 'foreign');
  assert.is(server.connections.length, 2);
  link.close();
  await server.close();
});

test('a connection on which something comes unasked is closed, and another one is taken', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList([peer.url]);
  assert.is((await link.ask(asking(peer.url))).result, 'answered');
  const [connection] = peer.connections;
  connection!.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await once(connection!, 'close');
  assert.is((await link.ask(asking(peer.url))).result, 'answered');
  assert.is(peer.connections.length, 2);
  link.close();
  await peer.close();
});

test.run();
