// Whom the daemon tells of changes, by configuration.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { load, loadFile, problemIn } from './loading.ts';

const test = suite('notify');
const APP = 'http://127.0.0.1:8080/api/v1/refresh_all';
const OTHER = 'http://localhost:8080/users?changed=1';

const warned = (file: string): readonly string[] => loadFile(file).warnings;

test('without a url nobody is told', () => {
  const { config } = loadFile('notify: { timeout: 2s }');
  assert.is(config.notify, undefined);
  assert.is(config.caches[0]?.notify, undefined);
});

test('every cache has the url of the daemon, and a second for the answer', () => {
  const { config } = loadFile(`notify: { url: "${APP}" }\ncaches: { a: {} }`);
  const notify = { url: APP, timeoutMs: 1000 };
  assert.equal(config.notify, notify);
  assert.equal(
    config.caches.map((cache) => cache.notify),
    [notify, notify],
  );
  assert.ok(Object.isFrozen(config.notify));
});

test('a cache with a url of its own has that, and the timeout of the daemon', () => {
  const { config } = loadFile(
    `notify: { url: "${APP}", timeout: 60s }\ncaches: { a: { notify: { url: "${OTHER}" } }, b: {} }`,
  );
  assert.equal(
    config.caches.map((cache) => cache.notify?.url),
    [OTHER, APP, APP],
  );
  assert.is(config.caches[0]?.notify?.timeoutMs, 60_000);
});

test('a cache may have a url where the daemon has none, from the environment as well', () => {
  const { config } = load({
    env: { SIDECACHE_CACHES_A_NOTIFY_URL: OTHER, SIDECACHE_NOTIFY_TIMEOUT: '10ms' },
  });
  assert.is(config.notify, undefined);
  assert.equal(
    config.caches.map((cache) => cache.notify),
    [{ url: OTHER, timeoutMs: 10 }, undefined],
  );
});

test('a url is http or https, without {key}, and shown without its password', () => {
  const cases: [string, RegExp][] = [
    ['nowhere', /"nowhere" must be an http or https URL/],
    ['ftp://ann:hush@h/', /must be an http or https URL/],
    ['http://ann:hush@h/{key}', /must not hold spaces, braces/],
    ['http://ann:hush@h/ ', /must not hold spaces/],
    ['http://ann:hush@h/#part', /must have no fragment/],
    ['http://ann:hu/sh@h/', /must be an http or https URL/],
    ['', /must be an http or https URL/],
  ];
  for (const [url, said] of cases) {
    const problem = problemIn(`notify: { url: "${url}" }`);
    assert.match(
      problem,
      /^notify\.url \(sidecache\.yml:1\): .*allowed: the app's own http or https URL such as /,
      url,
    );
    assert.match(problem, said);
    assert.not.match(problem, /hush|hu\/sh/);
    assert.match(problemIn(`caches: { a: { notify: { url: "${url}" } } }`), /^caches\.a\.notify\.url /);
  }
});

test('the timeout has bounds', () => {
  assert.match(
    problemIn('notify: { timeout: 9ms }'),
    /^notify\.timeout .* is too small; allowed: a duration from 10ms to 60s/,
  );
  assert.match(problemIn('notify: { timeout: 61s }'), /^notify\.timeout .* is too large/);
});

test('a url on this machine does not warn, one elsewhere does, without its password', () => {
  for (const url of [APP, OTHER, 'http://[::1]:1/', 'http://ann:hush@127.0.0.2/']) {
    assert.equal(warned(`notify: { url: "${url}" }`), [], url);
  }
  const [warning, ...more] = warned('notify: { url: "https://ann:hush@shop.example.com/x" }');
  assert.match(warning!, /^notify\.url: shop\.example\.com is not this machine; /);
  assert.not.match(warning!, /ann|hush/);
  assert.equal(more, []);
});

test('a url that leads back to the daemon warns, naming the listener', () => {
  assert.equal(
    warned('http: 127.0.0.1:7070\ncaches: { a: { notify: { url: "http://localhost:7070/x" } } }'),
    ["caches.a.notify.url: port 7070 is this daemon's own, of http, not the app's"],
  );
  const fleet = 'fleet: { listen: 0.0.0.0:7071, token: 0123456789abcdef }';
  assert.equal(warned(`${fleet}\nnotify: { url: "http://127.0.0.1:7071/x" }`), [
    "notify.url: port 7071 is this daemon's own, of fleet.listen, not the app's",
  ]);
  assert.equal(warned('http: 127.0.0.1:80\nnotify: { url: "http://127.0.0.1/x" }').length, 1);
  assert.equal(warned('http: 127.0.0.1:7070\nnotify: { url: "http://127.0.0.1:7071/x" }'), []);
});

test.run();
