// Which apps targets mean, and how each instance of them is listed: the resolver and /discovery before a fake cloud.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Parameter } from '../../src/landscape/parameters.ts';
import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { type Entry, inLab, type LandscapeLab } from './landscape-lab.ts';

const test = suite('targets');

const DOMAIN = 'apps.example.org';

/** Orgs Alpha and beta with spaces Dev and prod, in each of them the apps Web and worker. */
function furnish(cloud: FakeCloud): void {
  for (const organizationName of ['Alpha', 'beta']) {
    const organization = cloud.addOrganization(organizationName);
    for (const spaceName of ['Dev', 'prod']) {
      const space = cloud.addSpace(organization, spaceName);
      for (const name of ['Web', 'worker']) {
        const host = `${organizationName}-${spaceName}-${name}`.toLowerCase();
        cloud.addApplication(space, { name, routes: [{ host, domain: DOMAIN }] });
      }
    }
  }
}

const hosts = (entries: readonly Entry[]): string[] =>
  entries.map(({ targets: [address = ''] }) => address.replace(`.${DOMAIN}`, '')).sort();

const MEANT: readonly (readonly [what: string, Record<string, string>, readonly string[]])[] = [
  [
    'by nothing: all',
    {},
    ['alpha', 'beta'].flatMap((org) =>
      ['dev', 'prod'].flatMap((space) => ['web', 'worker'].map((app) => `${org}-${space}-${app}`)),
    ),
  ],
  [
    'by names, in any case',
    { orgName: 'ALPHA', spaceName: 'dEV', applicationName: 'wEB' },
    ['alpha-dev-web'],
  ],
  [
    'by an expression for orgs, which is for whole names',
    { orgRegex: 'alph|b.t.', spaceName: 'prod', applicationName: 'web' },
    ['beta-prod-web'],
  ],
  [
    'by an expression for spaces',
    { orgName: 'beta', spaceRegex: 'd.*' },
    ['beta-dev-web', 'beta-dev-worker'],
  ],
  [
    'by an expression for apps',
    { applicationRegex: 'WO.+' },
    ['alpha-dev-worker', 'alpha-prod-worker', 'beta-dev-worker', 'beta-prod-worker'],
  ],
  [
    'by the name of an app in all spaces of one org',
    { orgName: 'alpha', applicationName: 'web' },
    ['alpha-dev-web', 'alpha-prod-web'],
  ],
  ['by what nobody is called', { orgName: 'gamma' }, []],
  ['by an expression that matches nothing', { spaceRegex: 'gamma' }, []],
];

for (const [what, parameters, found] of MEANT) {
  test(`row 80: apps are meant ${what}, whether configured or asked for`, () =>
    inLab({ targets: [parameters] }, async (lab) => {
      furnish(lab.cloud);
      assert.equal(hosts((await lab.discover()).entries), found);
      const asked = Object.entries(parameters);
      if (asked.length > 0) assert.equal(hosts((await lab.discover(asked)).entries), found);
      assert.equal(hosts((await lab.discover([['target', 'target-1']])).entries), found);
    }));
}

test('row 81: only apps that are started are listed, and with annotations only those that ask for it', () =>
  inLab({ targets: [{}] }, async (lab) => {
    const { cloud } = lab;
    const space = cloud.addSpace(cloud.addOrganization('org'), 'space');
    const add = (name: string, annotations: Record<string, string>, state?: 'STOPPED') =>
      cloud.addApplication(space, {
        name,
        annotations,
        ...(state && { state }),
        routes: [{ host: name, domain: DOMAIN }],
      });
    add('Mixed-Case', { 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/own?a=1' });
    add('plain', { 'prometheus.io/scrape': 'true' });
    add('silent', {});
    add('refusing', { 'prometheus.io/scrape': 'false' });
    const stopped = add('stopped', { 'prometheus.io/scrape': 'true' }, 'STOPPED');
    assert.equal(hosts((await lab.discover()).entries), ['Mixed-Case', 'plain', 'refusing', 'silent']);
    const annotated: Parameter[] = [['kubernetesAnnotations', 'true']];
    const { entries } = await lab.discover(annotated);
    assert.equal(hosts(entries), ['Mixed-Case', 'plain']);
    const [mixed, plain] = ['Mixed-Case', 'plain'].map((name) => labelsOf(entries, name));
    assert.is(mixed!.__metrics_path__, '/own');
    assert.is(mixed!.__param_a, '1');
    assert.is(plain!.__metrics_path__, '/metrics');
    cloud.start(stopped);
    lab.forget('application');
    assert.equal(hosts((await lab.discover(annotated)).entries), ['Mixed-Case', 'plain', 'stopped']);
  }));

test('row 82: of several routes the preferred one is taken', () =>
  inLab({ targets: [{}] }, async (lab) => {
    const { cloud } = lab;
    const space = cloud.addSpace(cloud.addOrganization('org'), 'space');
    const routes = ['one', 'two', 'three'].map((host) => ({ host, domain: DOMAIN, path: `/${host}` }));
    cloud.addApplication(space, { name: 'app', routes });
    const preferred = async (...expressions: string[]): Promise<string[]> => {
      const parameters = expressions.map((one): Parameter => ['preferredRouteRegex', one]);
      return hosts((await lab.discover([['orgName', 'org'], ...parameters])).entries);
    };
    assert.equal(await preferred(), ['one']);
    assert.equal(await preferred('.*/THREE'), ['three']);
    assert.equal(await preferred('none.*', 'two.*'), ['two']);
    assert.equal(await preferred('none.*'), ['one']);
  }));

test('row 82: behind an internal route each instance has an address of its own', () =>
  inLab({ targets: [{}, { name: 'port', internalRoutePort: '9102' }] }, async (lab) => {
    const { cloud } = lab;
    const space = cloud.addSpace(cloud.addOrganization('org'), 'space');
    const { name: domain } = cloud.addDomain('apps.internal', { internal: true });
    cloud.addApplication(space, { name: 'app', instances: 2, routes: [{ host: 'app', domain }] });
    cloud.addApplication(space, { name: 'own', routes: [{ host: 'own', domain, port: 9000 }] });
    const addresses = async (target: string): Promise<string[]> =>
      (await lab.discover([['target', target]])).entries.flatMap(({ targets }) => targets).sort();
    assert.equal(await addresses('target-1'), [
      '0.app.apps.internal:8080',
      '0.own.apps.internal:9000',
      '1.app.apps.internal:8080',
    ]);
    assert.equal(await addresses('port'), [
      '0.app.apps.internal:9102',
      '0.own.apps.internal:9102',
      '1.app.apps.internal:9102',
    ]);
    const { entries } = await lab.discover([['target', 'port']]);
    for (const { labels } of entries) {
      assert.is(labels.__scheme__, 'http');
      assert.is(labels.__meta_cf_internal, 'true');
    }
  }));

test('row 83: one entry an instance, with labels that tell all of it', () =>
  inLab({ targets: [{ path: '/prometheus' }] }, async (lab) => {
    const { cloud } = lab;
    const organization = cloud.addOrganization('my-org');
    const space = cloud.addSpace(organization, 'my-space');
    const routes = [{ host: 'shop', domain: DOMAIN, path: '/v1' }];
    const { guid } = cloud.addApplication(space, { name: 'shop', instances: 2, routes });
    const { entries } = await lab.discover();
    assert.is(entries.length, 2);
    for (const [i, { targets, labels }] of entries.entries()) {
      assert.equal(targets, [`shop.${DOMAIN}`]);
      const common = {
        orgName: 'my-org',
        spaceName: 'my-space',
        applicationName: 'shop',
        applicationId: guid,
      };
      const each = { ...common, path: '/v1/prometheus', instanceNumber: `${i}`, instanceId: `${guid}:${i}` };
      const own = { api: 'default', orgId: organization.guid, spaceId: space.guid, internal: 'false' };
      assert.equal(labels, {
        __metrics_path__: '/v1/prometheus',
        __scheme__: 'https',
        ...prefixed('__meta_promregator_target_', each),
        ...prefixed('__meta_cf_', { ...each, ...own, app_instance: `${guid}:${i}` }),
      });
    }
  }));

test('row 86: what several targets mean is listed once', () =>
  inLab({ targets: [{}, { orgName: 'alpha' }, { orgRegex: 'a.*', applicationName: 'web' }] }, async (lab) => {
    furnish(lab.cloud);
    const { entries } = await lab.discover();
    assert.is(entries.length, 8);
    assert.is(new Set(entries.map(({ labels }) => labels.__meta_cf_instanceId)).size, 8);
    const twice: Parameter[] = [1, 2, 3].map((n) => ['target', `target-${n}`]);
    assert.equal((await lab.discover(twice)).entries, entries);
  }));

test('row 89: targets of two APIs are listed together, and apart where one of them is down', async () => {
  const clouds = [await FakeCloud.start({ number: 1 }), await FakeCloud.start({ number: 2 })];
  const targets: Record<string, string>[] = [
    { applicationName: 'web' },
    { api: 'api-2', applicationName: 'worker' },
  ];
  await inLab({ clouds, targets, api: { tries: 1 } }, async (lab) => {
    for (const cloud of clouds) furnish(cloud);
    const { entries } = await lab.discover();
    assert.equal(
      entries.map(({ labels }) => `${labels.__meta_cf_api} ${labels.__meta_cf_applicationName}`).sort(),
      [...Array(4).fill('api-2 worker'), ...Array(4).fill('default Web')],
    );
    assert.is((await lab.discover([['api', 'api-2']])).entries.length, 8);
    lab.forget('org', 'route', 'process', 'domain');
    await clouds[1]!.goDown();
    clouds[0]!.scale([...clouds[0]!.applications.values()][0]!, 2);
    const after = await lab.discover();
    const of = (api: string, listed: readonly Entry[]) =>
      listed.filter(({ labels }) => labels.__meta_cf_api === api);
    assert.is(of('default', after.entries).length, 5, 'the one is followed');
    assert.equal(of('api-2', after.entries), of('api-2', entries), 'the other stays as it was');
    assert.ok(after.missing.some((part) => part.includes('target-2')));
    await failsNaming(lab, [['api', 'elsewhere']], 'elsewhere');
  });
});

async function failsNaming(lab: LandscapeLab, parameters: readonly Parameter[], what: string): Promise<void> {
  const error: unknown = await lab.discover(parameters).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, Error);
  assert.match((error as Error).message, what);
}

function labelsOf(entries: readonly Entry[], app: string): Readonly<Record<string, string>> {
  return entries.find(({ labels }) => labels.__meta_cf_applicationName === app)!.labels;
}

function prefixed(prefix: string, labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [prefix + name, value]));
}

test.run();
