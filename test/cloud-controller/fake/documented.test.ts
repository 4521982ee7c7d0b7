// Each body of the fake cloud has the members that the documentation shows, and no others.
// Compared with the documentation's own examples where they lie beside the checkout, else with the members written here.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, askWith } from './asking.ts';
import { FakeCloud } from './fake-cloud.ts';

const test = suite('documented bodies');

const EXAMPLES = resolve(fileURLToPath(import.meta.url), '../../../../../shared/cf-api');

/** What a client needs of each, in any documentation of it. */
const NEEDED: readonly [file: string, path: (guids: Guids) => string, members: string][] = [
  ['global_root', () => '/', 'links.login.href links.uaa.href links.cloud_controller_v3.href'],
  ['paginated_list_of_organizations', () => '/v3/organizations', 'guid name suspended metadata.labels'],
  ['organization', ({ organization }) => `/v3/organizations/${organization}`, 'guid name suspended'],
  ['paginated_list_of_spaces', () => '/v3/spaces', 'guid name relationships.organization.data.guid'],
  ['space', ({ space }) => `/v3/spaces/${space}`, 'guid name relationships.organization.data.guid'],
  ['paginated_list_of_apps', () => '/v3/apps', 'guid name state relationships.space.data.guid'],
  ['single_app', ({ app }) => `/v3/apps/${app}`, 'guid name state metadata.annotations'],
  ['paginated_list_of_domains', () => '/v3/domains', 'guid name internal relationships.organization.data'],
  ['paginated_list_of_routes', () => '/v3/routes', 'guid host path url destinations destinations.app.guid'],
  ['single_route', ({ route }) => `/v3/routes/${route}`, 'guid url destinations.app.process.type'],
  ['paginated_list_of_processes', () => '/v3/processes', 'guid type instances relationships.app.data.guid'],
  ['single_process', ({ app }) => `/v3/processes/${app}`, 'guid type instances command'],
  ['list_of_process_stats', ({ app }) => `/v3/processes/${app}/stats`, 'type index state instance_guid'],
];

/** Members that depend on the installation or on the one resource: a TCP route's port, a policy of a domain. */
const OWN =
  /^(port|enforce_route_policies|route_policies_scope|links\.(router_group|droplet)\b.*|relationships\.(droplet)\b.*)$/;

interface Guids {
  organization: string;
  space: string;
  app: string;
  route: string;
}

let cloud: FakeCloud;
let guids: Guids;

test.before(async () => {
  cloud = await FakeCloud.start();
  cloud.seed({ organizations: 3, spaces: 3, applications: 3 });
  const first = (map: ReadonlyMap<string, unknown>): string => [...map.keys()][0]!;
  guids = {
    organization: first(cloud.organizations),
    space: first(cloud.spaces),
    app: first(cloud.applications),
    route: first(cloud.routes),
  };
});
test.after(() => cloud.close());

for (const [file, path, members] of NEEDED) {
  test(`${file}: has what clients need`, async () => {
    const body = await bodyAt(path(guids));
    const known = membersOf(oneOf(body));
    for (const member of members.split(' ')) assert.ok(known.has(member), member);
    assert.is('pagination' in body, file.startsWith('paginated'));
  });

  // The examples lie beside a checkout, or not; then it is counted as skipped.
  (existsSync(EXAMPLES) ? test : test.skip)(
    `${file}: has the members of the documented example, and no others`,
    async () => {
      const body = await bodyAt(path(guids));
      const example = JSON.parse(readFileSync(join(EXAMPLES, `${file}.json`), 'utf8'));
      assert.equal(different(oneOf(body), oneOf(example)), []);
      assert.equal(different(body.pagination ?? {}, example.pagination ?? {}), []);
    },
  );
}

async function bodyAt(path: string): Promise<Record<string, unknown>> {
  const { status, text } = path === '/' ? await askWith(cloud, path) : await ask(cloud, path);
  assert.is(status, 200);
  return JSON.parse(text);
}

/** The first of a list. */
function oneOf(body: Record<string, unknown>): unknown {
  return Array.isArray(body.resources) ? body.resources[0] : body;
}

function different(ours: unknown, documented: unknown): string[] {
  const [mine, theirs] = [membersOf(ours), membersOf(documented)];
  // Below what is null in one of them nothing can be compared.
  const isOpen = (name: string): boolean =>
    [mine, theirs].some((all) =>
      [...all].some(([outer, value]) => value === null && name.startsWith(`${outer}.`)),
    );
  const only = (some: Members, others: Members, whose: string): string[] =>
    [...some.keys()]
      .filter((name) => !others.has(name) && !OWN.test(name) && !isOpen(name))
      .map((name) => `${name} only in ${whose}`);
  const typed = [...mine].flatMap(([name, value]) => {
    const other = theirs.get(name);
    const isSame = value === null || other === null || other === undefined || typeof value === typeof other;
    return isSame ? [] : [`${name} is ${typeof value}, not ${typeof other}`];
  });
  return [...only(mine, theirs, 'ours'), ...only(theirs, mine, 'theirs'), ...typed];
}

type Members = ReadonlyMap<string, unknown>;

/** By dotted name; a list counts as its first. */
function membersOf(value: unknown, at = '', into = new Map<string, unknown>()): Map<string, unknown> {
  const inner = Array.isArray(value) ? value[0] : value;
  if (typeof inner !== 'object' || inner === null) return into;
  for (const [name, member] of Object.entries(inner)) {
    const path = at === '' ? name : `${at}.${name}`;
    into.set(path, member);
    membersOf(member, path, into);
  }
  return into;
}

test.run();
