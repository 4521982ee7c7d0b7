import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFile } from '../../src/config/file.ts';
import { loadDegraded } from '../../src/config/load.ts';
import { load, loadFile, problemsOf } from './loading.ts';

const test = suite('load');
const MIB = 1024 * 1024;

test('without any configuration there is one cache, default, on a socket in /tmp', () => {
  const { config, warnings } = load({});
  assert.is(config.socket, '/tmp/sidecache.sock');
  assert.is(config.socketMode, 0o600);
  assert.is(config.http, undefined);
  assert.is(config.maxConnections, 4096);
  assert.is(config.drainMs, 8000);
  assert.is(config.index, '-');
  assert.is(config.instanceId, undefined);
  assert.is(config.onBadConfig, 'exit');
  assert.equal(config.invalidate, { get: true });
  assert.equal(config.log, { level: 'info', keys: false });
  assert.equal(config.metrics, { labels: {} });
  assert.equal(warnings, []);
  assert.equal(config.caches, [
    {
      name: 'default',
      refreshMs: undefined,
      refreshAhead: false,
      expiryMs: undefined,
      ttlMs: undefined,
      negativeMs: undefined,
      retryMs: 5000,
      memoryBytes: undefined,
      mode: 'local',
      writes: 'fill',
      loader: undefined,
      preset: false,
      notify: undefined,
    },
  ]);
  assert.is(config.notify, undefined);
  assert.is(config.fleet, undefined);
  assert.is(config.landscape, undefined);
});

test('writes to a replicated cache are changes: it knows no fills', () => {
  const { config } = load({ flags: { 'caches.sessions.mode': 'replicated' } });
  const sessions = config.caches.find(({ name }) => name === 'sessions');
  assert.equal([sessions?.mode, sessions?.writes], ['replicated', 'change']);
});

test('fills are refused in a replicated cache', () => {
  assert.equal(problemsOf({ file: 'caches:\n  sessions:\n    mode: replicated\n    writes: fill' }), [
    'caches.sessions.writes (sidecache.yml:4): cannot be fill in mode replicated, where what is written to one instance is on all; allowed: change',
  ]);
});

test('a loader has the documented defaults, and writes to its cache are changes', () => {
  const [users] = loadFile('caches: { users: { loader: { url: "http://h/{key}" } } }').config.caches;
  assert.is(users?.writes, 'change');
  assert.equal(users?.loader, {
    url: 'http://h/{key}',
    timeoutMs: 2500,
    softTimeoutMs: undefined,
    retries: 2,
    concurrency: 32,
    queue: 1024,
    cacheControl: 'honour',
    headers: {},
    caFile: undefined,
    batchSize: 100,
    batchWindowMs: 5,
  });
});

test('the cache default exists even where only others are configured', () => {
  const names = loadFile('caches: { b: , a: { } }').config.caches.map((cache) => cache.name);
  assert.equal(names, ['b', 'a', 'default']);
});

test('a configured default keeps its settings and its place', () => {
  const { caches } = loadFile('caches: { default: { ttl: 1m }, a: { } }').config;
  assert.equal(
    caches.map((cache) => [cache.name, cache.ttlMs]),
    [
      ['default', 60_000],
      ['a', undefined],
    ],
  );
});

test('a flag overrules the environment, the environment the file, the file the default', () => {
  const file = 'drain: 1s\nlog: { level: debug }\nmemory: 32M';
  const env = { SIDECACHE_DRAIN: '2s', SIDECACHE_LOG_LEVEL: 'warn' };
  const { config, sources } = load({ file, env, flags: { drain: '3s' } });
  assert.is(config.drainMs, 3000);
  assert.is(config.log.level, 'warn');
  assert.is(config.memoryBytes, 32 * MIB);
  assert.is(sources.get('drain'), 'flag --drain');
  assert.is(sources.get('log.level'), 'env SIDECACHE_LOG_LEVEL');
  assert.is(sources.get('memory'), 'file sidecache.yml:3');
  assert.is(sources.get('connections'), 'default');
});

test('parts of one cache may come from all three', () => {
  const { config } = load({
    file: 'caches: { users: { loader: { url: "http://h/{key}" } } }',
    env: { SIDECACHE_CACHES_USERS_LOADER_RETRIES: '0' },
    flags: { 'caches.users.loader.queue': '7' },
  });
  assert.is(config.caches[0]?.loader?.url, 'http://h/{key}');
  assert.is(config.caches[0]?.loader?.retries, 0);
  assert.is(config.caches[0]?.loader?.queue, 7);
});

test('an explicit undefined means default', () => {
  const { config } = load({
    flags: { drain: undefined, caches: { a: { ttl: undefined } } },
    env: { SIDECACHE_HTTP: undefined },
  });
  assert.is(config.drainMs, 8000);
  assert.is(config.http, undefined);
});

test('the configuration is frozen through and through', () => {
  const { config } = loadFile('caches: { a: { loader: { url: "http://h/{key}", headers: { a: b } } } }');
  const frozen = [
    config,
    config.log,
    config.metrics.labels,
    config.caches,
    config.caches[0],
    config.caches[0]?.loader?.headers,
  ];
  for (const part of frozen) assert.ok(Object.isFrozen(part));
});

test('memory is what MEMORY_LIMIT leaves, 8M at least and 16G at most', () => {
  assert.is(load({ env: { MEMORY_LIMIT: '64G' } }).config.memoryBytes, 16 * 1024 * MIB);
  assert.is(load({ env: { MEMORY_LIMIT: '256m' } }).config.memoryBytes, Math.floor((176 * MIB) / 1.15));
  assert.is(load({ env: { MEMORY_LIMIT: '1G' } }).config.memoryBytes, Math.floor((944 * MIB) / 1.15));
  assert.is(load({ env: { MEMORY_LIMIT: '64M' } }).config.memoryBytes, 8 * MIB);
  assert.is(
    load({ env: { MEMORY_LIMIT: '256M' }, cgroupLimitBytes: 2 ** 30 }).sources.get('memory'),
    'computed from MEMORY_LIMIT 256M',
  );
});

test('memory is 32M and a warning where only the whole container has a limit', () => {
  const { config, warnings } = load({ cgroupLimitBytes: 512 * MIB });
  assert.is(config.memoryBytes, 32 * MIB);
  assert.is(warnings.length, 1);
  assert.match(
    warnings[0]!,
    /^memory: the container's limit of 512M is shared with the app, so 32M is taken/,
  );
});

test('memory is 64M without a limit, and an unreadable MEMORY_LIMIT is said and ignored', () => {
  assert.is(load({}).config.memoryBytes, 64 * MIB);
  const { config, warnings } = load({ env: { MEMORY_LIMIT: 'lots' } });
  assert.is(config.memoryBytes, 64 * MIB);
  assert.equal(warnings, ['MEMORY_LIMIT: is no amount of bytes such as 64M; it is ignored']);
});

test('memory that does not add up to the limit is warned of', () => {
  const { warnings } = load({ env: { MEMORY_LIMIT: '128M' }, flags: { memory: '64M' } });
  assert.equal(warnings, [
    'memory: 64M may take 153.6M of the process (1.15 x memory + 80M), more than MEMORY_LIMIT 128M',
  ]);
  assert.equal(load({ env: { MEMORY_LIMIT: '256M' } }).warnings, []);
});

test('max_value follows memory up to 16M', () => {
  assert.is(load({ flags: { memory: '64M' } }).config.maxValueBytes, 8 * MIB);
  assert.is(load({ flags: { memory: '1G' } }).config.maxValueBytes, 16 * MIB);
});

test('the index is the option, else CF_INSTANCE_INDEX, else the number that ends the host name', () => {
  const env = { CF_INSTANCE_INDEX: '3' };
  assert.is(load({ flags: { index: '9' }, env, hostname: 'web-2' }).config.index, '9');
  assert.is(load({ env, hostname: 'web-2' }).config.index, '3');
  assert.is(load({ hostname: 'web-2' }).config.index, '2');
  assert.is(load({ hostname: 'web-2b' }).config.index, '-');
  assert.is(load({ env: { CF_INSTANCE_INDEX: '1\n2' } }).config.index, '-');
});

test('the instance id is CF_INSTANCE_GUID', () => {
  assert.is(load({ env: { CF_INSTANCE_GUID: 'a-b-c' } }).config.instanceId, 'a-b-c');
  assert.is(
    load({ env: { CF_INSTANCE_GUID: 'a-b-c' }, flags: { 'instance-id': 'x' } }).config.instanceId,
    'x',
  );
});

test('on Cloud Foundry a bad configuration degrades by default', () => {
  assert.is(load({ env: { VCAP_APPLICATION: '{}' } }).config.onBadConfig, 'degrade');
  assert.is(
    load({ env: { VCAP_APPLICATION: '{}' }, flags: { 'on-bad-config': 'exit' } }).config.onBadConfig,
    'exit',
  );
});

test('the socket is in TMPDIR, with or without a slash at its end', () => {
  assert.is(load({ env: { TMPDIR: '/home/vcap/tmp/' } }).config.socket, '/home/vcap/tmp/sidecache.sock');
  assert.is(load({ env: { TMPDIR: '' } }).config.socket, '/tmp/sidecache.sock');
});

test('a TMPDIR too deep for a socket is an error, unless a socket is set', () => {
  const env = { TMPDIR: `/${'d'.repeat(100)}` };
  assert.match(problemsOf({ env })[0]!, /^socket \(computed from TMPDIR\): .* allowed: at most 107/);
  assert.equal(problemsOf({ env, flags: { socket: '/tmp/s' } }), []);
});

test('a mode that is written and needs peers warns where there are none', () => {
  const { config, warnings } = loadFile('caches: { a: { mode: invalidation }, b: { mode: replicated } }');
  assert.equal(
    config.caches.map((cache) => cache.mode),
    ['invalidation', 'replicated', 'local'],
  );
  assert.is(warnings.length, 2);
  assert.match(warnings[0]!, /^caches\.a\.mode: invalidation coordinates nothing without fleet\.peers/);
  assert.match(warnings[1]!, /^caches\.b\.mode: replicated coordinates nothing without fleet\.peers/);
});

test('a port that is the app’s own warns', () => {
  const flags = { http: '127.0.0.1:8080' };
  assert.match(load({ flags, env: { PORT: '8080' } }).warnings[0]!, /^http: port 8080 is PORT/);
  assert.equal(load({ flags, env: { PORT: '8081' } }).warnings, []);
});

test('memory that is all kept for single caches warns for the others', () => {
  const { warnings } = loadFile('memory: 8M\ncaches: { a: { memory: 8M } }');
  assert.equal(warnings, ['memory: all of it is kept for single caches, so default can hold nothing']);
});

test('a drain longer than the platform waits warns there', () => {
  const env = { VCAP_APPLICATION: '{}', MEMORY_LIMIT: '1G' };
  assert.match(load({ env, flags: { drain: '10s' } }).warnings[0]!, /^drain: /);
  assert.equal(load({ flags: { drain: '10s' } }).warnings, []);
});

test('of a bad configuration what is good about the socket and the log is still used', () => {
  const text =
    'socket: /tmp/x.sock\nsocket_mode: rwx\nmemory: lots\nlog: { level: debug }\ncaches: { a: { refresh: 1 } }';
  const config = loadDegraded({
    flags: {},
    env: { VCAP_APPLICATION: '{}' },
    file: parseFile('sidecache.yml', text, {}),
    hostname: 'host',
  });
  assert.is(config.socket, '/tmp/x.sock');
  assert.is(config.socketMode, 0o600);
  assert.is(config.log.level, 'debug');
  assert.is(config.onBadConfig, 'degrade');
  assert.equal(
    config.caches.map((cache) => cache.name),
    ['default'],
  );
});

test('refresh where nothing can reload is warned of: a loader may be indented wrongly', () => {
  const { warnings } = load({ file: 'caches:\n  users:\n    refresh: 60s\n  loader:\n    refresh: off' });
  assert.is(warnings.length, 1);
  assert.match(warnings[0]!, /^caches\.users\.refresh: this cache has no loader, .* indented/);
  const file = 'caches: { users: { refresh: 60s, loader: { url: "http://h/{key}" } } }';
  assert.equal(load({ file }).warnings, []);
});

test('a socket that every user may write to is warned of', () => {
  for (const mode of ['0666', '0602', '0777']) {
    const { warnings } = load({ file: `socket_mode: ${mode}` });
    assert.match(warnings.join(), new RegExp(`^socket_mode: ${mode} lets every user`));
  }
  for (const mode of ['0600', '0660', '0664']) {
    assert.equal(load({ file: `socket_mode: ${mode}` }).warnings, []);
  }
});

test.run();
