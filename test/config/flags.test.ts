import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { flagDefinitions } from '../../src/config/flags.ts';
import { flagName } from '../../src/config/option.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { load, problemsOf } from './loading.ts';

const test = suite('flags');

test('nested and flat flags mean the same', () => {
  const nested = { log: { level: 'warn' }, caches: { 'my-cache': { 'refresh-ahead': false, ttl: '1m' } } };
  const flat = { 'log.level': 'warn', 'caches.my-cache.refresh-ahead': false, 'caches.my-cache.ttl': '1m' };
  for (const flags of [nested, flat, { ...nested, ...flat }]) {
    const { config, sources } = load({ flags });
    assert.is(config.log.level, 'warn');
    assert.equal(
      config.caches.map((cache) => [cache.name, cache.ttlMs]),
      [
        ['my-cache', 60_000],
        ['default', undefined],
      ],
    );
    assert.is(sources.get('caches.my-cache.refresh_ahead'), 'flag --caches.my-cache.refresh-ahead');
  }
});

test('the camel-case copies a parser makes are one flag with their original', () => {
  const flags = {
    'socket-mode': '0660',
    socketMode: '0660',
    caches: { 'my-cache': { 'refresh-ahead': 'false' }, myCache: { refreshAhead: 'false' } },
  };
  const { config } = load({ flags });
  assert.is(config.socketMode, 0o660);
  assert.equal(
    config.caches.map((cache) => cache.name),
    ['my-cache', 'default'],
  );
});

test('flags that are no option belong to the command', () => {
  assert.equal(problemsOf({ flags: { _: ['serve'], $0: 'sidecache', json: true, quux: 1 } }), []);
});

test('an unknown flag below an option is an error', () => {
  assert.match(
    problemsOf({ flags: { log: { levle: 'x' } } })[0]!,
    /^log\.levle \(flag --log\.levle\): .*did you mean level/,
  );
  assert.match(problemsOf({ flags: { 'caches.a.refesh': '1s' } })[0]!, /did you mean refresh\?/);
});

test('a flag given twice, or without a value, is an error', () => {
  assert.match(
    problemsOf({ flags: { http: ['a', 'b'] } })[0]!,
    /^http \(flag --http\): takes one value, not a list/,
  );
  assert.match(
    problemsOf({ flags: { caches: { a: { ttl: true } } } })[0]!,
    /^caches\.a\.ttl \(flag .*"true" is not a duration/,
  );
});

test('a number or a boolean from the parser is read as its text', () => {
  const { config } = load({ flags: { connections: 5, 'log.keys': true } });
  assert.is(config.maxConnections, 5);
  assert.is(config.log.keys, true);
});

test('a secret has no flag', () => {
  const flags = {
    'caches.a.loader.url': 'http://h/{key}',
    'caches.a.loader.headers': 'authorization=secret',
  };
  const problems = problemsOf({ flags });
  assert.equal(problems, [
    'caches.a.loader.headers (flag --caches.a.loader.headers): is secret and has no flag; use the file or the environment',
  ]);
  const names = flagDefinitions().map((definition) => definition.name);
  for (const option of OPTIONS.filter((row) => row.secret)) {
    assert.is(flagName(option), undefined);
    assert.not.ok(names.includes(option.path.replaceAll('_', '-').replace('*', '<name>')));
  }
});

test('help says of each option what is allowed and the default, or that it is not in this version', () => {
  const shown = flagDefinitions().filter((definition) => !definition.hidden);
  assert.is(shown.length, OPTIONS.filter((option) => !option.secret).length);
  for (const { name, describe } of shown)
    assert.match(describe, /Allowed: .* Default: |^Not in this version\. /, name);
});

test('the words before the dots are known to a strict parser', () => {
  const hidden = flagDefinitions().filter((definition) => definition.hidden);
  assert.equal(hidden.map((definition) => definition.name).sort(), [
    'caches',
    'cloudfoundry',
    'fleet',
    'invalidate',
    'log',
    'metrics',
    'notify',
    'resp',
  ]);
});

test.run();
