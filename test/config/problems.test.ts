import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RESERVED_NAMES } from '../../src/config/cache-name.ts';
import { loadFile, problemIn, problemsOf } from './loading.ts';

const test = suite('problems');

test('every problem is reported, each on a line of its own', () => {
  const file = 'memory: lots\nhttp: nowhere\ncaches:\n  a:\n    refresh: 60\n  B: {}\n';
  const problems = problemsOf({ file, env: { SIDECACHE_DRAIN: 'soon' }, flags: { index: '' } });
  assert.equal(problems.map((problem) => problem.split(':', 1)[0]).sort(), [
    'caches.B (sidecache.yml',
    'caches.a.refresh (sidecache.yml',
    'drain (SIDECACHE_DRAIN)',
    'http (sidecache.yml',
    'index (flag --index)',
    'memory (sidecache.yml',
  ]);
  for (const problem of problems) assert.not.match(problem, /\n/);
});

test('a bad value names its key and line, what is wrong and what is allowed', () => {
  assert.is(
    problemIn('\ncaches:\n  users:\n    refresh: soon\n'),
    'caches.users.refresh (sidecache.yml:4): "soon" is not a duration; allowed: a duration from 10ms to 365d, written like 500ms, 30s, 10m, 2h, 1d, or off',
  );
});

test('a duration without a unit is told so', () => {
  assert.match(problemIn('drain: 60'), /"60" has no unit; allowed: a duration from 0ms to 10m/);
});

test('values out of bounds are refused at both ends', () => {
  assert.match(problemIn('caches: { a: { refresh: 9ms } }'), /"9ms" is too small/);
  assert.match(problemIn('caches: { a: { refresh: 366d } }'), /"366d" is too large/);
  assert.match(problemIn('connections: 0'), /"0" is too small; allowed: a whole number from 1 to 65535/);
  assert.equal(problemsOf({ file: 'caches: { a: { refresh: 10ms }, b: { refresh: 365d } }' }), []);
});

test('an unknown key names the one that was probably meant', () => {
  assert.match(
    problemIn('memori: 64M'),
    /^memori \(sidecache\.yml:1\): is not an option \(did you mean memory\?\); allowed: socket, /,
  );
  assert.match(problemIn('caches: { a: { refresh-ahead: true } }'), /did you mean refresh_ahead\?/);
  assert.match(problemIn('caches: { a: { refreshAhead: true } }'), /did you mean refresh_ahead\?/);
  assert.match(problemIn('caches: { a: { timeout: 1s } }'), /did you mean loader\.timeout\?/);
  assert.match(problemIn('refresh: 1s'), /did you mean caches\.<name>\.refresh\?/);
  assert.not.match(problemIn('quux: 1'), /did you mean/);
});

test('what is not in this version is refused, never ignored', () => {
  const written = ['fleet: { identity: cloudfoundry }', 'fleet: { apps: [a] }'];
  for (const file of written)
    assert.match(problemIn(file), /\(sidecache\.yml:1\): is not in this version of sidecache/);
  assert.match(
    problemIn('caches: { a: { partition: load } }'),
    /^caches\.a\.partition .* not in this version/,
  );
  assert.match(problemIn('caches: { a: { fill: owner } }'), /^caches\.a\.fill .* not in this version/);
  const [fromEnvironment] = problemsOf({ env: { SIDECACHE_FLEET_IDENTITY: 'cloudfoundry' } });
  assert.is(
    fromEnvironment,
    'fleet.identity (SIDECACHE_FLEET_IDENTITY): is not in this version of sidecache; remove it',
  );
  assert.match(
    problemsOf({ flags: { 'fleet.apps': 'x' } })[0]!,
    /^fleet\.apps \(flag --fleet\.apps\): is not in this/,
  );
});

test('a cache may not have a name that requests use, or one outside a-z 0-9 _ -', () => {
  for (const name of RESERVED_NAMES) assert.match(problemIn(`caches: { ${name}: {} }`), /is reserved/);
  for (const name of ['A', '1a', '_a', 'a.b', '"a b"', '""', 'ä', '"*"', 'a'.repeat(64)]) {
    assert.match(problemIn(`caches: { ${name}: {} }`), /is no name for a cache/, name);
  }
  assert.equal(problemsOf({ file: `caches: { a-b_1: {}, ${'a'.repeat(63)}: {} }` }), []);
});

test('names that mean something to JavaScript are names like any other', () => {
  assert.match(problemIn('__proto__: { memory: 1M }'), /^__proto__ .* is not an option/);
  assert.match(problemIn('constructor: 1'), /^constructor .* is not an option/);
  assert.match(problemIn('caches: { __proto__: { ttl: 1s } }'), /is no name for a cache/);
  const { config } = loadFile(
    'caches: { constructor: { ttl: 1s, loader: { url: "http://h/{key}", headers: { __proto__: x } } } }',
  );
  assert.equal(
    config.caches.map((cache) => [cache.name, cache.ttlMs]),
    [
      ['constructor', 1000],
      ['default', undefined],
    ],
  );
  assert.equal(Object.keys(config.caches[0]?.loader?.headers ?? {}), ['__proto__']);
  assert.is(({} as Record<string, unknown>).memory, undefined);
});

test('a value where names belong is refused, and the other way round', () => {
  assert.match(
    problemIn('log: debug'),
    /^log .* takes no value of its own; below it are allowed: level, keys$/,
  );
  assert.match(problemIn('caches: [a]'), /below it are allowed: caches by name/);
  assert.match(problemIn('memory: { a: 1 }'), /takes one value, not names with values/);
  assert.match(problemIn('memory: [64M]'), /takes one value, not a list/);
  assert.match(problemIn('memory:'), /has no value; leave the key out for the default/);
  assert.match(problemIn('[memory]'), /must hold names with values/);
  assert.match(problemIn('memory'), /must hold names with values/);
});

test('http answers on loopback only', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '[::1]']) {
    assert.equal(problemsOf({ flags: { http: `${host}:7070` } }), [], host);
  }
  for (const host of ['0.0.0.0', '10.0.0.1', '[::]', 'example.com', '127.0.0.1.example.com', '127.0.0.256']) {
    const [problem] = problemsOf({ flags: { http: `${host}:7070` } });
    assert.match(problem!, /is not loopback; .*the fleet listener is what answers outside/, host);
  }
  for (const text of ['7070', ':7070', '127.0.0.1', '127.0.0.1:65536', '::1:7070', 'http://localhost:7070']) {
    assert.match(problemsOf({ flags: { http: text } })[0]!, /is no host:port/, text);
  }
});

test('an IPv6 address loses its brackets, port 0 is any free one', () => {
  assert.equal(loadFile('http: "[::1]:0"').config.http, { host: '::1', port: 0 });
  assert.is(loadFile('http: off').config.http, undefined);
});

test('a file mode is octal however it is written, and leaves the owner in', () => {
  for (const text of ['0660', '660', '0o660', '"0660"']) {
    assert.is(loadFile(`socket_mode: ${text}`).config.socketMode, 0o660, text);
  }
  assert.match(problemIn('socket_mode: 0680'), /is no file mode/);
  assert.match(problemIn('socket_mode: 0060'), /shuts the owner out/);
});

test('a path for a socket has 107 bytes at most', () => {
  assert.equal(problemsOf({ flags: { socket: `/${'s'.repeat(106)}` } }), []);
  assert.match(
    problemsOf({ flags: { socket: `/${'ß'.repeat(53)}x` } })[0]!,
    /has 108 bytes; allowed: a path of at most 107/,
  );
});

test('a header that the loader sets itself, or that cannot be sent, is refused without showing its value', () => {
  const inHeaders = (entry: string): string =>
    problemIn(`caches: { a: { loader: { url: "http://h/{key}", headers: { ${entry} } } } }`);
  assert.match(inHeaders('If-None-Match: secret'), /if-none-match is reserved/);
  assert.match(inHeaders('"a b": secret'), /"a b" is no name/);
  assert.match(inHeaders('a: "secret\\r\\nb: c"'), /a has a value that cannot be sent/);
  assert.match(inHeaders('A: secret, a: secret'), /a is there twice/);
  assert.match(inHeaders('a: [secret]'), /a must have one plain value/);
  for (const entry of ['Range: secret', 'a: "secret\\n"', 'A: secret, a: secret']) {
    assert.not.match(inHeaders(entry), /secret/);
  }
});

test('a label that metrics use themselves is refused', () => {
  assert.match(problemIn('metrics: { labels: { cache: x } }'), /cache is reserved/);
  assert.match(problemIn('metrics: { labels: { a-b: x } }'), /a-b is no name/);
  assert.equal(loadFile('metrics: { labels: { team: "a b", stage: 1 } }').config.metrics.labels, {
    team: 'a b',
    stage: '1',
  });
});

test.run();
