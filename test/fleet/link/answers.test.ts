// What the answers on the way mean, row by row.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failureOfBreak } from '../../../src/fleet/link/failure.ts';
import type { Ask, Outcome, OutcomeResult } from '../../../src/fleet/link.ts';
import { createPeerServer } from '../../../src/fleet/peer-server.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { startRawOrigin } from '../../load/origin.ts';
import { identity, linkTo, linkToList, listening, startPeer, TOKEN } from './fleet-lab.ts';

const test = suite('answers on the way');

function asking(place: string, to?: string): Ask {
  return { place, to, kind: 'events', body: {}, timeoutMs: 5000 };
}

function whyOf(outcome: Outcome): string {
  return 'why' in outcome ? outcome.why : '';
}

interface Row {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly result: OutcomeResult;
  readonly why: RegExp;
}

const router = (error: string): Record<string, string> => ({ 'X-Cf-RouterError': error });
const PROBLEM = { 'Content-Type': 'application/problem+json' };

const ROWS: Readonly<Record<string, Row>> = {
  'an instance that the router does not know': {
    status: 400,
    headers: router('unknown_route'),
    result: 'unlisted',
    why: /the router does not know/,
  },
  'a route that is missing': {
    status: 404,
    headers: router('unknown_route'),
    result: 'no-route',
    why: /there is no route to/,
  },
  'a malformed header': {
    status: 400,
    headers: router('invalid_cf_app_instance_header'),
    result: 'unreachable',
    why: /invalid_cf_app_instance_header/,
  },
  'no instance up': {
    status: 503,
    headers: router('no_endpoints'),
    result: 'unreachable',
    why: /no_endpoints/,
  },
  'an instance that refuses the connection': {
    status: 502,
    headers: router('endpoint_failure (dial tcp 127.0.0.1:7999: connect: connection refused)'),
    result: 'unreachable',
    why: /connection refused/,
  },
  'the connection limit': {
    status: 503,
    headers: router('Connection Limit Reached'),
    result: 'unreachable',
    why: /Connection Limit Reached/,
  },
  'headers that are too large': {
    status: 431,
    headers: router('max-request-size-exceeded'),
    result: 'unreachable',
    why: /431/,
  },
  '502 of something else': { status: 502, result: 'unreachable', why: /answered 502/ },
  '503 of a daemon that drains': {
    status: 503,
    headers: PROBLEM,
    body: '{"type":"urn:sidecache:draining","detail":"it ends"}',
    result: 'unreachable',
    why: /draining: it ends/,
  },
  '504 of something else': { status: 504, result: 'unreachable', why: /answered 504/ },
  'the catch-all of an app': { status: 200, body: '{"ok":true}', result: 'foreign', why: /another program/ },
  'a web page': {
    status: 200,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: '<html>',
    result: 'foreign',
    why: /a web page/,
  },
  'a redirect, which is not followed': {
    status: 302,
    headers: { Location: 'http://127.0.0.1:1/login' },
    result: 'foreign',
    why: /a redirect/,
  },
  "an app's own 404": { status: 404, body: 'no such page', result: 'foreign', why: /answered 404/ },
  "an app's own 401": { status: 401, body: 'who are you?', result: 'foreign', why: /answered 401/ },
  "an app's own problem": {
    status: 403,
    headers: PROBLEM,
    body: '{"type":"about:blank"}',
    result: 'foreign',
    why: /answered 403/,
  },
  'a daemon with another token': {
    status: 401,
    headers: PROBLEM,
    body: '{"type":"urn:sidecache:bad_mac","detail":"the signature is of no token here"}',
    result: 'refused',
    why: /401 bad_mac: the signature is of no token here/,
  },
  'a daemon without a token': {
    status: 403,
    headers: PROBLEM,
    body: '{"type":"urn:sidecache:no_token"}',
    result: 'refused',
    why: /403 no_token/,
  },
  'a daemon of another version': {
    status: 400,
    headers: PROBLEM,
    body: '{"type":"urn:sidecache:unsupported_version","detail":"it speaks version 9"}',
    result: 'refused',
    why: /it speaks version 9/,
  },
  'a problem with a lie in place of its type': {
    status: 401,
    headers: PROBLEM,
    body: '{"type":["urn:sidecache:bad_mac"]}',
    result: 'foreign',
    why: /answered 401/,
  },
  'a success that claims to be a problem': {
    status: 200,
    headers: PROBLEM,
    body: '{"type":"urn:sidecache:bad_mac"}',
    result: 'foreign',
    why: /answered 200/,
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  test(`${name}: ${row.result}`, async () => {
    const server = await listening((request, response) => {
      request.resume();
      response.writeHead(row.status, row.headers).end(row.body);
    });
    const { link } = linkToList([server.url]);
    const outcome = await link.ask(asking(server.url));
    assert.is(outcome.result, row.result);
    assert.match(whyOf(outcome), row.why);
    assert.equal(
      [...link.requests].filter(([, count]) => count > 0),
      [[row.result, 1]],
    );
    assert.is(server.requests.length, 1, 'it is asked once');
    link.close();
    await server.close();
  });
}

test('what others say is quoted on one line and not without end', async () => {
  const detail = `one\ntwo\u001b[31m${'x'.repeat(10_000)}`;
  const body = JSON.stringify({ type: 'urn:sidecache:bad_mac', detail });
  const server = await listening((_, response) => response.writeHead(401, PROBLEM).end(body));
  const { link } = linkToList([server.url]);
  const why = whyOf(await link.ask(asking(server.url)));
  assert.match(why, /^[\x20-\x7e]{10,600}$/);
  link.close();
  await server.close();
});

for (const [name, bytes, result] of [
  ['something that is not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'foreign'],
  [
    'an upgrade that nobody asked for',
    'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    'foreign',
  ],
  ['an answer that breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{', 'unreachable'],
  ['a connection that is closed without an answer', '', 'unreachable'],
] as const) {
  test(`${name}: ${result}`, async () => {
    const server = await startRawOrigin((socket) => socket.end(bytes));
    const { link } = linkToList([server.url]);
    assert.is((await link.ask(asking(server.url))).result, result);
    link.close();
    await server.close();
  });
}

for (const [code, result, why] of [
  ['ENOTFOUND', 'unlisted', /there is no address for instance 0 at http:/],
  ['EAI_AGAIN', 'unreachable', /the name server did not answer/],
] as const) {
  test(`DNS says ${code} for one instance: ${result}`, async () => {
    const failure = Object.assign(new Error('as DNS says'), { code });
    const names = {
      resolve4: () => Promise.reject(failure),
      lookup: (_: string, __: object, callback: (error: Error, address: string) => void) =>
        callback(failure, ''),
    };
    const { link } = linkTo({ by: 'address', url: 'http://{index}.peers.test:7071' }, {}, '7', names);
    const outcome = await link.ask(asking('index:0'));
    assert.is(outcome.result, result);
    assert.match(whyOf(outcome), why);
    link.close();
  });
}

test('a router whose name DNS does not know is unreachable: that is no missing instance', () => {
  const broken = { broken: 'ENOTFOUND', answered: false, stale: false };
  const route = { hostIsInstance: false, portIsInstance: false };
  assert.is(failureOfBreak(broken, 'instance 0', route).result, 'unreachable');
});

test('a port that counts up and that nobody listens on is a missing instance; any other is one that is down', async () => {
  const taken = await listening(() => {});
  const port = new URL(taken.url).port;
  await taken.close();
  for (const [url, index, result] of [
    [`http://127.0.0.1:${port.slice(0, -1)}{index}`, port.slice(-1), 'unlisted'],
    [`http://127.0.0.1:${port}/{index}`, '0', 'unreachable'],
  ] as const) {
    const { link } = linkTo({ by: 'address', url }, {}, '7777');
    assert.is((await link.ask(asking(`index:${index}`))).result, result);
    link.close();
  }
});

test('an address is looked up by A records, and by the system only where there are none', async () => {
  const peer = await startPeer('peer', { self: identity('peer', '0') });
  const asked: string[] = [];
  const names = {
    resolve4: async (host: string) => {
      asked.push(host);
      return ['127.0.0.1'];
    },
    lookup: () => assert.unreachable('the system was asked'),
  };
  const url = `http://{index}.peers.test:${peer.port}`;
  const { link } = linkTo({ by: 'address', url }, {}, '7', names);
  assert.is((await link.ask(asking('index:0'))).result, 'answered');
  assert.equal(asked, ['0.peers.test']);
  link.close();
  await peer.close();
});

// --- forged replies

type Bend = (answer: { status: number; headers: Record<string, string>; body: string }) => void;

/** A peer whose answers to messages, not to hellos, are bent on their way. */
function bending(bend: Bend): RequestListener {
  const receive = () => ({ confirmed: 1 });
  const server = createPeerServer({
    tokens: [TOKEN],
    self: identity('peer'),
    prefix: '',
    clock: new FakeClock(),
    receive,
  });
  return (request, response) => {
    if (!request.url?.endsWith('hello')) intercept(response, bend);
    server.handle(request, response);
  };
}

function intercept(response: ServerResponse, bend: Bend): void {
  const answer = { status: 0, headers: {} as Record<string, string>, body: '' };
  const { writeHead, end } = response;
  response.writeHead = ((status: number, headers: Record<string, string>) => {
    Object.assign(answer, { status, headers: { ...headers } });
    return response;
  }) as typeof writeHead;
  response.end = ((body: Buffer) => {
    answer.body = body.toString();
    bend(answer);
    const bytes = Buffer.from(answer.body);
    writeHead.call(response, answer.status, { ...answer.headers, 'Content-Length': bytes.length });
    return end.call(response, bytes, 'utf8');
  }) as typeof end;
}

const FORGERIES: Readonly<Record<string, Bend>> = {
  'another body': (answer) => {
    answer.body = '{"confirmed":2}';
  },
  'another status': (answer) => {
    answer.status = 202;
  },
  "another's name": (answer) => {
    answer.headers['Sidecache-From'] = 'incarnationother';
  },
  'another type': (answer) => {
    answer.headers['Content-Type'] = 'text/plain';
  },
  'a MAC of nothing': (answer) => {
    answer.headers['Sidecache-Mac'] = 'A'.repeat(43);
  },
  'another version': (answer) => {
    answer.headers['Sidecache-Version'] = '2';
  },
};

for (const [name, bend] of Object.entries(FORGERIES)) {
  test(`a reply with ${name} is no confirmation`, async () => {
    const server = await listening(bending(bend));
    const { link } = linkToList([server.url]);
    const outcome = await link.ask(asking(server.url));
    assert.is(outcome.result, 'foreign');
    assert.match(whyOf(outcome), /a signature that is not of this token and this request/);
    link.close();
    await server.close();
  });
}

test('a reply without its signature is no confirmation', async () => {
  const server = await listening(
    bending(({ headers }) => {
      delete headers['Sidecache-Mac'];
    }),
  );
  const { link } = linkToList([server.url]);
  assert.is((await link.ask(asking(server.url))).result, 'foreign');
  link.close();
  await server.close();
});

test('the reply to another request, of the same peer and sender, is no confirmation', async () => {
  let first: Parameters<Bend>[0] | undefined;
  const server = await listening(
    bending((answer) => {
      if (first) Object.assign(answer, first);
      else first = structuredClone(answer);
    }),
  );
  const { link } = linkToList([server.url]);
  assert.is((await link.ask(asking(server.url))).result, 'answered');
  assert.is((await link.ask(asking(server.url))).result, 'foreign');
  link.close();
  await server.close();
});

test('a recorded answer to a hello introduces nobody', async () => {
  const peer = await startPeer('peer');
  let recorded: { headers: Record<string, string>; body: string } | undefined;
  const server = await listening((request, response) => {
    if (recorded) {
      response.writeHead(200, recorded.headers).end(recorded.body);
      return;
    }
    intercept(response, ({ headers, body }) => {
      recorded = { headers, body };
    });
    peer.server.handle(request, response);
  });
  const { link: one } = linkToList([server.url]);
  await one.ask(asking(server.url));
  const { link: other } = linkToList([server.url]);
  assert.is((await other.ask(asking(server.url))).result, 'foreign');
  one.close();
  other.close();
  for (const each of [peer, server]) await each.close();
});

// --- connections that are kept

/** Closes the connection at these messages, numbered from 0, before any answer. */
function cutting(isCut: (message: number) => boolean, keep: IncomingMessage[]): RequestListener {
  const server = createPeerServer({
    tokens: [TOKEN],
    self: identity('peer'),
    prefix: '',
    clock: new FakeClock(),
    receive: () => 'taken',
  });
  return (request, response) => {
    if (request.url?.endsWith('hello')) return server.handle(request, response);
    keep.push(request);
    if (isCut(keep.length - 1)) request.socket.destroy();
    else server.handle(request, response);
  };
}

test('a kept connection that was closed just then costs a second try, with a counter of its own', async () => {
  const messages: IncomingMessage[] = [];
  const server = await listening(cutting((message) => message === 0, messages));
  const { link } = linkToList([server.url]);
  const outcome = await link.ask(asking(server.url));
  assert.is(outcome.result, 'answered');
  assert.equal(
    messages.map(({ headers }) => headers['sidecache-counter']),
    ['1', '2'],
  );
  link.close();
  await server.close();
});

test('a peer that closes each connection is unreachable after the second', async () => {
  const messages: IncomingMessage[] = [];
  const server = await listening(cutting(() => true, messages));
  const { link } = linkToList([server.url]);
  assert.is((await link.ask(asking(server.url))).result, 'unreachable');
  assert.is(messages.length, 2);
  link.close();
  await server.close();
});

test.run();
