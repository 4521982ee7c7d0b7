import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadFile, problemIn, problemsOf } from './loading.ts';

const test = suite('rules');
const LOADER = 'loader: { url: "http://h/{key}" }';

const cache = (settings: string): string => `caches: { a: { ${settings} } }`;
const fine = (file: string): void => assert.equal(problemsOf({ file }), []);

test('refresh_ahead needs refresh and a loader', () => {
  assert.match(
    problemIn(cache(`refresh_ahead: true, ${LOADER}`)),
    /^caches\.a\.refresh_ahead .* needs refresh, which is off/,
  );
  assert.match(problemIn(cache('refresh_ahead: true, refresh: 1s')), /refresh_ahead .* needs a loader/);
  fine(cache(`refresh_ahead: true, refresh: 1s, ${LOADER}`));
});

test('negative needs a loader', () => {
  assert.match(problemIn(cache('negative: 1s')), /^caches\.a\.negative .* needs a loader/);
  fine(cache('negative: off'));
});

test('ttl is not less than refresh', () => {
  assert.match(
    problemIn(cache('ttl: 1s, refresh: 2s')),
    /^caches\.a\.ttl .* 1s must not be less than refresh, 2s/,
  );
  fine(cache('ttl: 2s, refresh: 2s'));
});

test('soft_timeout is less than timeout, the default one too', () => {
  const loader = (settings: string): string => cache(`loader: { url: "http://h/{key}", ${settings} }`);
  assert.match(
    problemIn(loader('soft_timeout: 2500ms')),
    /soft_timeout .* must be less than loader\.timeout, 2500ms/,
  );
  fine(loader('soft_timeout: 2500ms, timeout: 3s'));
});

test('a replicated cache has no expiry', () => {
  assert.match(problemIn(cache('mode: replicated, expiry: 1m')), /^caches\.a\.expiry .* mode replicated/);
  fine(cache('mode: replicated, ttl: 1m'));
});

test('caches do not keep more than there is', () => {
  const file = 'memory: 8M\ncaches: { a: { memory: 5M }, b: { memory: 4M } }';
  assert.is(problemIn(file), "memory (sidecache.yml:1): 8M is less than the caches' own memory together, 9M");
});

test('a value has at most half of memory', () => {
  assert.match(
    problemIn('memory: 8M\nmax_value: 5M'),
    /^max_value \(sidecache\.yml:2\): 5M is more than half of memory; allowed: at most 4M/,
  );
  fine('memory: 8M\nmax_value: 4M');
});

test('a loader needs a url, and the message says where the loader is', () => {
  for (const loader of ['{}', '{ timeout: 1s }', '']) {
    assert.is(
      problemIn(`caches:\n  a:\n    loader: ${loader}`),
      'caches.a.loader.url (sidecache.yml:3): is missing; a loader needs one',
    );
  }
  const [problem] = problemsOf({ env: { SIDECACHE_CACHES_A_LOADER_RETRIES: '1' } });
  assert.is(
    problem,
    'caches.a.loader.url (SIDECACHE_CACHES_A_LOADER_RETRIES): is missing; a loader needs one',
  );
});

test('one mistake gives one message: rules are silent about options that are wrong in themselves', () => {
  assert.match(problemIn(cache(`refresh_ahead: true, refresh: 60, ${LOADER}`)), /has no unit/);
  assert.match(
    problemIn(cache(`refresh_ahead: true, refresh: "\${NOPE}", ${LOADER}`)),
    /needs the variable NOPE/,
  );
  assert.match(problemIn(cache('loader: { url: nowhere }')), /loader\.url .* must /);
});

test('{key} says what is asked for, never who is asked', () => {
  const withUrl = (url: string): string => cache(`loader: { url: "${url}" }`);
  const good = [
    'http://h/{key}',
    'https://h:1/a/{key}.json?x=1',
    'http://u:p@h/a?id={key}',
    'http://h?b={key}&c={key}',
  ];
  for (const url of good) fine(withUrl(url));
  const bad = [
    ...[
      'http://{key}/',
      'http://h:{key}/',
      'http://{key}@h/',
      '{key}://h/',
      'http://h/#{key}',
      'http://h/?{key}=1',
    ],
    ...[
      'http://h/',
      'ftp://h/{key}',
      '/{key}',
      'http://h/{id}/{key}',
      'http://h\\\\\\\\x/{key}',
      'http://h/ {key}',
      '',
    ],
  ];
  for (const url of bad)
    assert.match(problemIn(withUrl(url)), /^caches\.a\.loader\.url \(sidecache\.yml:1\): /, url);
});

test('a URL is never shown with its password, whole or broken', () => {
  for (const url of [
    'http://u:secret@h/',
    'http://u:sec/ret@h/{key}',
    'ftp://u:secret@h/{key}',
    'u:secret@h/{key}',
  ]) {
    assert.not.match(problemIn(cache(`loader: { url: "${url}" }`)), /secret|sec\/ret/, url);
  }
});

test('a certificate for an origin that is asked without TLS is refused, naming loader.ca', () => {
  assert.match(
    problemIn(cache('loader: { url: "http://h/{key}", ca: /ca.pem }')),
    /^caches\.a\.loader\.ca \(sidecache\.yml:1\): is of no use, as loader\.url is http:/,
  );
  fine(cache('loader: { url: "https://h/{key}", ca: /ca.pem }'));
});

test('a loader may fetch several keys at once, so many and so soon as is said', () => {
  const loader = (settings: string): string =>
    `caches: { a: { loader: { url: "https://h/items?ids={keys}"${settings} } } }`;
  const [byDefault] = loadFile(loader('')).config.caches;
  assert.is(byDefault?.loader?.batchSize, 100);
  assert.is(byDefault?.loader?.batchWindowMs, 5);
  const { config, warnings } = loadFile(loader(', batch_size: 1000, batch_window: 0ms'));
  assert.is(config.caches[0]?.loader?.batchSize, 1000);
  assert.is(config.caches[0]?.loader?.batchWindowMs, 0);
  assert.equal(warnings, []);
  assert.match(
    problemIn(loader(', batch_size: 0')),
    /^caches\.a\.loader\.batch_size \(sidecache\.yml:1\): "0" is too small; allowed: a whole number from 1 to 1000$/,
  );
  assert.match(problemIn(loader(', batch_window: 1001ms')), /"1001ms" is too large; .* from 0ms to 1s,/);
});

test('a url has {key} or {keys}, and no other braces', () => {
  const allowed =
    'allowed: an http or https URL with {key} in a path segment or a query value, or {keys} in a query value';
  for (const [url, said] of [
    ['http://h/{kays}', 'must have no other braces than {key} or {keys}'],
    ['http://h/{keys}?id={key}', 'must hold {keys} once, and no {key} beside it'],
    ['http://h/', 'must hold {key} in a path segment or a query value, or {keys} in a query value'],
  ]) {
    assert.is(
      problemIn(`caches: { a: { loader: { url: "${url}" } } }`),
      `caches.a.loader.url (sidecache.yml:1): "${url}" ${said}; ${allowed}`,
    );
  }
});

test('a batch of a url that fetches one key is warned of', () => {
  const { warnings } = loadFile(
    'caches: { a: { loader: { url: "http://h/{key}", batch_size: 100, batch_window: 5ms } } }',
  );
  assert.equal(warnings, [
    'caches.a.loader.batch_size: is of no effect, as loader.url has no {keys}',
    'caches.a.loader.batch_window: is of no effect, as loader.url has no {keys}',
  ]);
});

test.run();
