// The fake cloud answers as the documentation says that the Cloud Controller and the UAA do.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, askWith, newToken } from './asking.ts';
import { FakeCloud } from './fake-cloud.ts';

const test = suite('fake cloud');

async function within(body: (cloud: FakeCloud) => Promise<void>): Promise<void> {
  const cloud = await FakeCloud.start();
  try {
    await body(cloud);
  } finally {
    await cloud.close();
  }
}

test('the root needs no token and names login and uaa', () =>
  within(async (cloud) => {
    const { status, body } = await askWith(cloud, '/');
    assert.is(status, 200);
    assert.is(body.links.login!.href, `${cloud.url}/uaa`);
    assert.is(body.links.uaa!.href, `${cloud.url}/uaa`);
    assert.is(body.links.cloud_controller_v3!.href, `${cloud.url}/v3`);
  }));

test('a list without a token, and with one that is none, is 401 with the code for it', () =>
  within(async (cloud) => {
    const none = await askWith(cloud, '/v3/apps');
    assert.is(none.status, 401);
    assert.equal(none.body.errors, [
      { code: 10002, title: 'CF-NotAuthenticated', detail: 'Authentication error' },
    ]);
    const wrong = await askWith(cloud, '/v3/apps', 'bearer nonsense');
    assert.is(wrong.status, 401);
    assert.equal(wrong.body.errors, [
      { code: 1000, title: 'CF-InvalidAuthToken', detail: 'Invalid Auth Token' },
    ]);
  }));

test('a token is given for a password, for a client, for a refresh token, and for nothing else', () =>
  within(async (cloud) => {
    const { body } = await newToken(cloud);
    assert.is(body.token_type, 'bearer');
    assert.is(body.expires_in, 1200);
    const again = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) };
    assert.is((await newToken(cloud, again)).status, 200);
    const [id, secret] = ['sidecache', cloud.uaa.clients.get('sidecache')];
    const own = await newToken(cloud, { grant_type: 'client_credentials' }, `${id}:${secret}`);
    assert.is(own.status, 200);
    assert.is(own.body.refresh_token, undefined);

    const wrongPassword = { grant_type: 'password', username: 'admin', password: 'wrong' };
    assert.is((await newToken(cloud, wrongPassword)).body.error, 'unauthorized');
    assert.is((await newToken(cloud, { grant_type: 'client_credentials' }, `${id}:wrong`)).status, 401);
    assert.is((await newToken(cloud, { ...again, refresh_token: 'wrong' })).body.error, 'invalid_token');
    assert.is((await newToken(cloud, { grant_type: 'implicit' })).status, 400);
  }));

test('a token ends with its time and by being revoked', async () => {
  let nowMs = 1_000_000;
  const cloud = await FakeCloud.start({ clock: { now: () => nowMs } });
  try {
    const status = async (token: string): Promise<number> =>
      (await askWith(cloud, '/v3/spaces', `bearer ${token}`)).status;
    cloud.uaa.expiresInSeconds = 60;
    const first = (await newToken(cloud)).body.access_token;
    nowMs += 59_999;
    assert.is(await status(first), 200);
    nowMs += 1;
    assert.is(await status(first), 401);
    const second = (await newToken(cloud)).body;
    cloud.revokeTokens();
    assert.is(await status(second.access_token), 401);
    const again = { grant_type: 'refresh_token', refresh_token: String(second.refresh_token) };
    assert.is(await status((await newToken(cloud, again)).body.access_token), 200);
    cloud.revokeTokens({ refreshTokens: true });
    assert.is((await newToken(cloud, again)).status, 401);
  } finally {
    await cloud.close();
  }
});

test('pages follow each other until next is null, and hold everything once', () =>
  within(async (cloud) => {
    cloud.seed({ organizations: 1, spaces: 2, applications: 25 });
    const names: string[] = [];
    let next = '/v3/apps?per_page=10';
    for (let pages = 1; ; pages++) {
      const { pagination, resources } = (await ask(cloud, next)).body;
      assert.is(pagination.total_results, 25);
      assert.is(pagination.total_pages, 3);
      assert.is(pagination.previous === null, pages === 1);
      assert.is(pagination.last.href, `${cloud.url}/v3/apps?page=3&per_page=10`);
      names.push(...resources.map((one) => String(one.name)));
      if (pagination.next === null) break;
      next = String(pagination.next?.href);
      assert.is(next, `${cloud.url}/v3/apps?page=${pages + 1}&per_page=10`);
    }
    assert.is(new Set(names).size, 25);
    assert.is(cloud.count('apps'), 3);
    assert.is((await ask(cloud, '/v3/apps?names=app-1')).body.pagination.total_pages, 1);
    assert.equal((await ask(cloud, '/v3/apps?page=4&per_page=10')).body.resources, []);
  }));

test('a seed spreads evenly, with a route and a web process for each app', () =>
  within(async (cloud) => {
    cloud.seed({ organizations: 3, spaces: 6, applications: 12, instances: (n) => n });
    const organization = [...cloud.organizations.values()][1]!;
    const at = `organization_guids=${organization.guid}`;
    assert.equal(await namesAt(cloud, `/v3/spaces?${at}`), ['space-2', 'space-5']);
    assert.equal(await namesAt(cloud, `/v3/apps?${at}`), ['app-2', 'app-5', 'app-8', 'app-11']);
    const app = [...cloud.applications.values()][4]!;
    const routes = (await ask(cloud, `/v3/routes?app_guids=${app.guid}`)).body.resources;
    assert.equal(
      routes.map((one) => one.url),
      ['app-5.apps.example.org'],
    );
    const processes = (await ask(cloud, `/v3/processes?app_guids=${app.guid}&types=web`)).body.resources;
    assert.equal(
      processes.map((one) => one.instances),
      [5],
    );
    assert.is((await ask(cloud, `/v3/processes/${processes[0]!.guid}/stats`)).body.resources.length, 5);
  }));

test('names match whatever their case; one with a comma is encoded twice', () =>
  within(async (cloud) => {
    for (const name of ['Alpha', 'beta', 'a,b', 'a', '100%']) cloud.addOrganization(name);
    assert.equal(await namesAt(cloud, '/v3/organizations?names=alpha,BETA'), ['Alpha', 'beta']);
    assert.equal(await namesAt(cloud, '/v3/organizations?names=alpha%2CBETA'), ['Alpha', 'beta']);
    assert.equal(await namesAt(cloud, '/v3/organizations?names=a%252Cb'), ['a,b']);
    assert.equal(await namesAt(cloud, '/v3/organizations?names=a,b'), ['a']);
    assert.equal(await namesAt(cloud, '/v3/organizations?names=100%2525'), ['100%']);
    const { pagination } = (await ask(cloud, '/v3/organizations?names=a%252Cb,a&per_page=1')).body;
    assert.equal(await namesAt(cloud, String(pagination.next?.href)), ['a']);
  }));

test('bad queries are 400, what is not there 404, with the documented codes', () =>
  within(async (cloud) => {
    const code = async (path: string): Promise<[number, number, string]> => {
      const { status, body } = await ask(cloud, path);
      return [status, body.errors[0]!.code, body.errors[0]!.title];
    };
    for (const query of ['per_page=5001', 'per_page=0', 'per_page=x', 'page=0', 'name=a', 'app_guids=x']) {
      assert.equal(await code(`/v3/apps?${query}`), [400, 10005, 'CF-BadQueryParameter'], query);
    }
    assert.equal(await code('/v3/apps/none'), [404, 10010, 'CF-ResourceNotFound']);
    assert.equal(await code('/v3/organizations/none/domains'), [404, 10010, 'CF-ResourceNotFound']);
    assert.equal(await code('/v3/nonsense'), [404, 10000, 'CF-NotFound']);
    assert.equal(await code('/v2/apps'), [404, 10000, 'CF-NotFound']);
  }));

test('an organization sees its own domains, those shared with it and those of everybody', () =>
  within(async (cloud) => {
    const [own, other] = [cloud.addOrganization('own'), cloud.addOrganization('other')];
    cloud.addDomain('everybody.example.org');
    cloud.addDomain('apps.internal', { internal: true });
    cloud.addDomain('own.example.org', { organization: own });
    cloud.addDomain('other.example.org', { organization: other });
    cloud.addDomain('shared.example.org', { organization: other, sharedWith: [own] });
    const seen = await namesAt(cloud, `/v3/organizations/${own.guid}/domains`);
    assert.equal(seen, ['everybody.example.org', 'apps.internal', 'own.example.org', 'shared.example.org']);
    assert.equal(await namesAt(cloud, `/v3/domains?organization_guids=${own.guid}`), ['own.example.org']);
    assert.equal((await namesAt(cloud, '/v3/domains')).length, 5);
  }));

test('what is renamed, stopped, scaled, routed and removed is answered so', () =>
  within(async (cloud) => {
    cloud.seed({ organizations: 1, spaces: 1, applications: 2 });
    const [first, second] = [...cloud.applications.values()];
    cloud.rename(first!, 'renamed');
    cloud.stop(first!);
    cloud.scale(first!, 7);
    const { name, state } = (await ask(cloud, `/v3/apps/${first!.guid}`)).body;
    assert.equal([name, state], ['renamed', 'STOPPED']);
    assert.is((await ask(cloud, `/v3/processes/${first!.guid}`)).body.instances, 7);
    cloud.addRoute(second!, { host: 'more', domain: 'tcp.example.org', path: '/p', port: 9090 });
    const routes = (await ask(cloud, `/v3/routes?app_guids=${second!.guid}`)).body.resources;
    assert.equal(
      routes.map((one) => one.url),
      ['app-2.apps.example.org', 'more.tcp.example.org/p'],
    );
    assert.is(routes[1]!.destinations[0]!.port, 9090);
    cloud.removeApplication(second!);
    assert.equal(await namesAt(cloud, '/v3/apps'), ['renamed']);
    assert.equal((await ask(cloud, `/v3/routes?app_guids=${second!.guid}`)).body.resources, []);
    cloud.removeOrganization([...cloud.organizations.values()][0]!);
    for (const list of ['organizations', 'spaces', 'apps', 'processes', 'routes']) {
      assert.equal((await ask(cloud, `/v3/${list}`)).body.resources, [], list);
    }
  }));

async function namesAt(cloud: FakeCloud, path: string): Promise<string[]> {
  return (await ask(cloud, path)).body.resources.map((one) => String(one.name));
}

test.run();
