// The fake cloud fails, waits and limits as it is told to, and knows what it was asked.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FakeClock } from '../../cache/fake-clock.ts';
import { selfSigned } from '../../load/certificate.ts';
import { notAuthorized } from './api-error.ts';
import { ask, askWith, newToken } from './asking.ts';
import { FakeCloud, type FakeCloudOptions } from './fake-cloud.ts';

const test = suite('faults of the fake cloud');

async function within(
  body: (cloud: FakeCloud) => Promise<void>,
  options: FakeCloudOptions = {},
): Promise<void> {
  const cloud = await FakeCloud.start(options);
  try {
    await body(cloud);
  } finally {
    await cloud.close();
  }
}

test('a fault meets its type, so many times', () =>
  within(async (cloud) => {
    const fault = cloud.fail('routes', { status: 503, body: { errors: [] }, headers: { 'x-own': '1' } }, 2);
    assert.is((await ask(cloud, '/v3/apps')).status, 200);
    const failed = await ask(cloud, '/v3/routes');
    assert.equal([failed.status, failed.headers.get('x-own'), failed.text], [503, '1', '{"errors":[]}']);
    assert.is((await ask(cloud, '/v3/routes')).status, 503);
    assert.is((await ask(cloud, '/v3/routes')).status, 200);
    assert.is(fault.met, 2);
  }));

test('a fault goes on until it is ended, and may choose by the query', () =>
  within(async (cloud) => {
    cloud.seed({ organizations: 3, spaces: 3, applications: 3 });
    const fault = cloud.fail((one) => one.query.get('page') === '2', notAuthorized());
    assert.is((await ask(cloud, '/v3/apps?per_page=2&page=1')).status, 200);
    const refused = await ask(cloud, '/v3/apps?per_page=2&page=2');
    assert.is(refused.status, 403);
    assert.equal(refused.body.errors[0]?.code, 10003);
    fault.end();
    assert.is((await ask(cloud, '/v3/apps?per_page=2&page=2')).status, 200);
  }));

for (const how of ['reset', 'garbage', 'cut-body'] as const) {
  test(`${how}: the exchange breaks off`, () =>
    within(async (cloud) => {
      cloud.fail('spaces', how, 1);
      const broken = await ask(cloud, '/v3/spaces').then(
        () => 'answered',
        () => 'broken off',
      );
      assert.is(broken, 'broken off');
      assert.is((await ask(cloud, '/v3/spaces')).status, 200);
    }));
}

test('not-json: 200 with a page for people', () =>
  within(async (cloud) => {
    cloud.fail('any', 'not-json');
    const { status, text } = await askWith(cloud, '/');
    assert.is(status, 200);
    assert.throws(() => JSON.parse(text));
  }));

for (const how of ['hang', 'slow-body'] as const) {
  test(`${how}: the answer never comes to its end, and closing ends it`, async () => {
    const cloud = await FakeCloud.start();
    cloud.fail('root', how);
    let settled = false;
    const asking = askWith(cloud, '/').then(
      () => 'answered',
      () => 'broken off',
    );
    void asking.then(() => {
      settled = true;
    });
    await cloud.received(1, 'root');
    assert.is((await newToken(cloud)).status, 200);
    assert.not(settled);
    await cloud.close();
    assert.is(await asking, 'broken off');
  });
}

test('held answers wait for their release; the most at one time is known', () =>
  within(async (cloud) => {
    const held = cloud.hold('apps');
    const { access_token: token } = (await newToken(cloud)).body;
    const asking = [1, 2, 3].map(() => askWith(cloud, '/v3/apps', `bearer ${token}`));
    await cloud.received(3, 'apps');
    assert.is(cloud.mostConcurrent, 3);
    assert.ok(cloud.requests.slice(1).every(({ status }) => status === undefined));
    held.release();
    const statuses = (await Promise.all(asking)).map(({ status }) => status);
    assert.equal(statuses, [200, 200, 200]);
  }));

test('delays are asked of the function, with randomness that repeats', async () => {
  const drawn = async (): Promise<number[]> => {
    const numbers: number[] = [];
    await within(
      async (cloud) => {
        cloud.delay((_, random) => {
          numbers.push(random());
          return random.below(3);
        });
        for (let n = 0; n < 3; n++) await askWith(cloud, '/');
      },
      { seed: 7 },
    );
    return numbers;
  };
  const first = await drawn();
  assert.is(new Set(first).size, 3);
  assert.equal(await drawn(), first);
});

test('what was asked is recorded: type, query, authorization, status', () =>
  within(async (cloud) => {
    await ask(cloud, '/v3/organizations?names=a');
    await askWith(cloud, '/v3/processes/none/stats');
    const said = cloud.requests.map((one) => [one.type, one.method, one.authorization, one.status]);
    assert.equal(said, [
      ['token', 'POST', 'basic', 200],
      ['organizations', 'GET', 'bearer', 200],
      ['stats', 'GET', 'none', 401],
    ]);
    assert.is(cloud.requests[1]?.query.get('names'), 'a');
    assert.equal(cloud.counts(), { token: 1, organizations: 1, stats: 1 });
    cloud.forget();
    assert.is(cloud.count(), 0);
  }));

test('a limit is exceeded by one more within any second, and answers 429 until Retry-After is over', async () => {
  const clock = new FakeClock();
  await within(
    async (cloud) => {
      const limit = cloud.rateLimit({ perSecond: 3, retryAfterSeconds: 2, clock });
      const status = async (): Promise<number> => (await askWith(cloud, '/')).status;
      for (let n = 0; n < 6; n++) {
        assert.is(await status(), 200);
        clock.advance(334);
      }
      assert.not(limit.exceeded);
      clock.advance(1000);
      for (let n = 0; n < 3; n++) assert.is(await status(), 200);
      clock.advance(999);
      const { status: refused, headers, text } = await askWith(cloud, '/');
      assert.is(refused, 429);
      assert.is(headers.get('content-type'), 'text/plain; charset=utf-8');
      assert.is(headers.get('retry-after'), '2');
      assert.is(headers.get('x-ratelimit-limit'), '3');
      assert.is(headers.get('x-ratelimit-remaining'), '0');
      assert.is(headers.get('x-ratelimit-reset'), String(Math.ceil(clock.now() / 1000) + 2));
      assert.is(JSON.parse(text).errors[0].code, 10013);
      assert.equal([limit.exceeded, limit.most, limit.refused, limit.impatient], [true, 4, 1, 0]);
      clock.advance(1999);
      assert.is(await status(), 429);
      assert.is(limit.impatient, 1);
      clock.advance(2000);
      assert.is(await status(), 200);
    },
    { clock },
  );
});

test('a limit that others have used up refuses without being exceeded, and can say when as a time', async () => {
  const clock = new FakeClock();
  await within(async (cloud) => {
    const limit = cloud.rateLimit({ perSecond: 9, retryAfterSeconds: 5, clock, retryAfterForm: 'epoch' });
    limit.refuse(1);
    const { status, headers } = await askWith(cloud, '/');
    assert.equal([status, headers.get('retry-after')], [429, String(clock.now() / 1000 + 5)]);
    clock.advance(5000);
    assert.is((await askWith(cloud, '/')).status, 200);
    assert.not(limit.exceeded);
  });
});

test('down: connections are refused; up again: on the same port, with all it held', () =>
  within(async (cloud) => {
    cloud.seed({ organizations: 1, spaces: 1, applications: 1 });
    const { url } = cloud;
    await askWith(cloud, '/');
    await cloud.goDown();
    assert.ok(cloud.down);
    const failure = await askWith(cloud, '/').catch((error: Error) => error.cause);
    assert.is((failure as { code?: string }).code, 'ECONNREFUSED');
    await cloud.comeUp();
    assert.is(cloud.url, url);
    assert.is((await ask(cloud, '/v3/apps')).body.pagination.total_results, 1);
  }));

test('over TLS its certificate is the one that it was given', async () => {
  const { certPem: cert, keyPem: key } = selfSigned('127.0.0.1');
  await within(
    async (cloud) => {
      assert.ok(cloud.url.startsWith('https://'));
      const failure = await askWith(cloud, '/').catch((error: Error) => error.cause);
      assert.match((failure as { code: string }).code, /SELF_SIGNED|UNABLE_TO_VERIFY/);
      assert.is(cloud.count(), 0);
    },
    { tls: { cert, key } },
  );
});

test('clouds of different numbers have no guid in common', async () => {
  const guids = async (number: number): Promise<string[]> => {
    const found: string[] = [];
    await within(
      async (cloud) => {
        cloud.seed({ organizations: 1, spaces: 1, applications: 2 });
        found.push(...cloud.organizations.keys(), ...cloud.applications.keys(), ...cloud.routes.keys());
      },
      { number },
    );
    return found;
  };
  const first = await guids(0);
  const second = new Set(await guids(1));
  assert.is(first.length, 5);
  assert.not(first.some((guid) => second.has(guid)));
});

test.run();
