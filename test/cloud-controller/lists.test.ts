// The lists against a fake cloud: all pages, all kinds, the right filters.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apiFor, failureOf, never } from './api-lab.ts';
import { FakeCloud } from './fake/fake-cloud.ts';

const test = suite<{ cloud: FakeCloud }>('cloud controller lists');

test.before.each(async (context) => {
  context.cloud = await FakeCloud.start();
});
test.after.each(async ({ cloud }) => {
  await cloud.close();
});

test('row 71: of 250 items on pages of 100 all are returned, the later pages asked for together', async ({
  cloud,
}) => {
  cloud.seed({ organizations: 250, spaces: 0, applications: 0 });
  for (let n = 0; n < 250; n++) cloud.addDomain(`domain-${n}.example.org`);
  const { api } = apiFor(cloud.url);
  const organizations = await api.organizations(undefined, never);
  assert.equal(
    organizations.map(({ name }) => name).sort(),
    [...cloud.organizations.values()].map(({ name }) => name).sort(),
  );
  const hold = cloud.hold(({ type, query }) => type === 'domains' && query.get('page') !== '1');
  const asked = api.domains(never);
  await cloud.received(3, 'domains');
  hold.release();
  assert.is(new Set((await asked).map(({ guid }) => guid)).size, 250);
  assert.equal(cloud.counts(), { root: 1, token: 1, organizations: 3, domains: 3 });
  api.close();
});

test('row 72: where one page fails the whole list fails, and the other pages are given up', async ({
  cloud,
}) => {
  cloud.seed({ organizations: 30, spaces: 0, applications: 0 });
  const { api } = apiFor(cloud.url, { pageSize: 10, tries: 1 });
  const hold = cloud.hold(({ query }) => query.get('page') === '3');
  cloud.fail(({ query }) => query.get('page') === '2', { status: 500 });
  const error = await failureOf(api.organizations(undefined, never));
  assert.match(error.message, `${cloud.url} answered 500`);
  // Not released: the request that waits for its answer ends by itself.
  while (api.facts.inFlight > 0) await new Promise(setImmediate);
  hold.release();
  api.close();
});

test('every kind of list gives what is kept of its resources', async ({ cloud }) => {
  const organization = cloud.addOrganization('my-org');
  const space = cloud.addSpace(organization, 'my-space');
  const app = cloud.addApplication(space, {
    name: 'my-app',
    instances: 3,
    labels: { team: 'a' },
    annotations: { 'prometheus.io/scrape': 'true' },
    routes: [{ host: 'my-app', domain: 'apps.internal', path: '/p', port: 9090 }],
  });
  const { api } = apiFor(cloud.url);
  assert.equal(await api.organizations(['MY-ORG'], never), [
    { guid: organization.guid, name: 'my-org', suspended: false },
  ]);
  assert.equal(await api.spaces([organization.guid], undefined, never), [
    { guid: space.guid, name: 'my-space', organizationGuid: organization.guid },
  ]);
  assert.equal(await api.applications([space.guid], ['my-app'], never), [
    {
      guid: app.guid,
      name: 'my-app',
      state: 'STARTED',
      spaceGuid: space.guid,
      labels: { team: 'a' },
      annotations: { 'prometheus.io/scrape': 'true' },
    },
  ]);
  assert.equal(
    (await api.processes([app.guid], never)).map(({ appGuid, type, instances }) => ({
      appGuid,
      type,
      instances,
    })),
    [{ appGuid: app.guid, type: 'web', instances: 3 }],
  );
  const [route] = await api.routes([app.guid], never);
  assert.is(route?.url, 'my-app.apps.internal/p');
  assert.equal(route?.destinations, [
    { appGuid: app.guid, processType: 'web', port: 9090, protocol: 'http1' },
  ]);
  assert.is((await api.domains(never))[0]?.guid, route?.domainGuid);
  api.close();
});

test('an empty filter asks for nothing', async ({ cloud }) => {
  const { api } = apiFor(cloud.url);
  assert.equal(await api.organizations([], never), []);
  assert.equal(await api.spaces([], undefined, never), []);
  assert.equal(await api.applications(['guid'], [], never), []);
  assert.equal(await api.routes([], never), []);
  assert.is(cloud.requests.length, 0);
  api.close();
});

test('a name is found whatever characters it has', async ({ cloud }) => {
  const names = ['a,b', ' c', '50%', '%2C', 'x+y', 'ü&=?#/', 'a, b', 'plain'];
  for (const name of names) cloud.addOrganization(name);
  const { api } = apiFor(cloud.url);
  for (const name of names) {
    assert.equal(
      (await api.organizations([name], never)).map((one) => one.name),
      [name],
    );
  }
  assert.is((await api.organizations(names, never)).length, names.length);
  api.close();
});

test('a list that changes while it is read is read anew: nothing is missed, nothing is there twice', async ({
  cloud,
}) => {
  cloud.seed({ organizations: 30, spaces: 0, applications: 0 });
  const [first] = cloud.organizations.values();
  const { api } = apiFor(cloud.url, { pageSize: 10 });
  const hold = cloud.hold(({ query }) => query.get('page') === '2');
  const asked = api.organizations(undefined, never);
  await cloud.received(3, 'organizations');
  // What was first on page 2 is the last of page 1 now, which was read before.
  cloud.removeOrganization(first!);
  const added = cloud.addOrganization('added');
  cloud.addOrganization('added, too');
  hold.release();
  const names = (await asked).map(({ name }) => name);
  assert.equal(names.sort(), [...cloud.organizations.values()].map(({ name }) => name).sort());
  assert.ok(names.includes(added.name));
  api.close();
});

test('a list that never stops changing is given as it was read last', async ({ cloud }) => {
  cloud.seed({ organizations: 30, spaces: 0, applications: 0 });
  cloud.delay(() => {
    cloud.addOrganization(`added-${cloud.organizations.size}`);
    return 0;
  });
  const { api } = apiFor(cloud.url, { pageSize: 10 });
  const names = (await api.organizations(undefined, never)).map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  assert.ok(names.length >= 30);
  assert.ok(cloud.count('organizations') <= 4 * 6, `${cloud.count('organizations')}`);
  api.close();
});

test('row 89: two APIs at once, each with a token, a queue and numbers of its own', async ({ cloud }) => {
  const other = await FakeCloud.start({ number: 1 });
  cloud.addOrganization('here');
  other.addOrganization('there');
  const apis = [apiFor(cloud.url, { name: 'eu' }).api, apiFor(other.url, { name: 'us' }).api];
  other.fail('domains', { status: 403 });
  const names = await Promise.all(
    apis.map(async (api) => (await api.organizations(undefined, never)).map(({ name }) => name)),
  );
  assert.equal(names, [['here'], ['there']]);
  await Promise.allSettled(apis.map((api) => api.domains(never)));
  assert.equal(
    apis.map(({ name, facts }) => [name, facts.tokens.fetched, facts.errors.size]),
    [
      ['eu', 1, 0],
      ['us', 1, 1],
    ],
  );
  for (const api of apis) api.close();
  await other.close();
});

test('what an API is asked is measured by its type, failures included', async ({ cloud }) => {
  cloud.seed({ organizations: 25, spaces: 0, applications: 0 });
  const { api } = apiFor(cloud.url, { pageSize: 10, tries: 1 });
  await api.organizations(undefined, never);
  cloud.fail('domains', { status: 500 });
  await failureOf(api.domains(never));
  const sent = [...api.facts.latencies].map(([type, { buckets }]) => [type, buckets.reduce((a, b) => a + b)]);
  assert.equal(Object.fromEntries(sent), {
    ...{ root: 1, token: 1, organizations: 3, domains: 1 },
    ...{ spaces: 0, applications: 0, routes: 0, processes: 0 },
  });
  assert.is(api.facts.rateWaits.buckets[0], 6);
  assert.equal([api.facts.queued, api.facts.inFlight], [0, 0]);
  api.close();
});

test('rows 76 and 77: at ten a second, with an API that answers 429 between, nothing is lost and nothing exceeded', async ({
  cloud,
}) => {
  cloud.seed({ organizations: 30, spaces: 0, applications: 0 });
  const limit = cloud.rateLimit({ perSecond: 10, retryAfterSeconds: 1 });
  const { api } = apiFor(cloud.url, { pageSize: 2, requestsPerSecond: 10 });
  const asked = api.organizations(undefined, never);
  await cloud.received(8);
  limit.refuse(2);
  assert.is((await asked).length, 30);
  assert.is(limit.exceeded, false, `${limit.most} within a second`);
  assert.ok(limit.refused >= 2);
  // Those that were on their way when the first was refused; after it nobody was sent.
  assert.ok(limit.impatient <= 9, `${limit.impatient}`);
  const waits = api.facts.rateWaits;
  assert.ok(waits.sum > 1, `${waits.sum}`);
  api.close();
});

test.run();
