// What a reader, and the log, are told where the daemon may not ask the API: which it is, once, and no secret.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notAuthorized } from '../cloud-controller/fake/api-error.ts';
import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { selfSigned } from '../load/certificate.ts';
import type { Daemon } from './daemon.ts';
import { discovered, LandscapeDaemon, namesIn, PASSWORD, smallCloud } from './landscape-daemon.ts';

const test = suite('failures of the landscape');

const READS = 100;
const { keyPem: key, certPem: cert } = selfSigned('127.0.0.1');

interface Failure {
  readonly cloud?: () => Promise<FakeCloud>;
  readonly cloudfoundry?: object;
  /** Of the API's URL, where it is not the cloud's own. */
  readonly scheme?: string;
  readonly befalls?: (cloud: FakeCloud) => void;
  /** Of the one line, and of what readers are told. */
  readonly kind: string;
  readonly reason: RegExp;
}

const SECRETS = [PASSWORD, 'wrong-password', 'access-1', 'refresh-1', 'revoked-token'];

const INVALID_TOKEN = {
  errors: [{ code: 1000, title: 'CF-InvalidAuthToken', detail: `Invalid Auth Token ${PASSWORD.repeat(5)}` }],
};

const FAILURES: Readonly<Record<string, Failure>> = {
  'a wrong password': {
    cloudfoundry: { password: 'wrong-password' },
    kind: 'uaa_unauthorized',
    reason: /refuses the user: the name or the password is wrong/,
  },
  'a refresh token that expired or was revoked': {
    cloudfoundry: { username: undefined, password: undefined, refresh_token: 'revoked-token' },
    kind: 'uaa_invalid_token',
    reason: /refuses the refresh token: it expired, was used or was revoked/,
  },
  'tokens that are revoked, and a password that was changed': {
    befalls: ({ uaa }) => {
      uaa.users.set('admin', 'another');
      uaa.revokeTokens({ refreshTokens: true });
    },
    kind: 'uaa_unauthorized',
    reason: /refuses the user: the name or the password is wrong/,
  },
  'an access token that is not taken, not even a new one': {
    befalls: (cloud) => {
      cloud.fail(({ path }) => path.startsWith('/v3/'), { status: 401, body: INVALID_TOKEN });
    },
    kind: 'CF-InvalidAuthToken',
    reason: /does not take the token, not even a new one/,
  },
  'a certificate that is not trusted': {
    cloud: () => FakeCloud.start({ tls: { key, cert } }),
    kind: 'tls',
    reason: /a certificate that is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  },
  'an API that speaks no TLS where it should': {
    scheme: 'https:',
    kind: 'tls',
    reason: /TLS/,
  },
  'no permission': {
    befalls: (cloud) => {
      cloud.fail(({ path }) => path.startsWith('/v3/'), notAuthorized());
    },
    kind: 'CF-NotAuthorized',
    reason: /does not permit this to the user or client/,
  },
};

for (const [what, failure] of Object.entries(FAILURES)) {
  test(`${what}: readers are told, the log is once, and nobody a secret`, async () => {
    const cloud = await (failure.cloud ?? smallCloud)();
    const url = failure.scheme ? cloud.url.replace(/^http:/, failure.scheme) : cloud.url;
    const landscape = await LandscapeDaemon.start(cloud, {
      cloudfoundry: { targets: [{}], api: url, ...failure.cloudfoundry },
    });
    const { daemon } = landscape;
    try {
      if (failure.befalls) {
        assert.equal(namesIn(await discovered(daemon)), ['shop/0', 'shop/1']);
        await daemon.request('/caches/org/my-org');
        failure.befalls(cloud);
      }
      const told = await readAll(daemon, failure);
      const lines = daemon.lines.filter(({ level }) => level === 'warn' || level === 'error');
      const ofApi = lines.filter(({ message }) => message === 'a Cloud Foundry API fails');
      assert.is(ofApi.length, 1, daemon.output);
      assert.is(ofApi[0]!.kind, failure.kind);
      assert.match(String(ofApi[0]!.reason), failure.reason);
      const others = lines.filter(
        ({ message }) => !/Cloud Foundry API fails|^discovery lacks parts/.test(message),
      );
      assert.equal(others, [], 'no cache says it again');
      assert.ok(cloud.count() < READS, `the API was asked ${cloud.count()} times`);
      const checked = await check(daemon);
      for (const secret of SECRETS) {
        for (const text of [...told, checked, daemon.output])
          assert.not(text.includes(secret), `${secret}: ${text}`);
      }
    } finally {
      await landscape.close();
    }
  });
}

test('an access token that ends, or is revoked, is replaced, and nobody notices', async () => {
  const cloud = await smallCloud();
  const landscape = await LandscapeDaemon.start(cloud);
  try {
    const { daemon } = landscape;
    for (const refreshTokens of [false, true]) {
      assert.equal(namesIn(await discovered(daemon)), ['shop/0', 'shop/1']);
      cloud.revokeTokens({ refreshTokens });
      cloud.scale([...cloud.applications.values()][0]!, 2);
      assert.is((await daemon.request('/cache/invalidate?org=1&domain=1&route=1&process=1')).status, 204);
      const { status, headers } = await daemon.request('/discovery');
      assert.equal([status, headers['sidecache-partial']], [200, undefined]);
    }
    assert.equal(
      daemon.lines.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    );
  } finally {
    await landscape.close();
  }
});

/** What all who asked were told. */
async function readAll(daemon: Daemon, { reason, befalls }: Failure): Promise<string[]> {
  const told: string[] = [];
  for (let i = 0; i < READS; i++) {
    const { status, text, headers } = await daemon.request(`/caches/org/org-${i}`);
    assert.ok(status === 502 || status === 503, `${status}: ${text}`);
    assert.is(headers['content-type'], 'application/problem+json');
    assert.match(JSON.parse(text).detail, reason);
    told.push(text);
  }
  const { status, text } = await daemon.request('/discovery');
  assert.is(status, befalls ? 200 : 503);
  if (!befalls) assert.match(JSON.parse(text).detail, reason);
  for (const target of ['/caches', '/caches/org', '/metrics', '/peers', '/caches/org/x?explain=1']) {
    told.push((await daemon.request(target)).text);
  }
  return [...told, text];
}

async function check({ folder, child }: Daemon): Promise<string> {
  const [program] = child.spawnargs.slice(1);
  const run = promisify(execFile)(process.execPath, [program!, 'check'], { cwd: folder });
  const { stdout, stderr } = await run;
  assert.match(stdout, 'cloudfoundry.api');
  return stdout + stderr;
}

test.run();
