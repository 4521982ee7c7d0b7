// The fleet listener over real connections: who gets to whom, TLS, and its end.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SidecacheError } from '../../src/errors.ts';
import { Access, type AccessParts } from '../../src/serve/access/access.ts';
import { Connections } from '../../src/serve/connections.ts';
import { FleetListener, type FleetListenerParts } from '../../src/serve/fleet-listener.ts';
import { Garbage } from '../../src/serve/garbage.ts';
import { Headroom } from '../../src/serve/headroom.ts';
import type { Context } from '../../src/serve/http/context.ts';
import { handle as route } from '../../src/serve/http/routes.ts';
import { Budget } from '../../src/store/budget.ts';
import { systemClock } from '../../src/system-clock.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { type Certificate, selfSigned } from '../load/certificate.ts';

const test = suite('fleet listener');

const TOKEN = 'a-token-of-the-fleet-0';
const MANY_SILENT = 64;
const folder = mkdtempSync(join(tmpdir(), 'fleet-listener-'));
const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
const open: FleetListener[] = [];

test.after.each(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

test.after(() => rmSync(folder, { recursive: true }));

/** A listener on any free port, and what came through it. */
class Lab {
  readonly headroom = new Headroom(new Budget(64 << 20));
  /** `peers PATH URL` or `handle METHOD URL`. */
  readonly reached: string[] = [];
  readonly warnings: string[] = [];
  readonly connections: Connections;
  listener!: FleetListener;

  private constructor(clock: FleetListenerParts['clock']) {
    this.connections = new Connections({ headroom: this.headroom, garbage: new Garbage(), clock, most: 500 });
  }

  static async open(parts: Partial<FleetListenerParts> = {}, rules: Partial<AccessParts> = {}): Promise<Lab> {
    const { clock = systemClock } = parts;
    const lab = new Lab(clock);
    lab.listener = await FleetListener.open({
      host: '127.0.0.1',
      port: 0,
      tls: undefined,
      prefix: '',
      connections: lab.connections,
      headroom: lab.headroom,
      clock,
      access: new Access({
        operators: [],
        tokens: [TOKEN],
        allow: ['metrics', 'invalidate'],
        open: ['healthz'],
        insecure: false,
        clock,
        ...rules,
      }),
      peers: (request, response, path) => lab.#note(`peers ${path} ${request.url}`, response),
      handle: (request, response) => lab.#note(`handle ${request.method} ${request.url}`, response),
      warn: (message) => lab.warnings.push(message),
      ...parts,
    });
    open.push(lab.listener);
    return lab;
  }

  #note(what: string, response: ServerResponse): void {
    this.reached.push(what);
    response.end(what);
  }

  get port(): number {
    return this.listener.address.port;
  }

  /** Sends the text as it is; the answer, to the end of the connection. */
  async exchange(text: string): Promise<string> {
    return read(connect(this.port, '127.0.0.1').end(text, 'latin1'));
  }

  ask(target: string, headers: readonly string[] = [], method = 'GET'): Promise<string> {
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: x', ...headers, 'Connection: close'];
    return this.exchange(`${lines.join('\r\n')}\r\n\r\n`);
  }

  secure(): Promise<TLSSocket> {
    return secured(this.port);
  }
}

async function read(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  for await (const chunk of socket) text += chunk;
  return text;
}

/** However it ends. */
function endOf(socket: Socket): Promise<void> {
  return new Promise((resolve) =>
    socket
      .on('error', () => {})
      .once('close', resolve)
      .resume(),
  );
}

async function secured(port: number): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
}

function renew(certificate: Certificate): Certificate {
  writeFileSync(files.cert, certificate.certPem);
  writeFileSync(files.key, certificate.keyPem);
  return certificate;
}

const AUTHORIZED = [`Authorization: Bearer ${TOKEN}`];
const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

// --- who gets to whom

test('what is for peers goes to them, as it was sent; they see for themselves who it is from', async () => {
  const lab = await Lab.open();
  await lab.ask('/fleet/sync', [], 'POST');
  await lab.ask('http://any.host/fleet/events?x=1');
  assert.equal(lab.reached, [
    'peers /fleet/sync /fleet/sync',
    'peers /fleet/events http://any.host/fleet/events?x=1',
  ]);
});

test('without credentials nothing else gets further than a 401 that says how to come back', async () => {
  const lab = await Lab.open();
  for (const target of [
    '/metrics',
    '/fleet',
    '//fleet/sync',
    '/FLEET/sync',
    '/%66leet/sync',
    '/x/../fleet/sync',
  ]) {
    const answer = await lab.ask(target);
    assert.is(statusOf(answer), 401, target);
    assert.match(answer, /^WWW-Authenticate: Bearer realm="sidecache"\r$/m);
    assert.match(answer, /^Content-Type: application\/problem\+json\r$/m);
    assert.match(answer, '"type":"urn:sidecache:unauthorized"');
  }
  assert.equal(lab.reached, []);
});

test('with them an operator gets what is allowed', async () => {
  const lab = await Lab.open();
  assert.is(statusOf(await lab.ask('/metrics?fleet=1', AUTHORIZED)), 200);
  assert.is(statusOf(await lab.ask('/caches/users/1', AUTHORIZED)), 403);
  assert.is(statusOf(await lab.ask('/nope', AUTHORIZED)), 404);
  assert.is(statusOf(await lab.ask('/healthz')), 200, 'open');
  assert.equal(lab.reached, ['handle GET /metrics?fleet=1', 'handle GET /healthz']);
});

test('too many wrong credentials: 429 with Retry-After, over any number of connections', async () => {
  const lab = await Lab.open({ clock: new FakeClock() });
  const answers = await Promise.all(
    Array.from({ length: 15 }, (_, i) => lab.ask('/metrics', [`Authorization: Bearer ${i}`])),
  );
  const tooMany = answers.filter((answer) => statusOf(answer) === 429);
  assert.is(tooMany.length, 5);
  for (const answer of tooMany) assert.match(answer, /^Retry-After: 1\r$/m);
  assert.is(statusOf(await lab.ask('/metrics', AUTHORIZED)), 200);
});

test('credentials that are sent twice are refused over the wire, too', async () => {
  const lab = await Lab.open();
  assert.is(statusOf(await lab.ask('/metrics', [...AUTHORIZED, ...AUTHORIZED])), 401);
  assert.is(statusOf(await lab.ask('/metrics', [...AUTHORIZED, 'Authorization: Bearer x'])), 401);
});

test('the path of the route is left out, for peers in what they are told only', async () => {
  const lab = await Lab.open({ prefix: '/my/cache/' });
  const targets = [
    '/my/cache/metrics?fleet=1',
    '/metrics',
    'http://h/my/cache/metrics',
    '/my/cache/fleet/sync?a',
  ];
  for (const target of targets) assert.is(statusOf(await lab.ask(target, AUTHORIZED)), 200, target);
  assert.equal(lab.reached, [
    'handle GET /metrics?fleet=1',
    'handle GET /metrics',
    'handle GET /metrics',
    'peers /fleet/sync /my/cache/fleet/sync?a',
  ]);
});

test('what only looks like the path of the route is not left out', async () => {
  const lab = await Lab.open({ prefix: '/my/cache' });
  for (const target of [
    '/my/cachemetrics',
    '/my/cachehttp://x/metrics',
    '/my/cache//metrics',
    '/my/cache',
    '/my/cache/my/cache/metrics',
    '/MY/cache/metrics',
  ]) {
    assert.is(statusOf(await lab.ask(target, AUTHORIZED)), 404, target);
  }
  assert.equal(lab.reached, []);
});

test('no target reaches a value through the router that Access let by as something else', async () => {
  const touched = new Set<string | symbol>();
  const lab = await Lab.open({
    prefix: '/p',
    handle: (request, response) => route(watched(touched), request, response),
  });
  const parts = [
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2F',
    '\\',
    '?',
    '#',
    ';',
    '/p',
    '/metrics',
    '/caches',
    '/users',
    'http://x',
    'x:',
    '*',
    '/healthz',
  ];
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const statuses = new Map<number, number>();
  for (let i = 0; i < 1500; i++) {
    const target = Array.from({ length: 1 + random(6) }, () => parts[random(parts.length)]).join('');
    const text = `GET ${target} HTTP/1.1\r\nHost: x\r\n${AUTHORIZED}\r\nConnection: close\r\n\r\n`;
    const status = statusOf(await lab.exchange(text));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    assert.not(touched.has('caches'), target);
  }
  for (const status of [200, 400, 403, 404]) assert.ok((statuses.get(status) ?? 0) > 10, `${[...statuses]}`);
});

/** Notes what a handler asks of its context. */
function watched(touched: Set<string | symbol>): Context {
  const context = {
    instance: { version: '0' },
    metrics: async () => ({ contentType: 'text/plain', text: 'metrics' }),
    notReady: () => undefined,
    defect: () => {},
  };
  return new Proxy(context as unknown as Context, {
    get(target, name) {
      touched.add(name);
      return Reflect.get(target, name);
    },
  });
}

test('who is refused is told so in the middle of an upload, and its body is no request', async () => {
  const lab = await Lab.open();
  const head = 'POST /cache/invalidate HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n';
  const answer = await lab.exchange(`${head}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.is(statusOf(answer), 401);
  assert.is(answer.split('HTTP/1.1 ').length, 2);
  assert.equal(lab.reached, []);
});

test('a body is not asked for of who is refused', async () => {
  const lab = await Lab.open();
  const headers = ['Content-Length: 10', 'Expect: 100-continue'];
  const answer = await lab.ask('/cache/invalidate', headers, 'POST');
  assert.is(statusOf(answer), 401);
  assert.not.match(answer, '100 Continue');
});

// --- listening

test('a port in use is said by name', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const error = await failureOf({ port });
  assert.is(error.code, 'cannot_listen');
  assert.match(error.message, `127.0.0.1:${port}`);
  assert.match(error.message, 'fleet.listen');
  other.close();
});

test('a certificate that cannot be read or used is said by name', async () => {
  const [one, other] = [selfSigned('127.0.0.1'), selfSigned('127.0.0.1')];
  const missing = await failureOf({ tls: { ...files, cert: join(folder, 'none.pem') } });
  assert.is(missing.code, 'cannot_listen');
  assert.match(missing.message, 'fleet.tls.cert');
  assert.match(missing.message, 'none.pem');
  for (const pair of [
    { ...one, keyPem: other.keyPem },
    { ...one, certPem: 'nonsense' },
    { ...one, keyPem: '' },
  ]) {
    renew(pair);
    const error = await failureOf({ tls: files });
    assert.is(error.code, 'cannot_listen');
    assert.match(error.message, files.cert);
    assert.not.match(error.message, 'PRIVATE');
  }
});

async function failureOf(parts: Partial<FleetListenerParts>): Promise<SidecacheError> {
  try {
    await Lab.open(parts);
  } catch (error) {
    assert.instance(error, SidecacheError);
    return error as SidecacheError;
  }
  throw new Error('it listens');
}

// --- TLS

test('over TLS the same holds, and each connection is counted, charged and released', async () => {
  renew(selfSigned('127.0.0.1'));
  const lab = await Lab.open({ tls: files });
  const before = lab.headroom.usedBytes;
  const socket = await lab.secure();
  socket.write(`GET /metrics HTTP/1.1\r\nHost: x\r\n${AUTHORIZED}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.is(statusOf(answer.toString()), 200);
  assert.is(lab.connections.accepted, 1);
  assert.ok(lab.headroom.usedBytes - before >= 48 << 10);
  socket.end('GET /caches HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.is(statusOf(await read(socket)), 401);
  await lab.listener.close();
  assert.is(lab.headroom.usedBytes, before);
});

test('who does not speak TLS is cut, and releases what it was charged', async () => {
  renew(selfSigned('127.0.0.1'));
  const lab = await Lab.open({ tls: files });
  const socket = connect(lab.port, '127.0.0.1').on('error', () => {});
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await endOf(socket);
  await lab.listener.close();
  assert.is(lab.headroom.usedBytes, 0);
  assert.equal(lab.reached, []);
});

test('who comes over TLS and asks nothing makes way for who comes after', async () => {
  renew(selfSigned('127.0.0.1'));
  const lab = await Lab.open({ tls: files });
  const busy = await lab.secure();
  busy.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(busy, 'data');
  const first = connect(lab.port, '127.0.0.1');
  await once(first, 'connect');
  const firstEnds = endOf(first);
  const others = Array.from({ length: MANY_SILENT }, () =>
    connect(lab.port, '127.0.0.1').on('error', () => {}),
  );
  await firstEnds;
  const late = await lab.secure();
  for (const socket of [late, busy]) {
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.is(statusOf(await read(socket)), 200);
  }
  for (const socket of others) socket.destroy();
});

test('where there is no memory for another connection over TLS, one that asks nothing makes way', async () => {
  renew(selfSigned('127.0.0.1'));
  const lab = await Lab.open({ tls: files, headroom: new Headroom(new Budget(300 << 10)) });
  const silent = await lab.secure();
  const silentEnds = endOf(silent);
  const refused = connect(lab.port, '127.0.0.1');
  await endOf(refused);
  await silentEnds;
  const socket = await lab.secure();
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.is(statusOf(await read(socket)), 200);
});

test('a certificate that was renewed on disk is used without a restart; one half renewed is not, and that is said', async () => {
  const clock = new FakeClock();
  const old = renew(selfSigned('127.0.0.1'));
  let told: (message: string) => void = () => {};
  const lab = await Lab.open({ tls: files, clock, warn: (message) => told(message) });
  assert.is(await pemOf(lab), old.certPem);

  const renewed = selfSigned('127.0.0.1');
  writeFileSync(files.cert, renewed.certPem);
  const warned = new Promise<string>((resolve) => {
    told = resolve;
  });
  clock.advance(60_000);
  assert.match(await warned, 'the old certificate is used on');
  assert.is(await pemOf(lab), old.certPem);

  renew(renewed);
  let seen = old.certPem;
  for (let tries = 0; tries < 1000 && seen === old.certPem; tries++) {
    clock.advance(60_000);
    seen = await pemOf(lab);
  }
  assert.is(seen, renewed.certPem);
});

async function pemOf(lab: Lab): Promise<string> {
  const socket = await lab.secure();
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return `-----BEGIN CERTIFICATE-----\n${raw.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

// --- its end

test('closing answers what was asked, cuts who asks nothing, and frees the port', async () => {
  let answer: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let response: ServerResponse | undefined;
  const lab = await Lab.open({
    handle: (_request: IncomingMessage, given) => {
      response = given;
      answer();
    },
  });
  const { port } = lab;
  const idle = connect(port, '127.0.0.1');
  await once(idle, 'connect');
  const busy = connect(port, '127.0.0.1');
  busy.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await asked;
  const closed = lab.listener.close();
  response!.end('answered');
  assert.match(await read(busy), 'answered');
  await closed;
  await endOf(idle);
  const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
  assert.is(error.code, 'ECONNREFUSED');
  assert.is(lab.headroom.usedBytes, 0);
});

test('a handler that never answers does not keep it from closing', async () => {
  const lab = await Lab.open({ handle: () => {} });
  const socket = connect(lab.port, '127.0.0.1').on('error', () => {});
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'connect');
  const ended = endOf(socket);
  await lab.listener.close();
  await ended;
  await new Promise(setImmediate);
  assert.is(lab.headroom.usedBytes, 0);
});

test.run();
