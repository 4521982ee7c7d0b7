// One token for all: how it is got, renewed and replaced, and that UAA is not pressed where it refuses.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiSettings } from '../../src/cloud-controller/settings.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { type ApiLab, apiFor, failureOf, never, PASSWORD } from './api-lab.ts';
import { FakeCloud } from './fake/fake-cloud.ts';

interface Lab extends ApiLab {
  readonly cloud: FakeCloud;
  readonly clock: FakeClock;
  ask(): Promise<unknown>;
}

const test = suite('tokens');

function claim(name: string, body: (lab: Lab) => Promise<void>, settings: Partial<ApiSettings> = {}): void {
  test(name, async () => {
    const clock = new FakeClock();
    const cloud = await FakeCloud.start({ clock });
    cloud.addOrganization('my-org');
    const lab = apiFor(cloud.url, settings, { clock });
    try {
      await body({ ...lab, cloud, clock, ask: () => lab.api.organizations(undefined, never) });
    } finally {
      lab.api.close();
      await cloud.close();
    }
  });
}

const grantsOf = (cloud: FakeCloud): number => cloud.count('token');

claim(
  'row 78: 50 calls at the same time get by with one token and one look at the root',
  async ({ cloud, ask }) => {
    await Promise.all(Array.from({ length: 50 }, ask));
    assert.equal(cloud.counts(), { root: 1, token: 1, organizations: 50 });
  },
);

claim(
  'row 78: a token is renewed before it ends, by the refresh token',
  async ({ cloud, clock, api, ask }) => {
    await ask();
    clock.advance(1_139_000);
    await ask();
    assert.is(grantsOf(cloud), 1);
    clock.advance(2000);
    // The password is not needed for it.
    cloud.uaa.users.clear();
    await Promise.all([ask(), ask(), ask()]);
    assert.is(grantsOf(cloud), 2);
    assert.is(cloud.count('root'), 1);
    assert.is(
      cloud.count(({ status }) => status === 401),
      0,
    );
    assert.equal(api.facts.tokens, { fetched: 2, failed: 0 });
  },
);

claim('a token of less than two minutes is good for half of them', async ({ cloud, clock, ask }) => {
  cloud.uaa.expiresInSeconds = 40;
  await ask();
  clock.advance(19_000);
  await ask();
  assert.is(grantsOf(cloud), 1);
  clock.advance(2000);
  await ask();
  assert.is(grantsOf(cloud), 2);
});

for (const seconds of [1e-9, 1, 20]) {
  claim(
    `a token of ${seconds} s is used for 15 s all the same, as long as the API takes it`,
    async ({ cloud, clock, ask }) => {
      const token = cloud.uaa.answer(
        `Basic ${Buffer.from('cf:').toString('base64')}`,
        new URLSearchParams({ grant_type: 'password', username: 'admin', password: PASSWORD }),
      );
      cloud.fail('token', { ...token, body: { ...token.body, expires_in: seconds } });
      for (let calls = 0; calls < 15; calls++) {
        await ask();
        clock.advance(1000);
      }
      assert.equal([grantsOf(cloud), cloud.count('organizations')], [1, 15]);
    },
  );
}

claim(
  'row 78: calls whose token is taken from them get one new one, and are answered',
  async ({ cloud, ask }) => {
    await ask();
    cloud.revokeTokens();
    await Promise.all(Array.from({ length: 20 }, ask));
    assert.is(grantsOf(cloud), 2);
  },
);

claim('row 78: the password is used again where the refresh token is not taken', async ({ cloud, ask }) => {
  await ask();
  cloud.revokeTokens({ refreshTokens: true });
  await ask();
  assert.is(grantsOf(cloud), 3);
  await ask();
  assert.is(grantsOf(cloud), 3);
});

claim(
  'row 78: an API that takes no token gets one new one a call, and the call fails',
  async ({ cloud, lines, ask }) => {
    cloud.fail('organizations', {
      status: 401,
      body: { errors: [{ code: 1000, title: 'CF-InvalidAuthToken' }] },
    });
    const error = await failureOf(ask());
    assert.is(
      error.message,
      `${cloud.url} does not take the token, not even a new one (401, CF-InvalidAuthToken)`,
    );
    assert.equal(cloud.counts(), { root: 1, token: 2, organizations: 2 });
    assert.is(lines.length, 1);
  },
);

claim('error 10002 is a token that was not taken, whatever the status says', async ({ cloud, ask }) => {
  const body = { errors: [{ code: 10002, title: 'CF-NotAuthenticated', detail: 'Authentication error' }] };
  cloud.fail('organizations', { status: 403, body }, 1);
  await ask();
  assert.is(grantsOf(cloud), 2);
});

claim(
  'row 78: client credentials',
  async ({ cloud, clock, ask }) => {
    await ask();
    clock.advance(1_190_000);
    await ask();
    assert.is(grantsOf(cloud), 2);
  },
  {
    credentials: { grant: 'client_credentials', clientId: 'sidecache', clientSecret: 'secret-of-sidecache' },
  },
);

test('row 78: a refresh token, and the one that replaces it', async () => {
  const clock = new FakeClock();
  const cloud = await FakeCloud.start({ clock });
  const refreshToken = cloud.uaa.newRefreshToken();
  const { api } = apiFor(cloud.url, { credentials: { grant: 'refresh_token', refreshToken } }, { clock });
  const rotated = { access_token: 'none', token_type: 'bearer', expires_in: 1200, refresh_token: 'rotated' };
  cloud.fail('token', { status: 200, body: rotated }, 1);
  // Its access token is none that the API takes; what came with it is tried, and then what was there before.
  await api.organizations(undefined, never);
  assert.is(grantsOf(cloud), 3);
  assert.equal(
    cloud.requests.filter(({ type }) => type === 'token').map(({ status }) => status),
    [200, 401, 200],
  );
  api.close();
  await cloud.close();
});

claim(
  'a password that UAA refused is not tried again before 30 s, then 60 s, up to 10 min: accounts get locked',
  async ({ cloud, clock, lines, ask }) => {
    const refused = await failureOf(ask());
    assert.match(refused.message, 'refuses the user: the name or the password is wrong (401, unauthorized)');
    const gapsMs: number[] = [];
    for (let triedAtMs = clock.now(); gapsMs.length < 8; ) {
      const before = grantsOf(cloud);
      clock.advance(1000);
      assert.is((await failureOf(ask())).message, refused.message);
      if (grantsOf(cloud) === before) continue;
      gapsMs.push(clock.now() - triedAtMs);
      triedAtMs = clock.now();
    }
    assert.equal(
      gapsMs,
      [30, 60, 120, 240, 480, 600, 600, 600].map((seconds) => seconds * 1000),
    );
    // 2730 s of asking every second.
    assert.ok(lines.length <= 6, `${lines.length} lines`);
  },
  { credentials: { grant: 'password', username: 'admin', password: 'wrong' } },
);

claim(
  'a password that is right again is used after the pause, and the log says so',
  async ({ cloud, clock, lines, ask }) => {
    await failureOf(ask());
    cloud.uaa.users.set('admin', 'wrong');
    await failureOf(ask());
    clock.advance(30_000);
    await ask();
    assert.is(grantsOf(cloud), 2);
    assert.equal(
      lines.map(({ level, message }) => `${level} ${message}`),
      ['warn a Cloud Foundry API fails', 'info a Cloud Foundry API is well again'],
    );
  },
  { credentials: { grant: 'password', username: 'admin', password: 'wrong' } },
);

claim('who gives up does not take the token from those who wait for it', async ({ cloud, api, ask }) => {
  const hold = cloud.hold('token');
  const stop = new AbortController();
  const given = failureOf(api.organizations(undefined, stop.signal));
  const other = ask();
  await cloud.received(1, 'token');
  stop.abort();
  assert.match((await given).message, 'given up');
  hold.release();
  await other;
  assert.is(grantsOf(cloud), 1);
});

claim('a UAA that fails is asked again by the next call, and the root, too', async ({ cloud, ask, api }) => {
  cloud.fail('token', 'not-json', 1);
  assert.match((await failureOf(ask())).message, 'is no UAA: it answered without a token');
  await ask();
  assert.equal(cloud.counts(), { root: 2, token: 2, organizations: 1 });
  assert.equal(api.facts.tokens, { fetched: 1, failed: 1 });
});

test.run();
