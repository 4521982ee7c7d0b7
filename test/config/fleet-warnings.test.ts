// What works in a fleet's configuration and is probably not meant.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { load } from './loading.ts';

const test = suite('fleet warnings');
const TOKEN = '0123456789abcdef';
const CLOUD = { VCAP_APPLICATION: '{"application_id":"ab-12"}', MEMORY_LIMIT: '1G' };

const open = (settings: string): string => `fleet: { listen: 0.0.0.0:7071, token: ${TOKEN}, ${settings} }`;

function warned(file: string, env: Record<string, string> = {}): readonly string[] {
  return load({ file, env, hostname: 'web-1' }).warnings;
}

test('what is as it should be is not warned of', () => {
  assert.equal(warned(open('')), []);
  assert.equal(warned(open('peers: { gorouter: "https://h" }'), CLOUD), []);
  assert.equal(warned(open('peers: { address: "https://{index}.h" }, tls: { cert: c, key: k }')), []);
  assert.equal(warned(open('peers: { dns: "h:1" }, tls: { cert: c, key: k }')), []);
  assert.equal(warned(open('operators: [{ token: fedcba9876543210 }], insecure: false')), []);
});

test('a port that is the app’s own warns', () => {
  const [warning, ...more] = warned(open(''), { PORT: '7071' });
  assert.match(warning!, /^fleet\.listen: port 7071 is PORT, which is the app's/);
  assert.equal(more, []);
  assert.equal(warned(open(''), { PORT: '8080' }), []);
});

test('a listener on loopback warns on Cloud Foundry, where nobody reaches it', () => {
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    const file = `fleet: { listen: "${host}:7071", token: ${TOKEN} }`;
    const [warning, ...more] = warned(file, CLOUD);
    assert.match(
      warning!,
      /^fleet\.listen: .* is reached by neither the router nor peers .*; use 0\.0\.0\.0$/,
      host,
    );
    assert.equal(more, []);
    assert.equal(warned(file), []);
  }
});

test('operators without a token warn that peers are refused', () => {
  assert.equal(warned(`fleet: { listen: 0.0.0.0:1, operators: [{ token: ${TOKEN} }] }`), [
    'fleet.token: is not set, so peers are refused; only operators are answered',
  ]);
});

test('an operator with the token of the fleet warns, without showing it', () => {
  assert.equal(warned(open(`operators: [{ basic: "a:${TOKEN}" }, { token: ${TOKEN} }]`)), [
    "fleet.operators: operator 2 has the fleet's own token, with which anyone may speak as a peer",
  ]);
});

test('insecure warns of what it opens, with a token too', () => {
  for (const file of ['fleet: { listen: 0.0.0.0:1, insecure: true }', open('insecure: true')]) {
    assert.equal(warned(file), [
      'fleet.insecure: whoever reaches fleet.listen may do all that fleet.allow lists, without credentials',
    ]);
  }
});

test('a password that can be guessed warns, without showing it, one that is made does not', () => {
  const by = (basic: string): readonly string[] => warned(open(`operators: [{ basic: "${basic}" }]`));
  assert.equal(by('ann:fifteen-bytes-x'), [
    'fleet.operators: operator 1 has a password of less than 16 bytes, which is refused too while wrong ones come often',
  ]);
  assert.equal(by('ann:sixteen-bytes-xx'), []);
  assert.equal(by('ann'), []);
});

test('a route by http: warns that messages can be read, on loopback it does not', () => {
  const by = (url: string): readonly string[] => warned(open(`peers: { gorouter: "${url}" }`), CLOUD);
  assert.match(
    by('http://cache.example.com').join(),
    /^fleet\.peers\.gorouter: http: is signed, but .* can read it/,
  );
  for (const url of [
    'https://cache.example.com',
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'http://localhost',
  ]) {
    assert.equal(by(url), [], url);
  }
});

test('an index that is no number warns where peers are asked by it', () => {
  const file = open('peers: { address: "http://{index}.h" }');
  const { warnings } = load({ file, hostname: 'laptop' });
  assert.equal(warnings, [
    'fleet.peers.address: the index of this instance is -, no number, so no peer can ask for it; set index',
  ]);
  assert.equal(load({ file, hostname: 'laptop', flags: { index: '3' } }).warnings, []);
});

test('TLS that whoever asks does not speak warns', () => {
  const tls = 'tls: { cert: c, key: k }';
  assert.match(
    warned(open(`${tls}, peers: { gorouter: "https://h" }`), CLOUD).join(),
    /^fleet\.tls: the router speaks HTTP to this daemon/,
  );
  for (const by of ['address: "http://{index}.h"', 'list: ["https://a", "http://b"]']) {
    assert.match(
      warned(open(`${tls}, peers: { ${by} }`)).join(),
      /^fleet\.peers\.\w+: asks by http:, where fleet\.tls/,
    );
  }
});

test('what is set of a fleet that is off warns once, and not where off is written', () => {
  assert.equal(warned(`fleet: { token: ${TOKEN}, open: [metrics] }`), [
    'fleet.token: is of no effect, as fleet.listen is off',
  ]);
  assert.equal(warned('', { SIDECACHE_FLEET_SYNC: '1s' }), [
    'fleet.sync: is of no effect, as fleet.listen is off',
  ]);
  assert.equal(warned(`fleet: { listen: off, token: ${TOKEN} }`), []);
});

test('mode invalidation that is written warns without peers only', () => {
  const caches = '\ncaches: { a: { mode: invalidation } }';
  assert.equal(warned(open('') + caches), [
    'caches.a.mode: invalidation coordinates nothing without fleet.peers',
  ]);
  assert.equal(warned(open('peers: { list: [http://h] }') + caches), []);
  const alone = warned(open('peers: { gorouter: "https://h" }') + caches);
  assert.is(alone.length, 1);
  assert.match(alone[0]!, /runs alone/);
});

test('mode replicated warns beside a loader, as what is loaded is not copied', () => {
  const warnedOf = (more: string): readonly string[] =>
    warned(`${open('peers: { list: [http://h] }')}\ncaches: { a: { mode: replicated${more} } }`);
  assert.equal(warnedOf(''), []);
  assert.equal(warnedOf(', loader: { url: "http://h/{key}" }'), [
    'caches.a.mode: replicated copies what is written; what is loaded, each instance loads for itself',
  ]);
});

test.run();
