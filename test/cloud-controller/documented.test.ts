// The bodies of the Cloud Controller's documentation, read as they are: own ones in that form, and the originals where they lie beside the project.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CloudController } from '../../src/cloud-controller/cloud-controller.ts';
import * as read from '../../src/cloud-controller/read-records.ts';
import { type Origin, startOrigin } from '../load/origin.ts';
import { apiFor, failureOf, never } from './api-lab.ts';

const test = suite('documented bodies');
const ORIGINALS = resolve('../shared/cf-api');
const EXAMPLES = 'test/cloud-controller/bodies.json';

type Bodies = Readonly<Record<string, unknown>>;

const own = JSON.parse(readFileSync(EXAMPLES, 'utf8')) as Bodies;
const originals: Bodies = Object.fromEntries(
  (existsSync(ORIGINALS) ? readdirSync(ORIGINALS) : [])
    .filter((file) => file.endsWith('.json'))
    .map((file) => [
      file.slice(0, -'.json'.length),
      JSON.parse(readFileSync(`${ORIGINALS}/${file}`, 'utf8')),
    ]),
);

/** An API whose every list is the documented one, whatever page is asked for. */
async function startDocumented(bodies: Bodies): Promise<Origin> {
  const origin = await startOrigin((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    request.resume();
    if (pathname === '/')
      response.end(JSON.stringify({ links: { ...linksOf(bodies), uaa: { href: origin.url } } }));
    else if (pathname === '/oauth/token') response.end('{"access_token":"t","expires_in":1200}');
    else response.end(JSON.stringify(bodies[`paginated_list_of_${pathname.slice('/v3/'.length)}`]));
  });
  return origin;
}

function linksOf(bodies: Bodies): object {
  return (bodies.global_root as { links: object }).links;
}

const LISTS: Readonly<Record<string, (api: CloudController) => Promise<readonly { guid: string }[]>>> = {
  organizations: (api) => api.organizations(undefined, never),
  spaces: (api) => api.spaces(['o'], undefined, never),
  apps: (api) => api.applications(['s'], undefined, never),
  domains: (api) => api.domains(never),
  routes: (api) => api.routes(['a'], never),
  processes: (api) => api.processes(['a'], never),
};

const sets: [string, Bodies][] = [['the own examples', own]];
if (Object.keys(originals).length > 0) sets.push(['the originals', originals]);
else test.skip(`the originals, which are not there: ${ORIGINALS}`, () => {});

for (const [name, bodies] of sets) {
  for (const [list, ask] of Object.entries(LISTS)) {
    test(`${name}: the list of ${list} is read, each resource once`, async () => {
      const origin = await startDocumented(bodies);
      const { api } = apiFor(origin.url);
      const body = bodies[`paginated_list_of_${list}`] as {
        resources: { guid: string }[];
        pagination: { total_pages: number };
      };
      const expected = body.resources.map(({ guid }) => guid);
      assert.ok(expected.length > 0);
      assert.equal(
        (await ask(api)).map(({ guid }) => guid),
        expected,
      );
      // The links of the pages lead nowhere, and are not followed: root, token, and each page by its number.
      assert.is(origin.requests.length, 2 + body.pagination.total_pages);
      api.close();
      await origin.close();
    });
  }

  test(`${name}: single resources are read as those of lists`, () => {
    const single: [string, (json: unknown) => { guid: string }][] = [
      ['organization', read.readOrganization],
      ['space', read.readSpace],
      ['single_app', read.readApplication],
      ['single_route', read.readRoute],
      ['single_process', read.readProcess],
    ];
    for (const [file, readOne] of single) {
      assert.is(readOne(bodies[file]).guid, (bodies[file] as { guid: string }).guid, file);
    }
  });
}

test('what is kept of a resource is what it says', () => {
  const { resources } = own.paginated_list_of_routes as { resources: unknown[] };
  assert.equal(resources.map(read.readRoute), [
    {
      guid: 'route-1',
      host: 'shop',
      path: '/cart',
      url: 'shop.apps.example.org/cart',
      domainGuid: 'domain-1',
      destinations: [
        { appGuid: 'app-1', processType: 'web', port: 8080, protocol: 'http1' },
        { appGuid: 'app-2', processType: 'worker', port: undefined, protocol: undefined },
      ],
    },
  ]);
  const domains = (own.paginated_list_of_domains as { resources: unknown[] }).resources;
  assert.equal(domains.map(read.readDomain), [
    {
      guid: 'domain-1',
      name: 'apps.example.org',
      internal: false,
      organizationGuid: undefined,
      sharedWith: [],
    },
    {
      guid: 'domain-2',
      name: 'apps.internal',
      internal: true,
      organizationGuid: 'org-1',
      sharedWith: ['org-2'],
    },
  ]);
});

test('every resource that lacks what matters is refused by the name of what it lacks', () => {
  const kinds: [string, (json: unknown) => unknown, readonly string[]][] = [
    ['organization', read.readOrganization, ['guid', 'name']],
    ['space', read.readSpace, ['guid', 'name', 'relationships']],
    ['single_app', read.readApplication, ['guid', 'name', 'state', 'relationships']],
    ['single_route', read.readRoute, ['guid', 'url', 'destinations', 'relationships']],
    ['single_process', read.readProcess, ['guid', 'type', 'instances', 'relationships']],
  ];
  for (const [file, readOne, fields] of kinds) {
    const whole = own[file] as Record<string, unknown>;
    for (const field of fields) {
      for (const wrong of [undefined, null, 7.5, '', []]) {
        if (field === 'destinations' && Array.isArray(wrong)) continue;
        const spoilt = { ...whole, [field]: wrong };
        assert.throws(
          () => readOne(spoilt),
          (error: unknown) => error instanceof read.MalformedResource,
          `${file} ${field} ${wrong}`,
        );
      }
    }
    for (const none of [undefined, null, 'x', 3, [], {}]) {
      assert.throws(
        () => readOne(none),
        (error: unknown) => error instanceof read.MalformedResource,
      );
    }
  }
});

test('pages that are not as documented are failures, not crashes', async () => {
  for (const answer of [
    '',
    'null',
    '[]',
    '{"pagination":null,"resources":[]}',
    '{"resources":[]}',
    '{"pagination":{}}',
  ]) {
    const origin = await startOrigin((request, response) => {
      request.resume();
      if (request.url === '/') response.end(JSON.stringify({ links: { uaa: { href: origin.url } } }));
      else response.end(request.method === 'POST' ? '{"access_token":"t"}' : answer);
    });
    const { api } = apiFor(origin.url);
    assert.match((await failureOf(api.domains(never))).message, `${origin.url} answered with `);
    api.close();
    await origin.close();
  }
});

test.run();
