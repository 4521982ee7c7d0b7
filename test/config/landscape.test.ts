// Holds what a configuration of the landscape comes to: APIs, credentials, proxies and targets.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runCheck } from '../../src/commands/check.ts';
import type { LandscapeConfig } from '../../src/config/config.ts';
import { load, type Written } from './loading.ts';

const test = suite('landscape');

const TOKEN = 'api: "https://api.h", refresh_token: hush';

const fileWith = (settings: string): string => `preset: cloudfoundry\ncloudfoundry: { ${settings} }\n`;

function landscapeOf(written: Written): LandscapeConfig {
  const { landscape } = load(written).config;
  if (landscape === undefined) throw new Error('there is no landscape');
  return landscape;
}

const landscape = (settings: string, env: Written['env'] = {}): LandscapeConfig =>
  landscapeOf({ file: fileWith(settings), env });

test('an API and credentials are enough, and all else has the documented defaults', () => {
  assert.equal(landscape('api: "https://api.h/", username: ann, password: "hush: #1"'), {
    apis: [
      {
        name: 'default',
        url: 'https://api.h',
        credentials: { grant: 'password', username: 'ann', password: 'hush: #1' },
        caFile: undefined,
        verifyTls: true,
        proxyUrl: undefined,
        timeoutMs: 2500,
        tries: 3,
        requestsPerSecond: undefined,
        concurrency: 8,
        pageSize: 200,
      },
    ],
    targets: [],
    batch: { size: 100, windowMs: 20 },
    ownFleet: true,
    ownAppGuid: undefined,
  });
});

test('all of it may come from variables, lists as JSON arrays', () => {
  const env = {
    SIDECACHE_PRESET: 'cloudfoundry',
    SIDECACHE_CLOUDFOUNDRY_API: 'https://api.h',
    SIDECACHE_CLOUDFOUNDRY_CLIENT_ID: 'watcher',
    SIDECACHE_CLOUDFOUNDRY_CLIENT_SECRET: 'hush',
    SIDECACHE_CLOUDFOUNDRY_RATE: '10',
    SIDECACHE_CLOUDFOUNDRY_PAGE_SIZE: '5000',
    SIDECACHE_CLOUDFOUNDRY_BATCH_SIZE: '500',
    SIDECACHE_CLOUDFOUNDRY_BATCH_WINDOW: '5s',
    SIDECACHE_CLOUDFOUNDRY_OWN: 'false',
    SIDECACHE_CLOUDFOUNDRY_APIS:
      '[{"name":"eu","api":"http://eu","refresh_token":"hush2","tries":1,"verify_tls":false}]',
    SIDECACHE_CLOUDFOUNDRY_TARGETS:
      '[{"orgName":"a","preferredRouteRegex":["x{1,2}","y"],"internalRoutePort":8080,"kubernetesAnnotations":true}]',
    VCAP_APPLICATION: '{"application_id":"ABC-1"}',
  };
  const { apis, targets, batch, ownFleet, ownAppGuid } = landscapeOf({ env });
  assert.equal(
    apis.map(({ name, credentials, requestsPerSecond, pageSize, tries, verifyTls }) => ({
      ...{ name, credentials, requestsPerSecond, pageSize, tries, verifyTls },
    })),
    [
      {
        name: 'default',
        credentials: { grant: 'client_credentials', clientId: 'watcher', clientSecret: 'hush' },
        requestsPerSecond: 10,
        pageSize: 5000,
        tries: 3,
        verifyTls: true,
      },
      {
        name: 'eu',
        credentials: { grant: 'refresh_token', refreshToken: 'hush2' },
        requestsPerSecond: undefined,
        pageSize: 200,
        tries: 1,
        verifyTls: false,
      },
    ],
  );
  assert.equal(targets[0]?.preferredRouteRegex, ['x{1,2}', 'y']);
  assert.is(targets[0]?.internalRoutePort, 8080);
  assert.is(targets[0]?.kubernetesAnnotations, true);
  assert.equal(batch, { size: 500, windowMs: 5000 });
  assert.is(ownFleet, false);
  assert.is(ownAppGuid, 'abc-1');
});

test('a target has what is written of it, and the defaults of its users', () => {
  const nothing = {
    ...{ api: undefined, orgName: undefined, orgRegex: undefined, spaceName: undefined },
    ...{ spaceRegex: undefined, applicationName: undefined, applicationRegex: undefined },
    ...{ path: '/metrics', protocol: 'https', preferredRouteRegex: [], internalRoutePort: undefined },
    kubernetesAnnotations: false,
  };
  const file = `${fileWith(TOKEN)}`.replace(
    ' }\n',
    `, targets: [
    {},
    { name: shops, api: default, orgName: "My Org", spaceRegex: "prod|int", applicationName: shop, path: "/m?x=1",
      protocol: http, preferredRouteRegex: "a{1,2},b", internalRoutePort: 1, kubernetesAnnotations: yes },
    { orgRegex: "(?i)a.*", spaceName: s, applicationRegex: "x-\\\\d+", preferredRouteRegex: [a, b] }
  ] }\n`,
  );
  assert.equal(landscapeOf({ file }).targets, [
    { name: 'target-1', ...nothing },
    {
      ...nothing,
      ...{ name: 'shops', api: 'default', orgName: 'My Org', spaceRegex: 'prod|int' },
      ...{ applicationName: 'shop', path: '/m?x=1', protocol: 'http', preferredRouteRegex: ['a{1,2},b'] },
      ...{ internalRoutePort: 1, kubernetesAnnotations: true },
    },
    {
      ...nothing,
      ...{ name: 'target-3', orgRegex: '(?i)a.*', spaceName: 's', applicationRegex: 'x-\\d+' },
      preferredRouteRegex: ['a', 'b'],
    },
  ]);
});

test('on Cloud Foundry the API is the one of VCAP_APPLICATION, unless one is set', () => {
  const env = { VCAP_APPLICATION: '{"application_id":"ab","cf_api":"https://api.own.h/"}' };
  const found = load({ file: fileWith('refresh_token: hush'), env });
  assert.is(found.config.landscape?.apis[0]?.url, 'https://api.own.h');
  assert.is(found.sources.get('cloudfoundry.api'), 'computed from VCAP_APPLICATION');
  assert.is(landscape(TOKEN, env).apis[0]?.url, 'https://api.h');
});

test('the proxy is the one of the environment, unless one is set or it is off', () => {
  const env = { HTTPS_PROXY: 'http://u:p@proxy:3128', HTTP_PROXY: 'http://plain:1' };
  const found = load({ file: fileWith(TOKEN), env });
  assert.is(found.config.landscape?.apis[0]?.proxyUrl, 'http://u:p@proxy:3128');
  assert.is(found.sources.get('cloudfoundry.proxy'), 'computed from HTTPS_PROXY');
  assert.is(landscape(`${TOKEN}, proxy: off`, env).apis[0]?.proxyUrl, undefined);
  assert.is(landscape(`${TOKEN}, proxy: "http://own:1"`, env).apis[0]?.proxyUrl, 'http://own:1');
  assert.is(landscape(TOKEN, { ...env, NO_PROXY: 'api.h' }).apis[0]?.proxyUrl, undefined);
});

test('a further API has a proxy, limits and credentials of its own', () => {
  const env = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:1' };
  const further = (settings: string): string =>
    `${TOKEN}, proxy: off, tries: 9, apis: [{ name: eu, api: "http://eu", refresh_token: hush, ${settings} }]`;
  const [first, eu] = landscape(further('timeout: 1s'), env).apis;
  assert.is(first?.proxyUrl, undefined);
  assert.is(eu?.proxyUrl, 'http://plain:1');
  assert.is(eu?.timeoutMs, 1000);
  assert.is(first?.tries, 9);
  assert.is(eu?.tries, 3);
  assert.is(landscape(further('proxy: off'), env).apis[1]?.proxyUrl, undefined);
});

test('the landscape is frozen through and through', () => {
  const { apis, targets, batch } = landscape(`${TOKEN}, targets: [{ preferredRouteRegex: [a] }]`);
  for (const part of [apis, apis[0], apis[0]?.credentials, targets, targets[0], batch]) {
    assert.ok(Object.isFrozen(part));
  }
  assert.ok(Object.isFrozen(targets[0]?.preferredRouteRegex));
});

test('targets have a flag, which takes a JSON array; what holds secrets has none', () => {
  const flags = { cloudfoundry: { targets: '[{"orgName":"a"}]' } };
  assert.is(landscapeOf({ file: fileWith(TOKEN), flags }).targets[0]?.orgName, 'a');
});

test('check shows every field that has a value, and no secret', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sidecache-landscape-'));
  const config = join(directory, 'sidecache.yml');
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  const file = `preset: cloudfoundry
cloudfoundry:
  api: https://api.h
  username: ann
  password: hush
  proxy: http://ann:hush@proxy:3128
  apis:
    - { name: eu, api: "https://eu", client_id: c, client_secret: hush, proxy: "http://ann:hush@proxy:1", rate: 5 }
    - { name: us, api: "https://us", refresh_token: hush }
  targets:
    - { orgRegex: a.*, preferredRouteRegex: [x, y] }
`;
  try {
    writeFileSync(config, file);
    const env = { NO_PROXY: '*', HTTPS_PROXY: 'http://ann:hush@proxy' };
    assert.is(await runCheck({ flags: { config }, env, json: false, write, writeError: write }), 0, out);
  } finally {
    rmSync(directory, { recursive: true });
  }
  const shown: [key: string, value: string, source: string][] = [
    ['username', 'ann', '.*:4'],
    ['password', '[redacted]', '.*:5'],
    ['client_secret', 'none', 'default'],
    ['proxy', 'http://[redacted]@proxy:3128', '.*:6'],
    ['rate', 'off', 'default'],
    ['batch_window', '20ms', 'default'],
    [
      'apis',
      '{ name: eu, api: https://eu, client_id: c, client_secret: [redacted], verify_tls: true, proxy: http://[redacted]@proxy:1, timeout: 2500ms, tries: 3, rate: 5, concurrency: 8, page_size: 200 }, { name: us, api: https://us, refresh_token: [redacted], verify_tls: true, timeout: 2500ms, tries: 3, concurrency: 8, page_size: 200 }',
      '.*:7',
    ],
    [
      'targets',
      '{ name: target-1, orgRegex: a.*, path: /metrics, protocol: https, preferredRouteRegex: x, y, kubernetesAnnotations: false }',
      '.*:10',
    ],
  ];
  for (const [key, value, source] of shown) {
    const text = value.replaceAll(/[.*[\]{}?]/g, '\\$&');
    assert.match(out, new RegExp(`^cloudfoundry\\.${key} +${text} +(file )?${source}$`, 'm'));
  }
  assert.not.match(out, /hush/);
});

test.run();
