// What goes wrong at an API, and how it is told: which failure it was, once in the log, and never a secret.

import { Buffer } from 'node:buffer';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiSettings } from '../../src/cloud-controller/settings.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { startOrigin } from '../load/origin.ts';
import { apiFor, failureOf, never, PASSWORD } from './api-lab.ts';
import { FakeCloud } from './fake/fake-cloud.ts';
import type { Misbehaviour } from './fake/faults.ts';

const test = suite('failures');

interface Failure {
  /** What fails. */
  readonly of: 'root' | 'token' | 'organizations';
  readonly how: Misbehaviour;
  readonly settings?: Partial<ApiSettings>;
  /** The configuration holds a refresh token. */
  readonly refreshing?: boolean;
  readonly message: string;
  /** As it is counted. */
  readonly code: string;
}

const uaaSays = (status: number, error: string, description = ''): Misbehaviour => ({
  status,
  body: { error, error_description: description },
});
const ccSays = (status: number, code: number, title: string, detail: string): Misbehaviour => ({
  status,
  body: { errors: [{ code, title, detail }] },
});
const list = (pagination: unknown, resources: unknown = []): Misbehaviour => ({
  status: 200,
  body: { pagination, resources },
});

const FAILURES: Readonly<Record<string, Failure>> = {
  'a wrong password': {
    of: 'token',
    how: uaaSays(401, 'unauthorized', 'Bad credentials'),
    message: 'refuses the user: the name or the password is wrong (401, unauthorized)',
    code: 'uaa_unauthorized',
  },
  'an account that is locked': {
    of: 'token',
    how: uaaSays(
      401,
      'unauthorized',
      'Your account has been locked because of too many failed attempts to login.',
    ),
    message: 'refuses the user: the account is locked after too many wrong passwords (401, unauthorized)',
    code: 'uaa_unauthorized',
  },
  'a client that is refused': {
    of: 'token',
    how: uaaSays(401, 'unauthorized', 'Bad credentials'),
    settings: { credentials: { grant: 'client_credentials', clientId: 'me', clientSecret: PASSWORD } },
    message: 'refuses the client: its id or its secret is wrong (401, unauthorized)',
    code: 'uaa_unauthorized',
  },
  'a refresh token that is refused': {
    of: 'token',
    how: uaaSays(
      401,
      'invalid_token',
      `The token expired, was revoked, or the token ID is incorrect: ${PASSWORD}`,
    ),
    refreshing: true,
    message: 'refuses the refresh token: it expired, was used or was revoked (401, invalid_token)',
    code: 'uaa_invalid_token',
  },
  'a grant that UAA does not give': {
    of: 'token',
    how: uaaSays(400, 'invalid_scope'),
    message: 'refuses to give a token (400, invalid_scope)',
    code: 'uaa_invalid_scope',
  },
  'a client that has no password grant': {
    of: 'token',
    how: uaaSays(401, 'unauthorized_client'),
    message: 'does not permit the client this grant (401, unauthorized_client)',
    code: 'uaa_unauthorized_client',
  },
  'a UAA behind something that forbids': {
    of: 'token',
    how: { status: 403, body: 'go away' },
    message: 'refuses to give a token (403)',
    code: 'http_403',
  },
  'a UAA that fails': { of: 'token', how: { status: 500 }, message: 'gave no token (500)', code: 'http_500' },
  'a UAA that is none': {
    of: 'token',
    how: { status: 200, body: { hello: 'world' } },
    message: 'is no UAA: it answered without a token',
    code: 'bad_answer',
  },
  'no permission': {
    of: 'organizations',
    how: ccSays(403, 10003, 'CF-NotAuthorized', 'You are not authorized to perform the requested action'),
    message:
      'does not permit this to the user or client (403, CF-NotAuthorized, You are not authorized to perform the requested action)',
    code: 'CF-NotAuthorized',
  },
  'a filter that the API does not know': {
    of: 'organizations',
    how: ccSays(400, 10005, 'CF-BadQueryParameter', 'The query parameter is invalid:\n names'),
    message: 'answered 400 (400, CF-BadQueryParameter, The query parameter is invalid: names)',
    code: 'CF-BadQueryParameter',
  },
  'a body that quotes a token': {
    of: 'organizations',
    how: ccSays(422, 10008, 'CF-UnprocessableEntity', `wrong: ${PASSWORD.repeat(6)} and so on`),
    message: 'answered 422 (422, CF-UnprocessableEntity, wrong: … and so on)',
    code: 'CF-UnprocessableEntity',
  },
  'an API of another version': {
    of: 'organizations',
    how: { status: 404, body: '<html>no such page</html>' },
    message: 'knows no such list: it may not be a Cloud Controller of API v3 (404)',
    code: 'http_404',
  },
  'an API that has moved': {
    of: 'organizations',
    how: { status: 302, headers: { location: 'https://elsewhere.example.org' } },
    message: 'redirects, which is not followed (302)',
    code: 'http_302',
  },
  'a page for people': {
    of: 'organizations',
    how: 'not-json',
    message: 'answered with something that is not a JSON object',
    code: 'bad_answer',
  },
  'JSON that is no list': {
    of: 'organizations',
    how: { status: 200, body: { name: 'x' } },
    message: 'answered with something that is not a list',
    code: 'bad_answer',
  },
  'a list of unknown length': {
    of: 'organizations',
    how: list({ total_pages: -1, total_results: 3 }),
    message: 'answered with a list of no known length',
    code: 'bad_answer',
  },
  'a list without an end': {
    of: 'organizations',
    how: list({ total_pages: 10_001, total_results: 1e9 }),
    message: 'answered with a list of more than 1000 pages',
    code: 'bad_answer',
  },
  'a malformed resource': {
    of: 'organizations',
    how: list({ total_pages: 1, total_results: 1 }, [{ guid: 'g-1', name: 7 }]),
    message: 'answered with a malformed organization (g-1): no usable name',
    code: 'bad_answer',
  },
  'a resource that is none': {
    of: 'organizations',
    how: list({ total_pages: 1, total_results: 1 }, [null]),
    message: 'answered with a malformed organization: no object',
    code: 'bad_answer',
  },
  'bytes that are not HTTP': {
    of: 'organizations',
    how: 'garbage',
    message: 'answered with something that is not HTTP (HPE_INVALID_CONSTANT)',
    code: 'broken_off',
  },
  'a root without links': {
    of: 'root',
    how: { status: 200, body: { name: 'something else' } },
    message: 'is not a Cloud Controller: its root has no links',
    code: 'bad_answer',
  },
  'a root without a UAA': {
    of: 'root',
    how: { status: 200, body: { links: { self: { href: 'https://api.example.org' }, uaa: null } } },
    message: 'is not a Cloud Controller: its root links to no UAA',
    code: 'bad_answer',
  },
  'a root that is a page for people': {
    of: 'root',
    how: 'not-json',
    message: 'is not a Cloud Controller: its root has no links',
    code: 'bad_answer',
  },
};

for (const [name, { of, how, settings, refreshing, message, code }] of Object.entries(FAILURES)) {
  test(`${name}: told as such, counted as ${code}, one line in the log, and no secret`, async () => {
    const clock = new FakeClock();
    const cloud = await FakeCloud.start({ clock });
    cloud.uaa.clients.set('me', PASSWORD);
    cloud.fail(of, how);
    const refreshToken = cloud.uaa.newRefreshToken();
    const credentials = { grant: 'refresh_token', refreshToken } as const;
    const all = { tries: 1, ...(refreshing ? { credentials } : {}), ...settings };
    const { api, lines } = apiFor(cloud.url, all, { clock });
    const errors = [];
    for (let calls = 0; calls < 20; calls++) {
      errors.push(await failureOf(api.organizations(['my-org'], never)));
      clock.advance(1000);
    }
    for (const error of errors) {
      assert.is(error.message, `${cloud.url} ${message}`);
      assert.is(error.code, 'load_failed');
    }
    assert.equal([...api.facts.errors.keys()], [code]);
    assert.equal(
      lines.map(({ level, api, request, reason }) => ({ level, api, request, reason })),
      [{ level: 'warn', api: 'default', request: of, reason: errors[0]?.message }],
    );
    assertNoSecret([lines, errors.map(({ message, stack, cause }) => [message, stack, String(cause)])]);
    cloud.heal();
    // As long as a refusal is left alone at most.
    clock.advance(600_000);
    await api.organizations(undefined, never);
    assert.is(lines.at(-1)?.message, 'a Cloud Foundry API is well again');
    assert.is(lines.length, 2);
    api.close();
    await cloud.close();
  });
}

function assertNoSecret(said: unknown): void {
  const text = JSON.stringify(said);
  const basic = Buffer.from(`me:${PASSWORD}`).toString('base64');
  for (const secret of [PASSWORD, basic, 'my-org', 'grant_type', 'refresh-', 'access-']) {
    assert.not.ok(text.includes(secret), `${secret} in ${text}`);
  }
}

test('what was asked is told from who asks: only the first is the key alone', async () => {
  const cloud = await FakeCloud.start();
  const { api } = apiFor(cloud.url, { tries: 1 });
  for (const [status, ofKeyOnly] of [
    [400, true],
    [404, true],
    [403, false],
    [500, false],
  ] as const) {
    cloud.fail('organizations', { status }, 1);
    assert.is((await failureOf(api.organizations(undefined, never))).ofKeyOnly, ofKeyOnly, `${status}`);
  }
  api.close();
  await cloud.close();
});

test('a failure of the UAA names the API that cannot be asked for it', async () => {
  const uaa = await startOrigin((_, response) => void response.writeHead(500).end());
  const links = { uaa: { href: `${uaa.url}/` } };
  const root = await startOrigin((_, response) => void response.end(JSON.stringify({ links })));
  const { api, lines } = apiFor(root.url, { tries: 1 });
  const error = await failureOf(api.domains(never));
  assert.is(error.message, `${root.url} cannot be asked: ${uaa.url} gave no token (500)`);
  assert.is(lines.length, 1);
  await uaa.close();
  const other = await failureOf(api.domains(never));
  assert.is(other.message, `${root.url} cannot be asked: ${uaa.url} refused the connection`);
  assert.is(other.unreachable, true);
  // Not the API: that one is there.
  assert.is(await api.reachable(), false);
  api.close();
  await root.close();
});

test('a body without end is not read to its end', async () => {
  let sent = 0;
  const endless = await startOrigin((_, response) => {
    const more = (): void => {
      while (!response.destroyed && sent < 1e9 && response.write(Buffer.alloc(64 * 1024, 32)))
        sent += 64 * 1024;
    };
    response.on('drain', more);
    more();
  });
  const { api } = apiFor(endless.url);
  const error = await failureOf(api.domains(never));
  assert.is(error.message, `${endless.url} answered with more than the 64 KiB allowed`);
  assert.ok(sent < 50e6, `${sent}`);
  await endless.allClosed();
  api.close();
  await endless.close();
});

test('a password is never sent to a UAA without TLS where the API has it', async () => {
  const { selfSigned } = await import('../load/certificate.ts');
  const { certPem: cert, keyPem: key } = selfSigned('127.0.0.1');
  const cloud = await FakeCloud.start({ tls: { cert, key } });
  const plain = await startOrigin((_, response) => void response.end());
  cloud.fail('root', { status: 200, body: { links: { uaa: { href: plain.url } } } });
  const { api } = apiFor(cloud.url, { verifyTls: false });
  const error = await failureOf(api.domains(never));
  assert.is(error.message, `${cloud.url} names a UAA without TLS (${plain.url}): no password is sent there`);
  assert.is(plain.requests.length, 0);
  api.close();
  await cloud.close();
  await plain.close();
});

test('an API that fails and is well by turns does not flood the log', async () => {
  const clock = new FakeClock();
  const cloud = await FakeCloud.start({ clock });
  const { api, lines } = apiFor(cloud.url, { tries: 1 }, { clock });
  for (let n = 0; n < 200; n++) {
    cloud.fail('organizations', { status: 500 }, 1);
    await failureOf(api.organizations(undefined, never));
    await api.organizations(undefined, never);
    clock.advance(1000);
  }
  // Two a minute, and the first.
  assert.ok(lines.length <= 9, `${lines.length} lines`);
  assert.is(lines.at(-1)?.level, 'warn');
  clock.advance(60_000);
  await api.organizations(undefined, never);
  assert.is(lines.at(-1)?.level, 'info');
  api.close();
  await cloud.close();
});

test('a name that does not resolve is told by that', async () => {
  const { api } = apiFor('http://no-such-host.invalid', { tries: 1 });
  const error = await failureOf(api.domains(never));
  assert.match(error.message, /^http:\/\/no-such-host\.invalid could not be resolved/);
  assert.is(error.unreachable, true);
  api.close();
});

test.run();
