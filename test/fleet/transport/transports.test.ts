// Where each way of addressing peers looks for them, and what it sends.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createTransport,
  type PeersBy,
  type TransportParts,
} from '../../../src/fleet/transport/create-transport.ts';
import { INDICES_BEYOND, type PeerTransport } from '../../../src/fleet/transport/transport.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { APP, identity, PROCESS } from '../link/fleet-lab.ts';

const test = suite('transports');
const OTHER_PROCESS = '99999999-8888-7777-6666-000000000000';

function transportOf(peers: PeersBy, parts: Partial<TransportParts> = {}): PeerTransport {
  return createTransport(peers, { ownIndex: '1', ownIp: undefined, clock: new FakeClock(), ...parts });
}

function gorouter(parts: Partial<TransportParts> = {}, processGuid = PROCESS): PeerTransport {
  return transportOf({ by: 'gorouter', url: 'https://peers.test/path/', appGuid: APP, processGuid }, parts);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

// --- gorouter

test('gorouter asks for indices of its process and of its app, beyond gaps, and not for itself', async () => {
  const transport = gorouter();
  const indices = range(3 + INDICES_BEYOND).filter((index) => index !== 1);
  assert.equal(await transport.find(2), [
    ...indices.map((index) => `process:${PROCESS}:${index}`),
    ...indices.map((index) => `app:${APP}:${index}`),
  ]);
  assert.is(transport.own, `process:${PROCESS}:1`);
});

test('without a process guid gorouter asks for indices of its app', async () => {
  const transport = gorouter({}, '');
  const indices = range(INDICES_BEYOND).filter((index) => index !== 1);
  assert.equal(
    await transport.find(-1),
    indices.map((index) => `app:${APP}:${index}`),
  );
  assert.is(transport.own, `app:${APP}:1`);
});

test('one header picks the instance, never both', () => {
  const transport = gorouter();
  assert.equal(transport.request(`process:${OTHER_PROCESS}:2`), {
    url: 'https://peers.test/path',
    headers: { 'X-CF-PROCESS-INSTANCE': `${OTHER_PROCESS}:2` },
  });
  assert.equal(transport.request(`app:${APP}:10`), {
    url: 'https://peers.test/path',
    headers: { 'X-CF-APP-INSTANCE': `${APP}:10` },
  });
});

test('somebody is found by process and index, and by app and index where the router knows no processes', () => {
  const transport = gorouter();
  const peer = identity('peer', '2', OTHER_PROCESS);
  assert.is(transport.placeOf(peer), `process:${OTHER_PROCESS}:2`);
  assert.is(transport.placeOf({ ...peer, process: '' }), `app:${APP}:2`);
  assert.is(transport.placeOf({ ...peer, index: '-' }), undefined);
  transport.heard(`process:${PROCESS}:0`, 'misfit');
  assert.is(transport.placeOf(peer), `app:${APP}:2`);
});

test('an index or process that the place does not name does not fit', () => {
  const transport = gorouter();
  const peer = identity('peer', '2', PROCESS);
  assert.ok(transport.fits(`process:${PROCESS}:2`, peer));
  assert.not.ok(transport.fits(`process:${PROCESS}:3`, peer));
  assert.not.ok(transport.fits(`process:${OTHER_PROCESS}:2`, peer));
  assert.ok(transport.fits(`app:${APP}:2`, { ...peer, process: OTHER_PROCESS }));
  assert.not.ok(transport.fits(`app:${APP}:3`, peer));
});

test('a router that does not know processes is asked by app, and after ten minutes once more', async () => {
  const clock = new FakeClock();
  const transport = gorouter({ clock });
  transport.heard(`process:${PROCESS}:0`, 'misfit');
  assert.ok((await transport.find(2)).every((place) => place.startsWith('app:')));
  assert.is(transport.own, `app:${APP}:1`);
  assert.is(transport.problem, undefined);
  clock.advance(600_000);
  assert.ok((await transport.find(2)).some((place) => place.startsWith('process:')));
});

test('once the router is known to tell processes apart, a twin with the own index is looked for', async () => {
  const transport = gorouter();
  const twin = `app:${APP}:1`;
  assert.not.ok((await transport.find(0)).includes(twin));
  transport.heard(`process:${PROCESS}:8`, 'unlisted');
  assert.ok((await transport.find(0)).includes(twin));
});

test('a header that is stripped ends the asking, is said, and is noticed when it arrives again', async () => {
  const transport = gorouter({}, '');
  transport.heard(`app:${APP}:0`, 'misfit');
  assert.match(transport.problem ?? '', /X-CF-APP-INSTANCE does not arrive at the router of peers\.test/);
  const [canary, ...more] = await transport.find(2);
  assert.equal(more, []);
  assert.is(canary, `app:${APP}:${2 + INDICES_BEYOND}`);
  // That one fits may be chance.
  transport.heard(`app:${APP}:0`, 'fits');
  assert.ok(transport.problem);
  transport.heard(canary ?? '', 'unlisted');
  assert.is(transport.problem, undefined);
  assert.ok((await transport.find(2)).length > INDICES_BEYOND);
});

test('however high an index a peer claims, a bounded number is asked for', async () => {
  for (const transport of [gorouter(), transportOf({ by: 'address', url: 'http://{index}.test' })]) {
    assert.ok((await transport.find(99_999)).length <= 2000);
  }
});

test('only places of this app, in the one form they have, are places', () => {
  const transport = gorouter();
  for (const place of [`process:${OTHER_PROCESS}:0`, `app:${APP}:99999`])
    assert.ok(transport.isPlace(place), place);
  for (const place of [
    '',
    `app:${OTHER_PROCESS}:0`,
    `app:${APP}:01`,
    `app:${APP}:-1`,
    `app:${APP}:`,
    `app:${APP}:100000`,
    `app:${APP}:1:2`,
    `app:${APP}:1\r\nX-Evil: 1`,
    `process:${PROCESS.toUpperCase().replaceAll('9', 'A')}:1`,
    'process::1',
    'process:../x:1',
    'index:1',
    'http://evil.test',
  ]) {
    assert.not.ok(transport.isPlace(place), place);
    assert.throws(() => transport.request(place));
  }
});

// --- address

test('address puts the index in, everywhere it stands, and does not look for itself', async () => {
  const transport = transportOf({ by: 'address', url: 'http://my-app-{index}.my-app:7071/{index}/' });
  assert.equal(transport.request('index:3'), { url: 'http://my-app-3.my-app:7071/3', headers: {} });
  assert.equal(
    await transport.find(0),
    range(1 + INDICES_BEYOND)
      .filter((n) => n !== 1)
      .map((n) => `index:${n}`),
  );
  assert.is(transport.own, 'index:1');
  assert.is(transport.placeOf(identity('peer', '4')), 'index:4');
  assert.is(transport.placeOf(identity('peer', 'web-4')), undefined);
});

test('ports that are counted up end where ports do', async () => {
  const transport = transportOf({ by: 'address', url: 'http://127.0.0.1:710{index}' });
  assert.equal((await transport.find(6)).at(-1), 'index:9');
  assert.not.ok(transport.isPlace('index:10'));
});

test('only indices are places of address', () => {
  const transport = transportOf({ by: 'address', url: 'http://{index}.peers.test' });
  for (const place of [
    'index:',
    'index:1.evil.test',
    'index:01',
    'index:/',
    'index:1@evil',
    '1',
    `app:${APP}:1`,
  ]) {
    assert.not.ok(transport.isPlace(place), place);
  }
});

test('at an address another index does not fit; who knows none is not contradicted', () => {
  const transport = transportOf({ by: 'address', url: 'http://{index}.peers.test' });
  assert.ok(transport.fits('index:2', identity('peer', '2')));
  assert.not.ok(transport.fits('index:2', identity('peer', '3')));
  assert.ok(transport.fits('index:2', identity('peer', '-')));
});

// --- dns

function dns(resolve4: () => Promise<string[]>, ownIp?: string, tls = false): PeerTransport {
  return transportOf({ by: 'dns', host: 'peers.test', port: 7071, tls }, { resolve4, ownIp });
}

test('every A record but the own address is a place', async () => {
  const transport = dns(async () => ['10.0.0.3', '10.0.0.1', '10.0.0.2'], '10.0.0.1');
  assert.equal(await transport.find(-1), ['10.0.0.3:7071', '10.0.0.2:7071']);
  assert.is(transport.own, '10.0.0.1:7071');
  assert.equal(transport.request('10.0.0.3:7071'), { url: 'http://10.0.0.3:7071', headers: {} });
});

test('over TLS certificates must be of the name that was looked up', () => {
  const transport = dns(async () => [], undefined, true);
  assert.is(transport.request('10.0.0.3:7071').url, 'https://10.0.0.3:7071');
  assert.is(transport.serverName, 'peers.test');
});

test('where the own address is not known, it is learned by asking', async () => {
  const transport = dns(async () => ['10.0.0.1', '10.0.0.2']);
  assert.is(transport.own, undefined);
  transport.heard('10.0.0.1:7071', 'own');
  assert.equal(await transport.find(-1), ['10.0.0.2:7071']);
});

test('a name without addresses, or that cannot be looked up, gives no places and says why', async () => {
  const answers: (() => Promise<string[]>)[] = [
    async () => [],
    async () => {
      throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
    },
    async () => {
      throw Object.assign(new Error('queryA ETIMEOUT'), { code: 'ETIMEOUT' });
    },
    async () => ['10.0.0.1'],
  ];
  let n = 0;
  const transport = dns(() => answers[n++]!());
  const problems: (string | undefined)[] = [];
  for (const _ of answers) {
    await transport.find(-1);
    problems.push(transport.problem);
  }
  assert.match(problems[0] ?? '', /peers\.test has no address/);
  assert.match(problems[1] ?? '', /ENOTFOUND.*no instance is registered/);
  assert.match(problems[2] ?? '', /ETIMEOUT.*name server/);
  assert.is(problems[3], undefined);
});

test('only an IPv4 address with the port of the peers is a place of dns', () => {
  const transport = dns(async () => []);
  assert.ok(transport.isPlace('10.0.0.1:7071'));
  for (const place of [
    '10.0.0.1',
    '10.0.0.1:22',
    '10.0.0.1:07071',
    '10.0.0:7071',
    'evil.test:7071',
    '::1:7071',
  ]) {
    assert.not.ok(transport.isPlace(place), place);
  }
});

// --- list

test('a list has its own URLs as places, and no others', async () => {
  const transport = transportOf({ by: 'list', urls: ['http://127.0.0.1:7101/', 'http://127.0.0.1:7102'] });
  assert.equal(await transport.find(5), ['http://127.0.0.1:7101', 'http://127.0.0.1:7102']);
  assert.not.ok(transport.isPlace('http://127.0.0.1:7103'));
  assert.is(transport.placeOf(identity('peer')), undefined);
});

test.run();
