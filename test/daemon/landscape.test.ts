// The built daemon before a Cloud Foundry API: configured either way, asked by its clients, and ended while the API hangs.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { Daemon, type Json } from './daemon.ts';
import {
  discovered,
  LandscapeDaemon,
  type LandscapeOptions,
  namesIn,
  PASSWORD,
  smallCloud,
  USERNAME,
} from './landscape-daemon.ts';

const test = suite('landscape');

/** As those who call Promregator write it. */
const FORGET_ALL = '/cache/invalidate?org=1&space=1&application=1&domain=1&route=1&process=1&resolver=1';

function before(run: (daemon: Daemon, cloud: FakeCloud) => Promise<void>, options: LandscapeOptions = {}) {
  return async () => {
    const landscape = await LandscapeDaemon.start(await smallCloud(), options);
    try {
      await run(landscape.daemon, landscape.cloud);
    } finally {
      await landscape.close();
    }
  };
}

test(
  'the preset by a file: caches and discovery are there',
  before(async (daemon, cloud) => {
    const [application] = cloud.applications.values();
    const json = (key: string): Promise<Json> => daemon.json(`/caches/${key}`);
    assert.is((await json('org/my-org')).name, 'my-org');
    assert.is((await json('space/my-org/my-space')).name, 'my-space');
    assert.is((await json('application/My-Org/my-space/SHOP')).guid, application!.guid);
    assert.is((await json('application/my-org/my-space/*'))[0].name, 'shop');
    assert.is((await json('domain/*'))[0].name, 'apps.example.org');
    assert.is((await json(`route/${application!.guid}`))[0].url, 'shop.apps.example.org');
    assert.is((await json('process/my-org/my-space/shop'))[0].instances, 2);
    assert.is((await json('resolver/orgName=my-org')).organizations[0].name, 'my-org');
    assert.is((await daemon.request('/caches/org/none')).status, 404);
    assert.is((await daemon.request('/caches/org/a/b')).status, 400);
    assert.equal(namesIn(await discovered(daemon)), ['shop/0', 'shop/1']);
    const { headers } = await daemon.request('/caches/org/my-org');
    assert.is(headers['content-type'], 'application/json');
  }),
);

test('the preset by variables alone', async () => {
  const cloud = await smallCloud();
  const targets = [{ name: 'mine', orgRegex: 'my-.*', path: '/prometheus' }];
  const daemon = await Daemon.start({
    env: {
      SIDECACHE_PRESET: 'cloudfoundry',
      SIDECACHE_CLOUDFOUNDRY_USERNAME: USERNAME,
      SIDECACHE_CLOUDFOUNDRY_PASSWORD: PASSWORD,
      SIDECACHE_CLOUDFOUNDRY_TARGETS: JSON.stringify(targets),
      SIDECACHE_CLOUDFOUNDRY_TIMEOUT: '10s',
      SIDECACHE_CACHES_PROCESS_REFRESH: '1m',
      VCAP_APPLICATION: JSON.stringify({ cf_api: cloud.url, application_id: 'other' }),
    },
  });
  try {
    const [entry] = await discovered(daemon, '?target=mine');
    assert.is(entry!.labels.__metrics_path__, '/prometheus');
    const [{ loader }] = [await daemon.json('/caches').then(({ caches }) => caches.find(named('process')))];
    assert.is.not(loader, null);
  } finally {
    await daemon.stop('SIGKILL');
    await cloud.close();
  }
});

const named =
  (wanted: string) =>
  ({ name }: { name: string }): boolean =>
    name === wanted;

test(
  '/discovery: JSON over the socket and over loopback, HEAD without it, by targets and by parameters',
  before(
    async (daemon) => {
      const answer = await daemon.request('/discovery');
      assert.is(answer.status, 200);
      assert.is(answer.headers['content-type'], 'application/json');
      assert.is(answer.headers['cache-control'], 'no-store');
      assert.is(answer.headers['sidecache-partial'], undefined);
      assert.is(Number(answer.headers['content-length']), answer.body.length);
      assert.is((await daemon.request('/discovery', { overTcp: true })).text, answer.text);
      const head = await daemon.request('/discovery', { method: 'HEAD' });
      assert.equal([head.status, head.body.length], [200, 0]);
      assert.is(head.headers['content-length'], answer.headers['content-length']);
      const paths = async (query: string): Promise<string[]> =>
        (await discovered(daemon, query)).map(({ labels }) => labels.__metrics_path__!);
      assert.equal(await paths(''), ['/a', '/a', '/b', '/b']);
      assert.equal(await paths('?target=b'), ['/b', '/b']);
      assert.equal(await paths('?target=b&target=a'), ['/a', '/a', '/b', '/b']);
      assert.equal(await paths('?orgName=MY-ORG&path=/c'), ['/c', '/c']);
      assert.equal(await paths('?spaceRegex=none'), []);
    },
    {
      cloudfoundry: {
        targets: [
          { name: 'a', path: '/a' },
          { name: 'b', path: '/b' },
        ],
      },
      config: { http: '127.0.0.1:0' },
    },
  ),
);

test(
  'what /discovery is asked for that it cannot be is refused, and the refusal says what can be',
  before(async (daemon, cloud) => {
    const refused: readonly (readonly [query: string, detail: RegExp])[] = [
      ['target=none', /no target "none"; configured: target-1/],
      ['target=target-1&orgName=a', /no other parameter/],
      ['orgNam=a', /"orgNam" is no parameter of a target; there are api, orgName, orgRegex/],
      ['orgName=a&orgRegex=b', /orgName or orgRegex, not both/],
      ['orgName=a&orgName=b', /orgName once/],
      ['orgName=', /orgName is empty/],
      ['orgRegex=(', /orgRegex must be a regular expression/],
      ['protocol=ftp', /http or https/],
      ['path=metrics', /begin with \//],
      ['internalRoutePort=0', /1 to 65535/],
      ['kubernetesAnnotations=yes', /true, false, 1 or 0/],
      ['api=none', /no API of the name "none"; there are: default/],
      ['orgName=%ff', /not UTF-8/],
      ['overrideRouteAndPath=1', /Prometheus/],
      [`spaceRegex=${'x'.repeat(1001)}`, /at most 1000/],
    ];
    for (const [query, detail] of refused) {
      const { status, text, headers } = await daemon.request(`/discovery?${query}`);
      assert.is(status, 400, `${query}: ${text}`);
      assert.is(headers['content-type'], 'application/problem+json');
      assert.match(JSON.parse(text).detail, detail);
    }
    assert.is((await daemon.request('/discovery', { method: 'POST' })).status, 405);
    assert.is(cloud.count(), 0);
    const [endless] = cloud.organizations.values();
    cloud.rename(endless!, 'a'.repeat(40));
    const { status, text } = await daemon.request(`/discovery?orgRegex=${encodeURIComponent('(a+)+b')}`);
    assert.is(status, 400, text);
    assert.match(JSON.parse(text).detail, /takes longer than/);
  }),
);

test(
  'whoever asks for what cannot be is no failure of the API: nobody else is refused for it, and the log is still',
  before(async (daemon, cloud) => {
    cloud.addOrganization('a'.repeat(40));
    for (let i = 0; i < 30; i++) {
      assert.is((await daemon.request(`/caches/org/wrong/${i}`)).status, 400);
      assert.is((await daemon.request(`/caches/resolver/none=${i}`)).status, 400);
    }
    for (let i = 0; i < 11; i++) {
      const endless = encodeURIComponent(`(a+)+${'b'.repeat(i + 1)}`);
      assert.is((await daemon.request(`/discovery?orgRegex=${endless}`)).status, 400);
    }
    assert.is((await daemon.json('/caches/org/my-org')).name, 'my-org');
    assert.equal(namesIn(await discovered(daemon)), ['shop/0', 'shop/1']);
    assert.equal(
      daemon.lines.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    );
  }),
);

test('without the preset there is no /discovery, and no cache of it', async () => {
  const daemon = await Daemon.start();
  try {
    const { status, text } = await daemon.request('/discovery');
    assert.is(status, 404);
    assert.match(JSON.parse(text).detail, 'preset: cloudfoundry');
    assert.is((await daemon.request('/caches/org/a')).status, 404);
  } finally {
    await daemon.stop('SIGKILL');
  }
});

test(
  'no targets: an empty list, and nobody is asked',
  before(
    async (daemon, cloud) => {
      assert.equal(await discovered(daemon), []);
      assert.is(cloud.count(), 0);
    },
    { cloudfoundry: {} },
  ),
);

test('an API that cannot be reached at the start: the daemon is ready all the same, and catches up', async () => {
  const cloud = await smallCloud();
  await cloud.goDown();
  const { daemon, close } = await started(cloud, { cloudfoundry: { targets: [{}], tries: 1 } });
  try {
    assert.is((await daemon.request('/readyz')).status, 200);
    const answer = await daemon.request('/discovery');
    assert.is(answer.status, 503);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    assert.match(answer.text, 'refused the connection');
    assert.is((await daemon.request('/caches/org/my-org')).status, 502);
    await cloud.comeUp();
    assert.is((await daemon.request(FORGET_ALL)).status, 204);
    assert.equal(namesIn(await discovered(daemon)), ['shop/0', 'shop/1']);
  } finally {
    await close();
  }
});

test('SIGTERM while the API hangs ends the daemon in time, with what it was asked for refused', async () => {
  const cloud = await smallCloud();
  const { daemon, close } = await started(cloud, {
    cloudfoundry: { targets: [{}], timeout: '10m' },
    config: { drain: '1s' },
  });
  try {
    cloud.fail(({ type }) => type !== 'root' && type !== 'token', 'hang');
    const asked = ['/discovery', '/caches/org/my-org', '/caches/domain/*'].map((target) =>
      daemon.request(target).then(
        ({ status }) => status,
        (error: NodeJS.ErrnoException) => error.code,
      ),
    );
    await cloud.received(1, 'organizations');
    // Well within what a test waits for an answer, and far from the ten minutes the API is given.
    assert.is(await daemon.stop('SIGTERM'), 0);
    for (const outcome of await Promise.all(asked))
      assert.ok([503, 502, 'ECONNRESET'].includes(outcome!), `${outcome}`);
    assert.not(daemon.output.includes('defect'), daemon.output);
  } finally {
    await close();
  }
});

test(
  'a client may write what it knows better, and is not believed where it writes nonsense',
  before(async (daemon) => {
    await discovered(daemon);
    await daemon.put('/caches/resolver/target-1', 'nonsense', { 'content-type': 'application/json' });
    const answer = await daemon.request('/discovery');
    assert.is(answer.status, 200);
    assert.is(answer.headers['sidecache-partial'], '1');
    assert.equal(namesIn(JSON.parse(answer.text)), ['shop/0', 'shop/1']);
    assert.not(daemon.output.includes('defect'), daemon.output);
  }),
);

async function started(cloud: FakeCloud, options: LandscapeOptions) {
  const landscape = await LandscapeDaemon.start(cloud, options);
  return { daemon: landscape.daemon, close: () => landscape.close() };
}

test.run();
