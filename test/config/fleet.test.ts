// The fleet's options: what each takes, and what the daemon is given of them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFile } from '../../src/config/file.ts';
import { loadDegraded } from '../../src/config/load.ts';
import { load, loadFile } from './loading.ts';

const test = suite('fleet');
const TOKEN = 'a token of the fleet'.replaceAll(' ', '-');
const OTHER = 'another token of it'.replaceAll(' ', '-');
const VCAP = JSON.stringify({ application_id: 'AB-12', process_id: 'CD-34', application_name: 'shop' });

const fleet = (settings: string): string => `fleet: { listen: 0.0.0.0:7071, token: ${TOKEN}, ${settings} }`;

test('without fleet.listen there is no fleet', () => {
  assert.is(load({}).config.fleet, undefined);
  assert.is(loadFile('fleet: { listen: off }').config.fleet, undefined);
  assert.is(load({ env: { SIDECACHE_FLEET_TOKEN: TOKEN } }).config.fleet, undefined);
});

test('a listener with a token has the documented defaults', () => {
  assert.equal(loadFile(fleet('')).config.fleet, {
    listen: { host: '0.0.0.0', port: 7071 },
    tokens: [TOKEN],
    operators: [],
    allow: ['invalidate', 'refresh', 'metrics', 'peers', 'discovery'],
    open: [],
    insecure: false,
    tls: undefined,
    caFile: undefined,
    syncMs: 5000,
    appName: undefined,
    peers: undefined,
  });
});

test('everything that is set is handed on', () => {
  const { config } = loadFile(`fleet:
  listen: "[::]:0"
  token: [${TOKEN}, ${OTHER}]
  operators: [{ token: ${OTHER}-2 }, { basic: "ann:a:b" }]
  allow: [values, peers]
  open: [readyz, metrics]
  tls: { cert: c.pem, key: k.pem, ca: ca.pem }
  sync: 250ms
  peers: { list: ["https://10.0.0.1:7071", "https://10.0.0.2:7071/base"] }`);
  assert.equal(config.fleet, {
    listen: { host: '::', port: 0 },
    tokens: [TOKEN, OTHER],
    operators: [{ token: `${OTHER}-2` }, { user: 'ann', password: 'a:b' }],
    allow: ['peers', 'values'],
    open: ['metrics', 'readyz'],
    insecure: false,
    tls: { cert: 'c.pem', key: 'k.pem' },
    caFile: 'ca.pem',
    syncMs: 250,
    appName: undefined,
    peers: { by: 'list', urls: ['https://10.0.0.1:7071', 'https://10.0.0.2:7071/base'] },
  });
});

test('the fleet is frozen through and through', () => {
  const { fleet: frozen } = loadFile(
    fleet('operators: [{ basic: "ann:b" }], peers: { list: [http://h] }'),
  ).config;
  assert.ok(Object.isFrozen(frozen));
  assert.ok(Object.isFrozen(frozen?.tokens));
  assert.ok(Object.isFrozen(frozen?.operators[0]));
  assert.ok(Object.isFrozen(frozen?.peers));
});

test('tokens come with commas from the environment, operators as a JSON array', () => {
  const env = {
    SIDECACHE_FLEET_LISTEN: '0.0.0.0:0',
    SIDECACHE_FLEET_TOKEN: `${TOKEN}, ${OTHER},${TOKEN}`,
    SIDECACHE_FLEET_OPERATORS: `[{"basic":"ann:b"},{"token":"${OTHER}"}]`,
    SIDECACHE_FLEET_ALLOW: 'events,metrics',
    SIDECACHE_FLEET_PEERS_LIST: 'http://h:1, http://h:2',
  };
  const { config } = load({ env });
  assert.equal(config.fleet?.tokens, [TOKEN, OTHER]);
  assert.equal(config.fleet?.operators, [{ user: 'ann', password: 'b' }, { token: OTHER }]);
  assert.equal(config.fleet?.allow, ['metrics', 'events']);
  assert.equal(config.fleet?.peers, { by: 'list', urls: ['http://h:1', 'http://h:2'] });
});

test('allow may be empty, so that operators may do nothing', () => {
  assert.equal(loadFile(fleet('allow: []')).config.fleet?.allow, []);
});

test('gorouter takes the guids of VCAP_APPLICATION in lower case', () => {
  const file = fleet('peers: { gorouter: "https://cache.example.com/base" }');
  const url = 'https://cache.example.com/base';
  const peers = (env: Record<string, string>): unknown => load({ file, env }).config.fleet?.peers;
  assert.equal(peers({ VCAP_APPLICATION: VCAP }), {
    by: 'gorouter',
    url,
    appGuid: 'ab-12',
    processGuid: 'cd-34',
  });
  for (const process of ['', ',"process_id":7', ',"process_id":"not a guid"']) {
    assert.equal(
      peers({ VCAP_APPLICATION: `{"application_id":"ab"${process}}` }),
      { by: 'gorouter', url, appGuid: 'ab', processGuid: '' },
      process,
    );
  }
});

test('gorouter without an application_id runs alone: it listens, knows no peer, and says so', () => {
  const file = fleet('peers: { gorouter: "https://cache.example.com" }');
  const cases: [string | undefined, RegExp][] = [
    [undefined, /runs alone: VCAP_APPLICATION is not set/],
    ['', /runs alone: VCAP_APPLICATION is not set/],
    ['{', /runs alone: VCAP_APPLICATION holds no application_id/],
    ['[]', /runs alone: VCAP_APPLICATION holds no application_id/],
    ['null', /runs alone: VCAP_APPLICATION holds no application_id/],
    ['{"application_id":7}', /runs alone: VCAP_APPLICATION holds no application_id/],
    ['{"application_id":"a b\\r\\n"}', /runs alone: VCAP_APPLICATION holds no application_id/],
  ];
  for (const [vcap, said] of cases) {
    const { config, warnings } = load({ file, env: { VCAP_APPLICATION: vcap } });
    assert.equal(config.fleet?.listen, { host: '0.0.0.0', port: 7071 }, vcap);
    assert.is(config.fleet?.peers, undefined, vcap);
    assert.is(warnings.length, 1, vcap);
    assert.match(warnings[0]!, /^fleet\.peers\.gorouter: /);
    assert.match(warnings[0]!, said);
  }
});

test('on Cloud Foundry the name of the app is handed on, or APP where it cannot stand in a command', () => {
  assert.is(loadFile(fleet('')).config.fleet?.appName, undefined);
  const named = (name: unknown): string | undefined => {
    const env = { VCAP_APPLICATION: JSON.stringify({ application_id: 'ab', application_name: name }) };
    return load({ file: fleet(''), env }).config.fleet?.appName;
  };
  assert.is(named('my-shop_2.eu'), 'my-shop_2.eu');
  for (const name of [undefined, 7, '', 'my shop', '-r', 'a;b', 'a$(b)', 'ä'])
    assert.is(named(name), 'APP', String(name));
});

test('address keeps its {index}, dns says whether peers speak TLS', () => {
  const address = 'http://{index}.shop.apps.internal:7071';
  assert.equal(loadFile(fleet(`peers: { address: "${address}" }`)).config.fleet?.peers, {
    by: 'address',
    url: address,
  });
  const dns = { by: 'dns', host: 'shop.apps.internal', port: 7071 };
  const byName = 'peers: { dns: "shop.apps.internal:7071" }';
  assert.equal(loadFile(fleet(byName)).config.fleet?.peers, { ...dns, tls: false });
  const tls = 'tls: { cert: c, key: k }';
  assert.equal(loadFile(fleet(`${byName}, ${tls}`)).config.fleet?.peers, { ...dns, tls: true });
});

test('with peers a cache is in mode invalidation unless it says otherwise, and the source says why', () => {
  const { config, sources } = loadFile(
    `${fleet('peers: { list: [http://h:1] }')}\ncaches: { a: {}, b: { mode: local } }`,
  );
  assert.equal(
    config.caches.map((cache) => cache.mode),
    ['invalidation', 'local', 'invalidation'],
  );
  assert.is(sources.get('caches.a.mode'), 'computed: fleet.peers.list is set');
});

test('without peers, and alone, a cache is local', () => {
  const none = loadFile(fleet(''));
  assert.is(none.config.caches[0]?.mode, 'local');
  assert.is(none.sources.get('caches.default.mode'), 'computed: no fleet.peers');
  const alone = loadFile(fleet('peers: { gorouter: "https://h" }'));
  assert.is(alone.config.caches[0]?.mode, 'local');
  assert.is(alone.sources.get('caches.default.mode'), 'computed: runs alone');
});

test('with an unusable configuration the fleet stays closed and nobody is notified', () => {
  const text = `${fleet('')}\nnotify: { url: "http://127.0.0.1:1/" }\nmemory: lots`;
  const config = loadDegraded({
    flags: {},
    env: { SIDECACHE_FLEET_LISTEN: '0.0.0.0:7071' },
    file: parseFile('sidecache.yml', text, {}),
    hostname: 'host',
  });
  assert.is(config.fleet, undefined);
  assert.is(config.notify, undefined);
});

test.run();
