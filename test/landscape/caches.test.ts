// The seven caches before a fake cloud: what each key means, what its value looks like, and what that costs upstream.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LandscapeCache } from '../../src/landscape/keys.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { seededRandom } from '../store/seeded-random.ts';
import { inLab, type LandscapeLab } from './landscape-lab.ts';

const test = suite('landscape caches');

/** One of each, with names that keys have to escape. */
function furnish(cloud: FakeCloud) {
  const organization = cloud.addOrganization('My Org');
  const other = cloud.addOrganization('other');
  const space = cloud.addSpace(organization, 'dev/test');
  const shared = cloud.addDomain('apps.example.org');
  const owned = cloud.addDomain('owned.example.org', { organization, sharedWith: [other] });
  const foreign = cloud.addDomain('internal.example.org', { organization: other, internal: true });
  const application = cloud.addApplication(space, {
    name: 'Shop',
    instances: 3,
    labels: { team: 'a' },
    annotations: { 'prometheus.io/scrape': 'true' },
    routes: [{ host: 'shop', domain: shared.name, path: '/v1', port: 8081 }],
  });
  cloud.addProcess(application, 'worker', 5);
  const route = [...cloud.routes.values()][0]!;
  return { organization, other, space, shared, owned, foreign, application, route };
}

test('each key has the value that the docs describe', () =>
  inLab({ targets: [{ name: 'all', orgName: 'my org' }] }, async (lab) => {
    const { cloud } = lab;
    const { organization, other, space, shared, owned, foreign, application, route } = furnish(cloud);
    const organizations = [organization, other].map(({ guid, name }) => ({ guid, name, suspended: false }));
    const ofSpace = { guid: space.guid, name: 'dev/test', organization_guid: organization.guid };
    const ofApplication = {
      guid: application.guid,
      name: 'Shop',
      state: 'STARTED',
      space_guid: space.guid,
      labels: { team: 'a' },
      annotations: { 'prometheus.io/scrape': 'true' },
    };
    const domains = [shared, owned, foreign].map((domain) => ({
      guid: domain.guid,
      name: domain.name,
      internal: domain.internal,
      organization_guid: domain.organization?.guid ?? null,
      shared_with: domain.sharedWith.map(({ guid }) => guid),
    }));
    const routes = [
      {
        guid: route.guid,
        url: 'shop.apps.example.org/v1',
        host: 'shop',
        path: '/v1',
        domain_guid: shared.guid,
        destinations: [{ app_guid: application.guid, process_type: 'web', port: 8081, protocol: 'http1' }],
      },
    ];
    const processes = [{ guid: application.guid, type: 'web', instances: 3, app_guid: application.guid }];
    const resolved = {
      api: 'default',
      complete: true,
      missing: [],
      scrape: { path: '/metrics', protocol: 'https', preferred_route_regex: [], internal_route_port: null },
      organizations: [
        {
          guid: organization.guid,
          name: 'My Org',
          spaces: [
            {
              guid: space.guid,
              name: 'dev/test',
              applications: [{ guid: application.guid, name: 'Shop', state: 'STARTED' }],
            },
          ],
        },
      ],
    };
    const values: readonly (readonly [cache: LandscapeCache, key: string, value: unknown])[] = [
      ['org', 'My%20Org', organizations[0]],
      ['org', '*', organizations],
      ['space', 'My%20Org/dev%2Ftest', ofSpace],
      ['space', 'My%20Org/*', [ofSpace]],
      ['space', 'other/*', []],
      ['application', 'My%20Org/dev%2Ftest/Shop', ofApplication],
      ['application', 'My%20Org/dev%2Ftest/*', [ofApplication]],
      ['domain', 'My%20Org', domains.slice(0, 2)],
      ['domain', 'other', domains],
      ['domain', '*', domains],
      ['route', application.guid, routes],
      ['route', 'My%20Org/dev%2Ftest/Shop', routes],
      ['process', application.guid, processes],
      ['process', 'My%20Org/dev%2Ftest/Shop', processes],
      ['resolver', 'all', resolved],
      ['resolver', 'orgName=my%20org', resolved],
    ];
    for (const [cache, key, value] of values)
      assert.equal(await lab.read(cache, key), value, `${cache} ${key}`);
  }));

test('the same names in upper and lower case are one entry', () =>
  inLab({}, async (lab) => {
    furnish(lab.cloud);
    const keys: readonly (readonly [LandscapeCache, string, string])[] = [
      ['org', 'my%20org', 'MY%20ORG'],
      ['space', 'my%20org/dev%2ftest', 'My%20Org/DEV%2Ftest'],
      ['application', 'my%20org/dev%2ftest/shop', 'MY%20org/dev%2Ftest/SHOP'],
      ['route', 'my%20org/dev%2ftest/shop', 'my%20org/dev%2ftest/SHOP'],
    ];
    for (const [cache, one, other] of keys) {
      const value = await lab.read(cache, one);
      lab.cloud.forget();
      assert.equal(await lab.read(cache, other), value);
      assert.is(lab.cloud.count(), 0, `${cache} ${other}`);
      assert.is(lab.cache(cache).shelf.stored.entries, 1, cache);
    }
  }));

test('what is not there is absent, and remembered to be for as long as `negative` says', async () => {
  const clock = new FakeClock();
  await inLab({ clock }, async (lab) => {
    furnish(lab.cloud);
    const absent: readonly (readonly [LandscapeCache, string])[] = [
      ['org', 'none'],
      ['space', 'none/dev'],
      ['space', 'none/*'],
      ['space', 'other/none'],
      ['application', 'none/dev/shop'],
      ['application', 'other/none/*'],
      ['application', 'my%20org/dev%2ftest/none'],
      ['domain', 'none'],
      ['route', 'my%20org/dev%2ftest/none'],
      ['process', 'other/none/shop'],
      ['resolver', 'none'],
    ];
    for (const [cache, key] of absent)
      assert.is((await lab.ask(cache, key)).kind, 'absent', `${cache} ${key}`);
    lab.cloud.forget();
    clock.advance(29_000);
    for (const [cache, key] of absent)
      assert.is((await lab.ask(cache, key)).kind, 'absent', `${cache} ${key}`);
    assert.is(lab.cloud.count(), 0, JSON.stringify(lab.cloud.counts()));
    lab.cloud.addOrganization('none');
    clock.advance(2000);
    assert.is((await lab.read('org', 'none')).name, 'none');
  });
});

test('a key of another form, of another API, or a target that is none, is refused and says what is allowed', () =>
  inLab({}, async (lab) => {
    const refused: readonly (readonly [LandscapeCache, string, string, RegExp])[] = [
      ['org', 'a/b', 'bad_key', /a key of the cache org is my-org, or \* for all/],
      ['space', 'a', 'bad_key', /my-org\/my-space/],
      ['application', 'a/*/c', 'bad_key', /write %2A/],
      ['route', 'a.b', 'bad_key', /a guid is made of letters/],
      ['org', '@elsewhere/a', 'bad_key', /no API of the name "elsewhere"; there are: default/],
      ['resolver', 'orgNam=a', 'bad_query', /there are api, orgName/],
      ['resolver', 'orgRegex=%28', 'bad_query', /orgRegex must be a regular expression/],
    ];
    for (const [cache, key, code, message] of refused) {
      const asked = await lab.ask(cache, key);
      assert.is(asked.kind, 'error', key);
      if (asked.kind !== 'error') continue;
      assert.is(asked.error.code, code, key);
      assert.match(asked.error.message, message);
    }
    assert.is(lab.cloud.count(), 0);
  }));

test('names that a filter would part or unescape are asked for as they are', () =>
  inLab({}, async (lab) => {
    const names = ['a,b', 'a%2Cb', 'a&b=c', 'ü 100%', '*', '@x'];
    for (const name of names) lab.cloud.addOrganization(name);
    const read = (name: string) => lab.read('org', encodeURIComponent(name).replace('*', '%2A'));
    const found = await Promise.all(names.map(read));
    assert.equal(
      found.map(({ name }) => name),
      names,
    );
    assert.is(lab.cloud.count('organizations'), 1, 'and together');
  }));

for (const { claim, cache, key, fill } of [
  {
    claim: 'organizations',
    cache: 'org',
    key: '*',
    fill: (cloud: FakeCloud, names: string[]) => names.map((name) => cloud.addOrganization(name)),
  },
  {
    claim: 'domains',
    cache: 'domain',
    key: '*',
    fill: (cloud: FakeCloud, names: string[]) => names.map((name) => cloud.addDomain(name)),
  },
  {
    claim: 'the domains of an organization',
    cache: 'domain',
    key: 'my-org',
    fill: (cloud: FakeCloud, names: string[]) => {
      const organization = cloud.addOrganization('my-org');
      return names.map((name) => cloud.addDomain(name, { organization }));
    },
  },
  {
    claim: 'the apps of a space',
    cache: 'application',
    key: 'my-org/my-space/*',
    fill: (cloud: FakeCloud, names: string[]) => {
      const space = cloud.addSpace(cloud.addOrganization('my-org'), 'my-space');
      return names.map((name) => cloud.addApplication(space, { name }));
    },
  },
] as const) {
  test(`row 71: 250 items on pages of 100, ${claim}: all of them`, () =>
    inLab({ api: { pageSize: 100 } }, async (lab) => {
      const names = Array.from({ length: 250 }, (_, i) => `item-${i}`);
      fill(lab.cloud, names);
      const listed: { name: string }[] = await lab.read(cache, key);
      assert.equal(listed.map(({ name }) => name).sort(), names.sort());
    }));

  test(`row 72: one page fails, ${claim}: the load fails, and nothing is kept of it`, () =>
    inLab({ api: { pageSize: 100, tries: 1 } }, async (lab) => {
      const names = Array.from({ length: 250 }, (_, i) => `item-${i}`);
      fill(lab.cloud, names);
      lab.cloud.fail(({ query }) => query.get('page') === '2', { status: 500 }, 1);
      const asked = await lab.ask(cache, key);
      assert.is(asked.kind, 'error');
      assert.is(lab.cache(cache).shelf.stored.entries, 0);
      lab.cloud.heal();
      lab.forget(cache);
      assert.is((await lab.read(cache, key)).length, 250);
    }));
}

test('row 73: 150 apps within the window are asked for in two calls of at most 100 guids', () =>
  inLab({}, async (lab) => {
    lab.cloud.seed({ organizations: 1, spaces: 1, applications: 150 });
    const guids = [...lab.cloud.applications.keys()];
    for (const cache of ['route', 'process'] as const) {
      const found = await Promise.all(guids.map((guid) => lab.read(cache, guid)));
      assert.ok(found.every(({ length }) => length === 1));
      const type = cache === 'route' ? 'routes' : 'processes';
      const asked = lab.cloud.requests.filter((request) => request.type === type);
      const perCall = asked.map(({ query }) => query.get('app_guids')!.split(',').length);
      assert.equal(
        perCall.sort((one, other) => one - other),
        [50, 100],
        type,
      );
    }
  }));

test('row 74: with answers that come in any order every app keeps its own routes and counts', () =>
  inLab({ api: { pageSize: 7 }, batchSize: 10 }, async (lab) => {
    const { cloud } = lab;
    cloud.seed({ organizations: 4, spaces: 9, applications: 300, instances: (n) => n });
    cloud.delay((_, random) => Math.floor(random() * 6));
    const random = seededRandom(74);
    const applications = [...cloud.applications.values()]
      .map((application) => ({ application, place: random() }))
      .sort((one, other) => one.place - other.place)
      .map(({ application }) => application);
    await Promise.all(
      applications.map(async ({ guid, name }) => {
        const [routes, processes] = await Promise.all([lab.read('route', guid), lab.read('process', guid)]);
        assert.equal(
          routes.map(({ url }: { url: string }) => url),
          [`${name}.apps.example.org`],
        );
        assert.equal(
          processes.map(({ instances }: { instances: number }) => `app-${instances}`),
          [name],
        );
      }),
    );
    assert.ok(cloud.mostConcurrent > 1);
  }));

test('row 89: keys that begin with @api-2/ are of the second API, all others of the first', async () => {
  const clouds = [await FakeCloud.start({ number: 1 }), await FakeCloud.start({ number: 2 })];
  await inLab({ clouds }, async (lab) => {
    const applications = clouds.map((cloud, i) => {
      const space = cloud.addSpace(cloud.addOrganization('my-org'), 'my-space');
      const routes = [{ host: `at-${i + 1}`, domain: 'apps.example.org' }];
      return cloud.addApplication(space, { name: 'my-app', instances: i + 1, routes });
    });
    for (const [prefix, i] of [
      ['', 0],
      ['@api-2/', 1],
      ['@API-2/', 1],
      ['@default/', 0],
    ] as const) {
      const { guid, space } = applications[i]!;
      assert.is((await lab.read('org', `${prefix}my-org`)).guid, space.organization.guid);
      assert.is((await lab.read('space', `${prefix}my-org/my-space`)).guid, space.guid);
      assert.is((await lab.read('application', `${prefix}my-org/my-space/my-app`)).guid, guid);
      assert.is((await lab.read('application', `${prefix}my-org/my-space/*`))[0].guid, guid);
      assert.is((await lab.read('domain', `${prefix}my-org`)).length, 1);
      for (const key of [guid, 'my-org/my-space/my-app']) {
        assert.is((await lab.read('route', prefix + key))[0].host, `at-${i + 1}`);
        assert.is((await lab.read('process', prefix + key))[0].instances, i + 1);
      }
    }
    await clouds[0]!.goDown();
    assert.is((await lab.read('process', `@api-2/${applications[1]!.guid}`))[0].instances, 2);
    await dropped(lab, 'org', 'my-org');
    assert.is((await lab.ask('org', 'my-org')).kind, 'error');
    assert.is((await lab.read('org', '@api-2/my-org')).name, 'my-org');
  });
});

async function dropped(lab: LandscapeLab, cache: LandscapeCache, key: string): Promise<void> {
  lab.cache(cache).invalidateKey(Buffer.from(key));
}

test.run();
