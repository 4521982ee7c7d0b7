// Who may do what from outside, tried by somebody who may not.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Access, type AccessParts, type Asking } from '../../src/serve/access/access.ts';
import { FakeClock } from '../cache/fake-clock.ts';

const test = suite('access');

const TOKEN = 'a-token-of-the-fleet-0';
const LONG = 'correct horse battery staple';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const ALL = ['invalidate', 'refresh', 'metrics', 'peers', 'discovery', 'values', 'events'] as const;

function accessOf(parts: Partial<AccessParts> = {}): Access {
  return new Access({
    operators: [],
    tokens: [TOKEN],
    allow: ['invalidate', 'refresh', 'metrics', 'peers', 'discovery'],
    open: [],
    insecure: false,
    clock: new FakeClock(),
    ...parts,
  });
}

/** As Node gives a request; a header with two values came twice. */
function asking(method: string, url: string, headers: Record<string, string | string[]> = {}): Asking {
  const rawHeaders = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  const first = Object.entries(headers).map(([name, values]) => [name.toLowerCase(), [values].flat()[0]]);
  return { method, url, headers: Object.fromEntries(first), rawHeaders };
}

/** `allowed`, or status and code. */
function outcome(
  access: Access,
  method: string,
  url: string,
  headers: Record<string, string | string[]> = {},
): string {
  const verdict = access.check(asking(method, url, headers));
  return verdict.allowed ? 'allowed' : `${verdict.status} ${verdict.error.code}`;
}

const basic = (text: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
});

test('without credentials nothing is served, whatever the path and method', () => {
  const access = accessOf({ allow: ALL });
  const paths = ['/', '/metrics', '/healthz', '/readyz', '/peers', '/caches', '/caches/a/b', '/events', '/x'];
  for (const path of [...paths, '/cache/invalidate?a=1', '*', '//', 'http://x/metrics', '/fleet']) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE']) {
      assert.is(outcome(access, method, path), '401 unauthorized', `${method} ${path}`);
    }
  }
});

test('without operators a token of the fleet is one, each of them', () => {
  const access = accessOf({ tokens: [TOKEN, 'another-token-of-it'] });
  assert.is(outcome(access, 'GET', '/metrics', BEARER), 'allowed');
  assert.is(outcome(access, 'GET', '/metrics', { authorization: 'Bearer another-token-of-it' }), 'allowed');
});

test('with operators the token of the fleet opens nothing', () => {
  const access = accessOf({ operators: [{ token: 'an-operator-s-own-token' }] });
  assert.is(outcome(access, 'GET', '/metrics', BEARER), '401 unauthorized');
  assert.is(
    outcome(access, 'GET', '/metrics', { authorization: 'Bearer an-operator-s-own-token' }),
    'allowed',
  );
});

test('each of several operators is let in, and nobody made of two of them', () => {
  const operators = [
    { user: 'ada', password: LONG },
    { user: 'bob', password: 'pässword: with colon' },
    { token: TOKEN },
  ];
  const access = accessOf({ operators });
  for (const headers of [basic(`ada:${LONG}`), basic('bob:pässword: with colon'), BEARER]) {
    assert.is(outcome(access, 'GET', '/metrics', headers), 'allowed');
  }
  for (const text of ['ada:pässword: with colon', `bob:${LONG}`, `:${TOKEN}`, `ada:${TOKEN}`, TOKEN]) {
    assert.is(outcome(access, 'GET', '/metrics', basic(text)), '401 unauthorized', text);
  }
  assert.is(outcome(access, 'GET', '/metrics', { authorization: `Bearer ada:${LONG}` }), '401 unauthorized');
});

test('no configured secret at all lets nobody in', () => {
  const access = accessOf({ tokens: [] });
  for (const authorization of ['Bearer ', 'Bearer undefined', 'Basic Og==', 'Basic', '', 'Bearer']) {
    assert.is(outcome(access, 'GET', '/metrics', { authorization }), '401 unauthorized', authorization);
  }
});

test('credentials in another spelling than their own are wrong', () => {
  const right = Buffer.from(`ada:${LONG}`).toString('base64');
  const operators = [{ user: 'ada', password: LONG }, { token: TOKEN }];
  const attempts = [
    TOKEN,
    `Bearer${TOKEN}`,
    `Bearer\t${TOKEN}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN} x`,
    `Bearer ${TOKEN},Bearer ${TOKEN}`,
    `Bearer "${TOKEN}"`,
    `Bearer ${TOKEN}\0`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}${TOKEN[0]}`,
    `Token ${TOKEN}`,
    `Basic ${TOKEN}`,
    `Bearer ${right}`,
    `Basic ${right.slice(0, -1)}`,
    `Basic ${right}=`,
    `Basic ${right.replace(/=+$/, '')}`,
    `Basic ${right}, Basic ${right}`,
    `Basic x${right}`,
    `Basic ${Buffer.from(`ADA:${LONG}`).toString('base64')}`,
    `Basic ${Buffer.from(`ada:${LONG}\n`).toString('base64')}`,
    `Basic ${Buffer.from(` ada:${LONG}`).toString('base64')}`,
    `Digest username="ada"`,
    'x'.repeat(200_000),
    `Basic ${'A'.repeat(200_000)}`,
  ];
  assert.ok(right.endsWith('='), 'there is padding to leave out');
  for (const authorization of attempts) {
    const access = accessOf({ operators });
    assert.is(outcome(access, 'GET', '/metrics', { authorization }), '401 unauthorized', authorization);
  }
});

test('bits that base64 has left over are not another spelling of the same credentials', () => {
  const access = accessOf({ operators: [{ user: 'a', password: 'b'.repeat(17) }] });
  const right = Buffer.from(`a:${'b'.repeat(17)}`).toString('base64');
  const other = right.replace(/(.)(=+)$/, (_, last: string, padding: string) => `${next(last)}${padding}`);
  assert.equal(Buffer.from(other, 'base64'), Buffer.from(right, 'base64'));
  assert.is.not(other, right);
  assert.is(outcome(access, 'GET', '/metrics', { authorization: `Basic ${right}` }), 'allowed');
  assert.is(outcome(access, 'GET', '/metrics', { authorization: `Basic ${other}` }), '401 unauthorized');
});

/** The next of base64's letters: one bit more, which is not among those that are kept. */
function next(letter: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return letters[letters.indexOf(letter) + 1]!;
}

test('the scheme may be in any case, as RFC 9110 has it', () => {
  const access = accessOf();
  for (const scheme of ['bearer', 'BEARER', 'Bearer '])
    assert.is(outcome(access, 'GET', '/metrics', { authorization: `${scheme} ${TOKEN}` }), 'allowed');
});

test('credentials that come twice are wrong, even if the first, or both, are right', () => {
  for (const values of [
    [BEARER.authorization, BEARER.authorization],
    [BEARER.authorization, 'Bearer x'],
  ]) {
    assert.is(outcome(accessOf(), 'GET', '/metrics', { Authorization: values }), '401 unauthorized');
  }
});

test('401 says which schemes there are, and only those', () => {
  const challenges = (parts: Partial<AccessParts>): string[] => {
    const verdict = accessOf(parts).check(asking('GET', '/metrics'));
    assert.is(verdict.allowed, false);
    return verdict.allowed ? [] : verdict.headers.filter((_, i) => i % 2 === 1);
  };
  const [bearer, basicScheme] = ['Bearer realm="sidecache"', 'Basic realm="sidecache", charset="UTF-8"'];
  assert.equal(challenges({}), [bearer]);
  assert.equal(challenges({ operators: [{ user: 'a', password: LONG }] }), [basicScheme]);
  assert.equal(challenges({ operators: [{ user: 'a', password: LONG }, { token: TOKEN }] }), [
    bearer,
    basicScheme,
  ]);
});

test('every path needs the permission that stands for it', () => {
  const needed: [string, string, (typeof ALL)[number]][] = [
    ['GET', '/cache/invalidate?users=1', 'invalidate'],
    ['POST', '/cache/invalidate', 'invalidate'],
    ['DELETE', '/cache/invalidate?users=1', 'invalidate'],
    ['POST', '/cache/refresh?users=1', 'refresh'],
    ['GET', '/api/v1/refresh', 'refresh'],
    ['GET', '/metrics', 'metrics'],
    ['GET', '/metrics?fleet=1', 'metrics'],
    ['GET', '/peers', 'peers'],
    ['GET', '/discovery', 'discovery'],
    ['GET', '/caches', 'values'],
    ['GET', '/caches/users', 'values'],
    ['GET', '/caches/users?key=1', 'values'],
    ['GET', '/caches/users/1', 'values'],
    ['PUT', '/caches/users/1', 'values'],
    ['DELETE', '/caches/users/1', 'values'],
    ['GET', '/events?cache=users', 'events'],
  ];
  for (const [method, target, permission] of needed) {
    const only = accessOf({ allow: [permission] });
    assert.is(outcome(only, method, target, BEARER), 'allowed', `${method} ${target}`);
    const without = accessOf({ allow: ALL.filter((one) => one !== permission) });
    assert.is(outcome(without, method, target, BEARER), '403 forbidden', `${method} ${target}`);
  }
  assert.equal([...new Set(needed.map(([, , permission]) => permission))].sort(), [...ALL].sort());
});

test('403 names what `fleet.allow` lacks', () => {
  const verdict = accessOf().check(asking('GET', '/caches/users/1', BEARER));
  assert.match(verdict.allowed ? '' : verdict.error.message, '`fleet.allow` lacks values');
});

test('health and readiness need credentials, and no permission', () => {
  for (const path of ['/healthz', '/readyz']) {
    assert.is(outcome(accessOf({ allow: [] }), 'GET', path, BEARER), 'allowed');
    assert.is(outcome(accessOf({ allow: [] }), 'GET', path), '401 unauthorized');
  }
});

test('only who is known is told that a path is not there', () => {
  const access = accessOf({ allow: ALL });
  for (const path of ['/', '/nope', '/caches2', '/cache', '/fleet', '/metrics/', '/metrics.json']) {
    assert.is(outcome(access, 'GET', path, BEARER), '404 unknown_path', path);
    assert.is(outcome(access, 'GET', path), '401 unauthorized', path);
  }
});

test('what is open is exactly the path, for reading, query included', () => {
  const access = accessOf({ open: ['metrics', 'healthz'], allow: [] });
  for (const target of ['/metrics', '/metrics?fleet=1', '/healthz', 'http://any.host/metrics?x'])
    for (const method of ['GET', 'HEAD']) assert.is(outcome(access, method, target), 'allowed', target);
  assert.is(outcome(access, 'GET', '/readyz'), '401 unauthorized', 'not listed');
  assert.is(outcome(access, 'POST', '/metrics'), '401 unauthorized', 'not reading');
});

test('no way of writing a target makes another path of an open one', () => {
  const access = accessOf({ open: ['metrics', 'healthz', 'readyz'], allow: ALL });
  const targets = [
    '/metrics/',
    '/metrics/../caches/users/1',
    '/metrics/..%2fcaches/users/1',
    '/./metrics',
    '//metrics',
    '/%6detrics',
    '/METRICS',
    '/metrics;x=/caches',
    '/metrics%3f',
    '/metrics#',
    '/metrics\\..\\caches',
    '/caches/../metrics',
    '/caches/users/%2e%2e/%2e%2e/metrics',
    '/caches/users/..%2f..%2fmetrics',
    '/caches?/metrics',
    '/cache/invalidate?/metrics',
    'metrics',
    'http:/metrics',
    'http://metrics',
    'http://x/metrics/../caches',
    'http://x//metrics',
    'http:///metrics/x',
    'x://y?/metrics',
  ];
  for (const target of targets) assert.is(outcome(access, 'GET', target), '401 unauthorized', target);
});

test('a permission is not stretched by how a target is written', () => {
  const access = accessOf({ allow: ['metrics'] });
  const refused: [string, string][] = [
    ['/caches/../metrics', '403 forbidden'],
    ['/caches/users/%2e%2e/metrics', '403 forbidden'],
    ['/metrics/../caches/users/1', '404 unknown_path'],
    ['//caches/users/1', '404 unknown_path'],
    ['/./caches/users/1', '404 unknown_path'],
    ['/%63aches/users/1', '404 unknown_path'],
    ['/CACHES/users/1', '404 unknown_path'],
    ['http://x/caches/users/1', '403 forbidden'],
    ['x://metrics/caches/users/1', '403 forbidden'],
    ['http://x/cache/invalidate?users=1', '403 forbidden'],
  ];
  for (const [target, wanted] of refused) assert.is(outcome(access, 'GET', target, BEARER), wanted, target);
});

test('headers that a router sets authorise nothing', () => {
  const headers = {
    'X-CF-ApplicationID': 'own-guid',
    'X-CF-App-Instance': 'own-guid:0',
    'X-CF-Process-Instance': 'own-guid:0',
    'X-CF-InstanceID': 'i-0',
    'X-Forwarded-For': '127.0.0.1',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Client-Cert': 'MIIB',
    'X-Original-URL': '/metrics',
    'X-HTTP-Method-Override': 'GET',
    Forwarded: 'for=127.0.0.1',
    'Proxy-Authorization': BEARER.authorization,
    Cookie: `authorization=${TOKEN}`,
  };
  const access = accessOf({ open: ['metrics'] });
  assert.is(outcome(access, 'POST', '/cache/invalidate?users=1', headers), '401 unauthorized');
  assert.is(outcome(access, 'GET', `/peers?token=${TOKEN}`, headers), '401 unauthorized');
});

test('insecure needs no credentials, nor right ones, and what is not allowed stays so', () => {
  const access = accessOf({ insecure: true, tokens: [] });
  assert.is(outcome(access, 'POST', '/cache/invalidate?users=1'), 'allowed');
  assert.is(outcome(access, 'GET', '/peers', { authorization: 'Bearer wrong' }), 'allowed');
  assert.is(outcome(access, 'GET', '/caches/users/1'), '403 forbidden');
  assert.is(outcome(access, 'GET', '/nope'), '404 unknown_path');
  assert.is(access.failures, 0);
});

test('a web page of another site does no harm with the credentials that a browser remembers', () => {
  const access = accessOf({ allow: ALL });
  const harmful: [string, string][] = [
    ['GET', '/cache/invalidate?users=1'],
    ['POST', '/cache/refresh?users=1'],
    ['POST', '/api/v1/refresh'],
    ['PUT', '/caches/users/1'],
    ['DELETE', '/caches/users/1'],
    ['GET', '/caches/users/1'],
    ['GET', '/events'],
    ['GET', '/discovery'],
    ['POST', '/peers'],
  ];
  const pages: Record<string, string>[] = [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: '' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'none, cross-site' },
    { Origin: 'https://own.example', 'Sec-Fetch-Site': 'same-origin' },
  ];
  for (const [method, target] of harmful) {
    for (const page of pages) {
      const said = `${method} ${target} ${JSON.stringify(page)}`;
      assert.is(outcome(access, method, target, { ...BEARER, ...page }), '403 cross_origin', said);
      const insecure = accessOf({ allow: ALL, insecure: true });
      assert.is(outcome(insecure, method, target, page), '403 cross_origin', said);
    }
    assert.is(outcome(access, method, target, { ...BEARER, 'Sec-Fetch-Site': 'none' }), 'allowed');
  }
  assert.is(outcome(access, 'GET', '/metrics', { ...BEARER, 'Sec-Fetch-Site': 'cross-site' }), 'allowed');
});

test.run();
