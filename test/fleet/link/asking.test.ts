// Asking a peer: hello, session, message, reply, and what is bounded.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HEADERS } from '../../../src/fleet/auth/head.ts';
import { MAX_METRICS_REPLY_BYTES, MAX_REPLY_BYTES } from '../../../src/fleet/link/conversation.ts';
import type { Ask, MessageKind, Outcome } from '../../../src/fleet/link.ts';
import { createPeerServer } from '../../../src/fleet/peer-server.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { closedPort } from '../../load/origin.ts';
import { identity, linkToList, listening, OTHER_TOKEN, startPeer, TOKEN } from './fleet-lab.ts';

const test = suite('asking peers');

function asking(place: string, to?: string, more: Partial<Ask> = {}): Ask {
  return { place, to, kind: 'sync', body: { some: 'thing' }, timeoutMs: 1000, ...more };
}

function whyOf(outcome: Outcome): string {
  return 'why' in outcome ? outcome.why : '';
}

/** Paths asked for, in order. */
function paths(server: { requests: readonly { url?: string | undefined }[] }): string[] {
  return server.requests.map(({ url = '' }) => url.split('/').at(-1) ?? '');
}

test('the first message says hello before it; the next ones do not', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList([peer.url]);
  const first = await link.ask(asking(peer.url));
  assert.equal(first, { result: 'answered', from: peer.self, body: { name: 'peer', kind: 'sync' } });
  await link.ask(asking(peer.url, peer.self.incarnation, { kind: 'events' }));
  await link.ask(asking(peer.url));
  assert.equal(paths(peer), ['hello', 'sync', 'events', 'sync']);
  assert.equal(peer.received[0], ['sync', 'incarnationasker', { some: 'thing' }]);
  assert.equal(
    [...link.requests].filter(([, count]) => count > 0),
    [['answered', 3]],
  );
  link.close();
  await peer.close();
});

test('messages to one peer share a kept-alive connection', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList([peer.url]);
  for (let n = 0; n < 5; n++) await link.ask(asking(peer.url));
  assert.is(peer.connections.length, 1);
  link.close();
  await peer.close();
});

test('many messages at one time all arrive, each once', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList([peer.url], { maxConcurrent: 8 });
  const bodies = Array.from({ length: 100 }, (_, n) => n);
  const outcomes = await Promise.all(bodies.map((body) => link.ask(asking(peer.url, undefined, { body }))));
  assert.ok(outcomes.every(({ result }) => result === 'answered'));
  assert.equal(
    peer.received.map(([, , body]) => Number(body)).sort((a, b) => a - b),
    bodies,
  );
  assert.ok(peer.connections.length <= 8);
  link.close();
  await peer.close();
});

test('somebody else than was meant gets a hello and no message', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList([peer.url]);
  assert.equal(await link.ask(asking(peer.url, 'incarnationgone')), { result: 'other', from: peer.self });
  assert.equal(paths(peer), ['hello']);
  assert.equal(peer.received, []);
  link.close();
  await peer.close();
});

test('who was started again is another one: said to whom it was meant for, found by who asks for anybody', async () => {
  const before = await startPeer('before');
  const after = await startPeer('after');
  let server = before.server;
  const place = await listening((request, response) => server.handle(request, response));
  const { link } = linkToList([place.url]);
  await link.ask(asking(place.url));
  server = after.server;
  const meant = await link.ask(asking(place.url, before.self.incarnation));
  assert.equal(meant, { result: 'other', from: after.self });
  const anybody = await link.ask(asking(place.url));
  assert.equal(anybody, { result: 'answered', from: after.self, body: { name: 'after', kind: 'sync' } });
  assert.is(before.received.length, 1);
  assert.is(after.received.length, 1);
  link.close();
  for (const one of [before, after, place]) await one.close();
});

test('who forgot the session is told hello again, and the message once more', async () => {
  const self = identity('peer');
  const remembering = await startPeer('peer', { self });
  const forgetful = await startPeer('peer', { self });
  let server = remembering.server;
  const place = await listening((request, response) => server.handle(request, response));
  const { link } = linkToList([place.url]);
  await link.ask(asking(place.url));
  server = forgetful.server;
  assert.is((await link.ask(asking(place.url, self.incarnation))).result, 'answered');
  assert.equal(paths(place), ['hello', 'sync', 'sync', 'hello', 'sync']);
  assert.is(forgetful.server.refused.of('unknown_session'), 1);
  assert.is(forgetful.received.length, 1);
  link.close();
  for (const one of [remembering, forgetful, place]) await one.close();
});

test('who never keeps a session is not asked without end', async () => {
  const self = identity('peer');
  const clock = new FakeClock();
  const fresh = () => createPeerServer({ tokens: [TOKEN], self, prefix: '', clock, receive: () => 0 });
  const place = await listening((request, response) => fresh().handle(request, response));
  const { link } = linkToList([place.url]);
  assert.is((await link.ask(asking(place.url))).result, 'refused');
  assert.ok(place.requests.length < 10);
  link.close();
  await place.close();
});

test('a message that something on the way sent twice is repeated as a new one', async () => {
  const peer = await startPeer('peer', { receive: () => 'taken' });
  let doubles = 1;
  // Answers with what the second of the two got.
  const proxy = await listening(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const pass = () =>
      fetch(`${peer.url}${request.url}`, {
        method: 'POST',
        headers: pick(request.headers),
        body: Buffer.concat(chunks),
      });
    let answer = await pass();
    if (!request.url?.endsWith('hello') && doubles-- > 0) answer = await pass();
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const { link } = linkToList([proxy.url]);
  const outcome = await link.ask(asking(proxy.url));
  assert.equal(outcome, { result: 'answered', from: peer.self, body: 'taken' });
  assert.is(peer.server.refused.of('replayed'), 1);
  link.close();
  for (const one of [peer, proxy]) await one.close();
});

function pick(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const names = [...Object.values(HEADERS).map((name) => name.toLowerCase()), 'content-type'];
  return Object.fromEntries(names.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])));
}

test('during a rotation every member understands every other', async () => {
  const stages = [[TOKEN], [TOKEN, OTHER_TOKEN], [OTHER_TOKEN, TOKEN], [OTHER_TOKEN]];
  for (const [n, tokens] of stages.entries()) {
    const peer = await startPeer('peer', { tokens });
    // Those of the stage before and after are still, or already, about.
    for (const others of stages.slice(Math.max(0, n - 1), n + 2)) {
      const { link } = linkToList([peer.url], { tokens: others });
      assert.is((await link.ask(asking(peer.url))).result, 'answered', `${others} to ${tokens}`);
      link.close();
    }
    await peer.close();
  }
});

test('with another token: refused, and the reason that the peer gives', async () => {
  const peer = await startPeer('peer', { tokens: [OTHER_TOKEN] });
  const { link } = linkToList([peer.url]);
  const outcome = await link.ask(asking(peer.url));
  assert.is(outcome.result, 'refused');
  assert.match(whyOf(outcome), /401 bad_mac: .*fleet\.token/);
  assert.not.match(whyOf(outcome), new RegExp(`${TOKEN}|${OTHER_TOKEN}`));
  assert.is(peer.server.refused.of('bad_mac'), 1);
  link.close();
  await peer.close();
});

test('a peer without a token refuses, and without an own one nobody is asked', async () => {
  const peer = await startPeer('peer', { tokens: [] });
  const { link } = linkToList([peer.url]);
  const outcome = await link.ask(asking(peer.url));
  assert.is(outcome.result, 'refused');
  assert.match(whyOf(outcome), /403 no_token/);
  const { link: without } = linkToList([peer.url], { tokens: [] });
  assert.is((await without.ask(asking(peer.url))).result, 'refused');
  assert.is(peer.requests.length, 1);
  link.close();
  without.close();
  await peer.close();
});

test('a peer without memory takes nothing now; one that fails says so', async () => {
  const full = await startPeer('full', { charge: () => false });
  const failing = await startPeer('failing', {
    receive: () => {
      throw new Error('a defect');
    },
  });
  const { link } = linkToList([full.url, failing.url]);
  const ofFull = await link.ask(asking(full.url));
  assert.is(ofFull.result, 'unreachable');
  assert.match(whyOf(ofFull), /503 no_room/);
  const ofFailing = await link.ask(asking(failing.url));
  assert.is(ofFailing.result, 'refused');
  assert.match(whyOf(ofFailing), /500 internal/);
  link.close();
  for (const one of [full, failing]) await one.close();
});

test('a message that is too large is not sent', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList([peer.url]);
  const outcome = await link.ask(asking(peer.url, undefined, { body: ['x'.repeat(1 << 20)] }));
  assert.is(outcome.result, 'refused');
  assert.is(peer.requests.length, 0);
  link.close();
  await peer.close();
});

for (const [kind, maxBytes] of [
  ['sync', MAX_REPLY_BYTES],
  ['metrics', MAX_METRICS_REPLY_BYTES],
] as [MessageKind, number][]) {
  test(`a reply to ${kind} has at most ${maxBytes} bytes`, async () => {
    let bytes = maxBytes - 2;
    const peer = await startPeer('peer', { receive: () => 'x'.repeat(bytes) });
    const { link } = linkToList([peer.url]);
    assert.is((await link.ask(asking(peer.url, undefined, { kind }))).result, 'answered');
    bytes++;
    const outcome = await link.ask(asking(peer.url, undefined, { kind }));
    assert.is(outcome.result, 'foreign');
    assert.match(whyOf(outcome), /more than a reply may have/);
    link.close();
    await peer.close();
  });
}

test('metrics of a peer may be as long as there is room for, and other replies as long as ever', async () => {
  const peer = await startPeer('peer', { receive: () => 'x'.repeat(100_000) });
  const { link } = linkToList([peer.url], { maxMetricsBytes: () => 64 << 10 });
  assert.is((await link.ask(asking(peer.url, undefined, { kind: 'metrics' }))).result, 'foreign');
  assert.is((await link.ask(asking(peer.url, undefined, { kind: 'sync' }))).result, 'answered');
  link.close();
  await peer.close();
});

test('the time bounds an ask as a whole, hello included', async () => {
  const { promise: reached, resolve } = withResolvers();
  const hung = await listening(() => resolve());
  const { link, clock } = linkToList([hung.url]);
  const asked = link.ask(asking(hung.url, undefined, { timeoutMs: 2000 }));
  await reached;
  clock.advance(2000);
  const outcome = await asked;
  assert.is(outcome.result, 'unreachable');
  assert.match(whyOf(outcome), /did not answer within 2000 ms/);
  assert.is(clock.timers, 0);
  link.close();
  await hung.close();
});

test('nothing listens: unreachable', async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  const { link } = linkToList([url]);
  const outcome = await link.ask(asking(url));
  assert.equal(outcome, { result: 'unreachable', why: `${url} refused the connection` });
  link.close();
});

test('a text is a message that was made JSON before: many are sent the same', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList([peer.url]);
  await link.ask(asking(peer.url, undefined, { body: '{"written":"once"}' }));
  assert.equal(peer.received, [['sync', 'incarnationasker', { written: 'once' }]]);
  link.close();
  await peer.close();
});

test('a place that is none of this transport is not asked', async () => {
  const peer = await startPeer('peer');
  const { link } = linkToList(['http://127.0.0.1:1']);
  assert.is((await link.ask(asking(peer.url))).result, 'unreachable');
  assert.is(peer.requests.length, 0);
  link.close();
  await peer.close();
});

test('a body that is no JSON is a defect of the asker, told, and no crash', async () => {
  const peer = await startPeer('peer');
  const defects: unknown[] = [];
  const { link } = linkToList([peer.url], { onDefect: (error) => defects.push(error) });
  assert.is((await link.ask(asking(peer.url, undefined, { body: 1n }))).result, 'unreachable');
  assert.is(defects.length, 1);
  link.close();
  await peer.close();
});

test('who closes ends what is being asked, and asks nothing more', async () => {
  const { promise: reached, resolve } = withResolvers();
  const hung = await listening(() => resolve());
  const { link } = linkToList([hung.url]);
  const asked = link.ask(asking(hung.url));
  await reached;
  link.close();
  assert.is((await asked).result, 'unreachable');
  assert.is((await link.ask(asking(hung.url))).result, 'unreachable');
  assert.is(hung.requests.length, 1);
  await hung.close();
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

test('the list finds its own place by asking, and does not look there again', async () => {
  const self = identity('asker');
  const own = await startPeer('asker', { self });
  const peer = await startPeer('peer');
  const { link, transport } = linkToList([own.url, peer.url], { self });
  assert.equal(await transport.find(-1), [own.url, peer.url]);
  for (const place of await transport.find(-1)) await link.ask(asking(place));
  assert.equal(await transport.find(-1), [peer.url]);
  assert.is(transport.own, own.url);
  link.close();
  for (const one of [own, peer]) await one.close();
});

test.run();
