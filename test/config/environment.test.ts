import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { load, problemsOf } from './loading.ts';

const test = suite('environment');

/** The caches that variables make or set, with the times they get. */
function refreshes(env: Record<string, string>, file?: string): [string, number | undefined][] {
  return load({ env, file }).config.caches.map((cache) => [cache.name, cache.refreshMs]);
}

test('a variable declares a cache that nothing else names', () => {
  assert.equal(refreshes({ SIDECACHE_CACHES_USERS_REFRESH: '1s' }), [
    ['users', 1000],
    ['default', undefined],
  ]);
});

test('a variable sets a declared cache with a dash or an underscore in its name', () => {
  const env = { SIDECACHE_CACHES_A_B_REFRESH: '1s' };
  assert.equal(refreshes(env, 'caches: { a-b: {} }')[0], ['a-b', 1000]);
  assert.equal(refreshes(env, 'caches: { a_b: {} }')[0], ['a_b', 1000]);
  assert.equal(refreshes(env)[0], ['a_b', 1000]);
});

test('a variable that may mean two declared caches is an error', () => {
  const env = { SIDECACHE_CACHES_A_B_REFRESH: '1s' };
  assert.equal(problemsOf({ env, file: 'caches: { a-b: {}, a_b: {} }' }), [
    'SIDECACHE_CACHES_A_B_REFRESH: may mean cache a-b or a_b; set it in the file',
  ]);
});

test('the longest option wins where no declared cache says otherwise', () => {
  const env = {
    SIDECACHE_CACHES_USERS_LOADER_URL: 'http://h/{key}',
    SIDECACHE_CACHES_USERS_LOADER_CACHE_CONTROL: 'ignore',
  };
  const { config } = load({ env });
  assert.equal(
    config.caches.map((cache) => cache.name),
    ['users', 'default'],
  );
  assert.is(config.caches[0]?.loader?.cacheControl, 'ignore');
});

test('a cache may be called like the first half of an option', () => {
  const env = { SIDECACHE_CACHES_USERS_LOADER_RETRY: '1s' };
  assert.is(load({ env, file: 'caches: { users-loader: {} }' }).config.caches[0]?.retryMs, 1000);
});

test('a name that no cache may have is an error', () => {
  assert.match(
    problemsOf({ env: { SIDECACHE_CACHES_TTL_REFRESH: '1s' } })[0]!,
    /^SIDECACHE_CACHES_TTL_REFRESH: "ttl" is reserved/,
  );
  assert.match(problemsOf({ env: { SIDECACHE_CACHES_1_REFRESH: '1s' } })[0]!, /"1" is no name for a cache/);
});

test('an unknown variable only warns, and what Kubernetes sets does not even that', () => {
  const injected = {
    SIDECACHE_SERVICE_HOST: '10.0.0.1',
    SIDECACHE_SERVICE_PORT: '7070',
    SIDECACHE_SERVICE_PORT_HTTP: '7070',
    SIDECACHE_PORT: 'tcp://10.0.0.1:7070',
    SIDECACHE_PORT_7070_TCP: 'tcp://10.0.0.1:7070',
    SIDECACHE_PORT_7070_TCP_PROTO: 'tcp',
    SIDECACHE_HTTP_SERVICE_HOST: '10.0.0.1',
    SIDECACHE_CACHES_PORT: 'tcp://10.0.0.1:7070',
  };
  assert.equal(load({ env: injected }).warnings, []);
  assert.equal(load({ env: { SIDECACHE_MEMROY: '1M', SIDECACHE_CACHES_A_TIMEOUT: '1s' } }).warnings, [
    'SIDECACHE_CACHES_A_TIMEOUT: no such option; the variable is ignored',
    'SIDECACHE_MEMROY: no such option (did you mean SIDECACHE_MEMORY?); the variable is ignored',
  ]);
});

test('a known variable with a bad value is an error', () => {
  assert.match(
    problemsOf({ env: { SIDECACHE_MEMORY: 'lots' } })[0]!,
    /^memory \(SIDECACHE_MEMORY\): "lots" is not an amount/,
  );
});

test('an empty variable counts as not set', () => {
  assert.is(load({ env: { SIDECACHE_HTTP: '', SIDECACHE_MEMORY: '' } }).config.http, undefined);
});

test('headers come as JSON, labels as JSON or as name=value', () => {
  const env = {
    SIDECACHE_CACHES_A_LOADER_URL: 'http://h/{key}',
    SIDECACHE_CACHES_A_LOADER_HEADERS: '{"Accept": "text/plain, */*", "X-Team": "a=b"}',
    SIDECACHE_METRICS_LABELS: 'team=a=b, stage=test',
  };
  const { config } = load({ env });
  assert.equal(config.caches[0]?.loader?.headers, { accept: 'text/plain, */*', 'x-team': 'a=b' });
  assert.equal(config.metrics.labels, { team: 'a=b', stage: 'test' });
});

test('headers that cannot be read are refused without showing them', () => {
  for (const text of ['{"a": secret}', '{"a": ["secret"]}', 'secret', '{"a b": "secret"}']) {
    const env = { SIDECACHE_CACHES_A_LOADER_URL: 'http://h/{key}', SIDECACHE_CACHES_A_LOADER_HEADERS: text };
    const problems = problemsOf({ env });
    assert.is(problems.length, 1, text);
    assert.match(problems[0]!, /^caches\.a\.loader\.headers \(SIDECACHE_CACHES_A_LOADER_HEADERS\): /);
    assert.not.match(problems[0]!, /secret/);
  }
});

test.run();
