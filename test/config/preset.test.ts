// Holds what `preset: cloudfoundry` brings along: which caches, with which times, and what may be said of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkWarnings, runCheck } from '../../src/commands/check.ts';
import type { Config } from '../../src/config/config.ts';
import { parseFile } from '../../src/config/file.ts';
import { loadDegraded } from '../../src/config/load.ts';
import { PRESET_CACHES } from '../../src/config/preset.ts';
import { LANDSCAPE_CACHES } from '../../src/landscape/keys.ts';
import { load, loadFile, problemIn, problemsOf } from './loading.ts';

const test = suite('preset');

const API = 'preset: cloudfoundry\ncloudfoundry: { api: "https://api.h", refresh_token: hush }\n';

const namesOf = (config: Config): string[] => config.caches.map(({ name }) => name);

async function check(file: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'sidecache-preset-'));
  const config = join(directory, 'sidecache.yml');
  let out = '';
  try {
    writeFileSync(config, file);
    const write = (text: string): void => {
      out += text;
    };
    assert.is(await runCheck({ flags: { config }, env: {}, json: false, write, writeError: write }), 0, out);
    return out;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('row 70: the default times of the seven caches are seen in check', async () => {
  const out = await check(API);
  const times: [names: string[], key: string, shown: string][] = [
    [['org', 'space', 'domain'], 'refresh', '1h'],
    [['application', 'route', 'process', 'resolver'], 'refresh', '5m'],
    [['org', 'space', 'application', 'route', 'process', 'resolver'], 'expiry', '2m'],
    [['domain'], 'expiry', '5m'],
    [[...PRESET_CACHES], 'negative', '30s'],
    [[...PRESET_CACHES], 'writes', 'change'],
  ];
  for (const [names, key, shown] of times) {
    for (const name of names) {
      assert.match(out, new RegExp(`^caches\\.${name}\\.${key} +${shown} +preset cloudfoundry$`, 'm'));
    }
  }
  assert.match(out, /^caches\.org\.ttl +off +default$/m);
  assert.match(out, /^caches\.default\.refresh +off +default$/m);
});

test('the preset brings the caches that the landscape loads', () => {
  assert.equal(PRESET_CACHES, LANDSCAPE_CACHES);
  const { config, warnings } = loadFile(API);
  assert.equal(namesOf(config), [...LANDSCAPE_CACHES, 'default']);
  for (const cache of config.caches) {
    assert.is(cache.preset, cache.name !== 'default', cache.name);
    assert.is(cache.loader, undefined);
  }
  assert.equal(warnings, []);
});

test('its caches stand behind those that are named, and each only once', () => {
  const { config } = loadFile(`${API}caches: { users: , domain: { memory: 1M } }`);
  const others = LANDSCAPE_CACHES.filter((name) => name !== 'domain');
  assert.equal(namesOf(config), ['users', 'domain', ...others, 'default']);
  assert.is(config.caches[1]?.memoryBytes, 1024 * 1024);
  assert.is(config.caches[1]?.refreshMs, 3_600_000);
});

test('whatever the preset says of a cache can be overruled, by the file, a variable and a flag', () => {
  const { config, sources } = load({
    file: `${API}caches: { org: { refresh: 10m, negative: off, refresh_ahead: true, ttl: 1d } }`,
    env: { SIDECACHE_CACHES_SPACE_EXPIRY: 'off', SIDECACHE_CACHES_ORG_RETRY: '1s' },
    flags: { 'caches.process.writes': 'fill' },
  });
  const cache = (name: string) => config.caches.find((each) => each.name === name);
  assert.is(cache('org')?.refreshMs, 600_000);
  assert.is(cache('org')?.negativeMs, undefined);
  assert.is(cache('org')?.refreshAhead, true);
  assert.is(cache('org')?.retryMs, 1000);
  assert.is(cache('space')?.expiryMs, undefined);
  assert.is(cache('process')?.writes, 'fill');
  assert.is(sources.get('caches.org.refresh'), 'file sidecache.yml:3');
  assert.is(sources.get('caches.org.negative'), 'file sidecache.yml:3');
  assert.is(sources.get('caches.org.expiry'), 'preset cloudfoundry');
  assert.is(sources.get('caches.space.expiry'), 'env SIDECACHE_CACHES_SPACE_EXPIRY');
});

test('what is overruled is held against what the preset says', () => {
  assert.is(
    problemIn(`${API}caches: { org: { ttl: 10m } }`),
    'caches.org.ttl (sidecache.yml:3): 10m must not be less than refresh, 1h',
  );
  assert.is(
    problemIn(`${API}caches: { org: { mode: replicated } }`),
    'caches.org.expiry (preset cloudfoundry): cannot be in mode replicated: reads differ between instances, so they would drop different entries',
  );
});

test('a loader of a cache that the preset loads is refused, wherever it is written', () => {
  const problem = 'cannot be with preset: cloudfoundry, which loads this cache itself; remove it';
  for (const loader of ['{ url: "http://h/{key}" }', '{ retries: 1 }', '']) {
    assert.is(
      problemIn(`${API}caches:\n  org:\n    loader: ${loader}`),
      `caches.org.loader (sidecache.yml:5): ${problem}`,
    );
  }
  assert.equal(problemsOf({ file: API, env: { SIDECACHE_CACHES_ROUTE_LOADER_URL: 'http://h/{key}' } }), [
    `caches.route.loader (SIDECACHE_CACHES_ROUTE_LOADER_URL): ${problem}`,
  ]);
  assert.equal(problemsOf({ file: `${API}caches: { users: { loader: { url: "http://h/{key}" } } }` }), []);
});

test('only the seven count as loaded, so that others still need a loader', () => {
  assert.is(
    problemIn(`${API}caches: { users: { negative: 5s } }`),
    'caches.users.negative (sidecache.yml:3): needs a loader',
  );
});

test('without the preset org is a name like any other', () => {
  const { config } = loadFile('caches: { org: { loader: { url: "http://h/{key}" } } }');
  assert.equal(namesOf(config), ['org', 'default']);
  assert.is(config.caches[0]?.preset, false);
  assert.is(config.caches[0]?.refreshMs, undefined);
  assert.is(config.landscape, undefined);
  assert.is(
    problemIn('caches: { org: { negative: 5s } }'),
    'caches.org.negative (sidecache.yml:1): needs a loader',
  );
});

test('a preset that there is not is the only problem', () => {
  assert.is(
    problemIn(
      'preset: cloudfoundy\ncloudfoundry: { api: "https://h" }\ncaches: { org: { negative: 5s, refresh_ahead: true, refresh: 1m } }',
    ),
    'preset (sidecache.yml:1): "cloudfoundy" is not one of them; allowed: cloudfoundry',
  );
});

test('what is only of use with the preset is an error without it, once', () => {
  assert.is(
    problemIn('cloudfoundry:\n  tries: 5\n  targets: [{ orgName: a }]'),
    'cloudfoundry.tries (sidecache.yml:2): needs preset: cloudfoundry',
  );
  assert.equal(problemsOf({ env: { SIDECACHE_CLOUDFOUNDRY_PASSWORD: 'hush' } }), [
    'cloudfoundry.password (SIDECACHE_CLOUDFOUNDRY_PASSWORD): needs preset: cloudfoundry',
  ]);
  assert.equal(problemsOf({ file: 'cloudfoundry: { }' }), []);
});

test('without the preset check shows nothing of it but that there is none', async () => {
  const out = await check('');
  assert.match(out, /^preset +none +default$/m);
  assert.not.match(out, /cloudfoundry/);
});

test('check does not take the caches of the preset for the only copy of anything', () => {
  assert.equal(checkWarnings(loadFile(API)), []);
  assert.match(
    checkWarnings(loadFile(`${API}caches: { users: }`)).join(),
    /^caches\.users: it has no loader/,
  );
});

test('of a bad configuration neither the preset nor what it needs is used', () => {
  const text = 'preset: cloudfoundry\ncloudfoundry: { api: nowhere, tries: 0 }\nlog: { level: debug }';
  const input = { flags: {}, env: {}, file: parseFile('sidecache.yml', text, {}), hostname: 'host' };
  const config = loadDegraded(input);
  assert.equal(namesOf(config), ['default']);
  assert.is(config.landscape, undefined);
  assert.is(config.log.level, 'debug');
});

test.run();
