// What options of the fleet demand of each other, and how it is said.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConfig } from '../../src/config/read.ts';
import { ConfigError } from '../../src/errors.ts';
import { problemIn, problemsOf } from './loading.ts';

const test = suite('fleet rules');
const TOKEN = '0123456789abcdef';
const ROUTE = 'peers: { gorouter: "https://h" }';

const fleet = (settings: string): string => `fleet: { ${settings} }`;
const open = (settings: string): string => fleet(`listen: 0.0.0.0:7071, token: ${TOKEN}, ${settings}`);
const fine = (file: string): void => assert.equal(problemsOf({ file }), [], file);

test('the listener refuses to start open, unless that is written out', () => {
  for (const settings of ['', 'token: [],', 'operators: [],', 'insecure: false,']) {
    assert.is(
      problemIn(fleet(`${settings} listen: 0.0.0.0:7071`)),
      'fleet.listen (sidecache.yml:1): answers outside this container to whoever calls; set fleet.token or fleet.operators, or write out fleet.insecure: true',
    );
  }
  fine(fleet(`listen: 0.0.0.0:7071, token: ${TOKEN}`));
  fine(fleet(`listen: 0.0.0.0:7071, operators: [{ token: ${TOKEN} }]`));
  fine(fleet('listen: 0.0.0.0:7071, insecure: true'));
  fine(fleet('listen: off'));
});

test('insecure besides operators is refused, as nobody would be asked for their credentials', () => {
  assert.is(
    problemIn(open(`insecure: true, operators: [{ token: ${TOKEN} }]`)),
    'fleet.insecure (sidecache.yml:1): cannot be true besides fleet.operators, whose credentials nobody would be asked for; remove one of them',
  );
  fine(open('insecure: true, operators: []'));
  fine(open(`insecure: false, operators: [{ token: ${TOKEN} }]`));
});

test('peers need a listener', () => {
  for (const off of ['', 'listen: off,']) {
    assert.is(
      problemIn(fleet(`${off} token: ${TOKEN}, ${ROUTE}`)),
      'fleet.peers.gorouter (sidecache.yml:1): needs fleet.listen, which is where peers reach this daemon',
    );
  }
});

test('peers need a token, whoever else may call and however open it is', () => {
  for (const others of ['', `operators: [{ token: ${TOKEN} }],`, 'insecure: true,', 'token: [],']) {
    assert.is(
      problemIn(fleet(`listen: 0.0.0.0:7071, ${others} peers: { dns: "h:1" }`)),
      'fleet.peers.dns (sidecache.yml:1): needs fleet.token, by which peers know each other',
      others,
    );
  }
});

test('peers are found in one way', () => {
  const file = `fleet:
  listen: 0.0.0.0:7071
  token: ${TOKEN}
  peers:
    list: [http://h]
    address: "http://{index}.h"
    gorouter: https://h`;
  assert.equal(problemsOf({ file }), [
    'fleet.peers.address (sidecache.yml:6): cannot be besides fleet.peers.gorouter; peers are found in one way',
    'fleet.peers.list (sidecache.yml:5): cannot be besides fleet.peers.gorouter; peers are found in one way',
  ]);
});

test('a list has peers in it, each once', () => {
  assert.is(
    problemIn(open('peers: { list: [] }')),
    'fleet.peers.list (sidecache.yml:1): names no peer; leave the key out to have none',
  );
  for (const twice of ['http://h:1', 'http://h:1/', 'HTTP://H:1']) {
    assert.is(
      problemIn(open(`peers: { list: ["http://h:1", "http://h:2", "${twice}"] }`)),
      `fleet.peers.list (sidecache.yml:1): "${twice}" is there twice`,
    );
  }
  fine(open('peers: { list: ["http://h:1", "https://h:1", "http://h:1/a"] }'));
});

test('a user without a password stands only where there are no peers', () => {
  const operators = `operators: [{ token: ${TOKEN} }, { basic: ann }]`;
  fine(open(operators));
  assert.is(
    problemIn(open(`${operators}, ${ROUTE}`)),
    'fleet.operators (sidecache.yml:1): operator 2 has no password; with fleet.peers write one, as each instance would make another',
  );
  fine(open(`operators: [{ basic: "ann:x" }], ${ROUTE}`));
});

test('certificate and key go together', () => {
  assert.is(problemIn(open('tls: { cert: c }')), 'fleet.tls.cert (sidecache.yml:1): needs fleet.tls.key');
  assert.is(problemIn(open('tls: { key: k }')), 'fleet.tls.key (sidecache.yml:1): needs fleet.tls.cert');
  fine(open('tls: { cert: c, key: k }'));
});

test('a certificate for peers that are asked without TLS is refused', () => {
  const ca = 'tls: { ca: /ca.pem }';
  for (const by of [
    'gorouter: "http://h"',
    'address: "http://{index}.h"',
    'list: ["http://a", "HTTP://b"]',
  ]) {
    assert.is(
      problemIn(open(`peers: { ${by} }, ${ca}`)),
      'fleet.tls.ca (sidecache.yml:1): is of no use, as peers are asked by http: and not https:',
    );
  }
  for (const by of ['gorouter: "https://h"', 'dns: "h:1"', 'list: ["http://a", "https://b"]']) {
    fine(open(`peers: { ${by} }, ${ca}`));
  }
});

test('http and the fleet cannot have one port', () => {
  for (const host of ['0.0.0.0', '[::]', '127.0.0.1']) {
    const address = `"${host}:7071"`;
    assert.is(
      problemIn(`http: 127.0.0.1:7071\nfleet: { listen: ${address}, token: ${TOKEN} }`),
      `fleet.listen (sidecache.yml:2): ${host}:7071 takes the port of http, 127.0.0.1:7071`,
    );
  }
  fine(`http: 127.0.0.1:7071\nfleet: { listen: 10.0.0.1:7071, token: ${TOKEN} }`);
  fine(`http: 127.0.0.1:0\nfleet: { listen: 0.0.0.0:0, token: ${TOKEN} }`);
});

test('one mistake gives one message', () => {
  assert.match(
    problemIn(`fleet: { listen: nowhere, token: ${TOKEN}, ${ROUTE} }`),
    /^fleet\.listen .* is no host/,
  );
  assert.match(problemIn(fleet('listen: 0.0.0.0:1, token: short')), /^fleet\.token .* 5 bytes/);
  assert.match(problemIn(fleet(`listen: 0.0.0.0:1, token: short, ${ROUTE}`)), /^fleet\.token .* 5 bytes/);
  assert.match(problemIn(fleet('listen: 0.0.0.0:1, operators: x')), /^fleet\.operators .* no list/);
  assert.match(problemIn(fleet('listen: 0.0.0.0:1, insecure: x')), /^fleet\.insecure .* is neither/);
  assert.match(
    problemIn(fleet('listen: 0.0.0.0:1, peers: { dns: x }')),
    /^fleet\.peers\.dns .* is no host:port/,
  );
  assert.match(problemIn(open('tls: { cert: "", key: k }')), /^fleet\.tls\.cert .* is no path/);
});

test('files of TLS that cannot be read are problems with key and line', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sidecache-tls-'));
  const [config, there, missing] = ['sidecache.yml', 'there.pem', 'missing.pem'].map((name) =>
    join(directory, name),
  );
  try {
    await writeFile(there!, '');
    for (const wrong of ['cert', 'key', 'ca']) {
      const lines = ['cert', 'key', 'ca'].map(
        (name) => `    ${name}: ${JSON.stringify(name === wrong ? missing : there)}`,
      );
      const head = `fleet:\n  listen: 0.0.0.0:7071\n  token: ${TOKEN}\n  tls:\n`;
      await writeFile(config!, head + lines.join('\n'));
      const line = 5 + ['cert', 'key', 'ca'].indexOf(wrong);
      assert.equal(await readProblems(config!), [
        `fleet.tls.${wrong} (${config}:${line}): "${missing}" cannot be read: there is no such file`,
      ]);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

async function readProblems(config: string): Promise<readonly string[]> {
  try {
    await readConfig({ argvFlags: { config }, env: {} });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test.run();
