// Peers without a router: by address, by name and over TLS.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLink } from '../../../src/fleet/link/create-link.ts';
import type { Ask } from '../../../src/fleet/link.ts';
import { createTransport } from '../../../src/fleet/transport/create-transport.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { selfSigned } from '../../load/certificate.ts';
import { closedPort } from '../../load/origin.ts';
import { identity, linkTo, linkToList, startPeer, TOKEN } from './fleet-lab.ts';

const test = suite('without a router');

function asking(place: string): Ask {
  return { place, to: undefined, kind: 'sync', body: {}, timeoutMs: 5000 };
}

const dead = async (): Promise<readonly string[]> => ['127.0.0.1'];

test('by address: who has another index than the address says is misrouted', async () => {
  const peer = await startPeer('peer', { self: identity('peer', '3') });
  const url = `http://{index}.peers.test:${peer.port}`;
  const { link } = linkTo({ by: 'address', url }, {}, '7', { resolve4: dead });
  assert.is((await link.ask(asking('index:3'))).result, 'answered');
  assert.is((await link.ask(asking('index:4'))).result, 'misrouted');
  link.close();
  await peer.close();
});

test('by name: every address that the name has is asked, on one port', async () => {
  const peer = await startPeer('peer');
  const names = { resolve4: dead };
  const { link, transport } = linkTo(
    { by: 'dns', host: 'peers.test', port: peer.port, tls: false },
    {},
    '7',
    names,
  );
  const places = await transport.find(-1);
  assert.equal(places, [`127.0.0.1:${peer.port}`]);
  assert.is((await link.ask(asking(places[0]!))).result, 'answered');
  link.close();
  await peer.close();
});

test('the probe of an address that refuses names the network policy', async () => {
  const port = await closedPort();
  const peers = { by: 'address', url: `http://{index}.my-app.apps.internal:${port}` } as const;
  const { link } = linkTo(peers, { appName: 'my-app' }, '0', { resolve4: dead });
  const probe = await link.probeOwn();
  assert.ok(!probe.ok);
  assert.match(probe.problem, /refused the connection/);
  assert.match(probe.mend, /cf add-network-policy my-app my-app --protocol tcp --port 7071/);
  link.close();
});

test('the probe of an address without a name names the internal route', async () => {
  const failure = Object.assign(new Error('as DNS says'), { code: 'ENOTFOUND' });
  const names = {
    resolve4: () => Promise.reject(failure),
    lookup: (_: string, __: object, callback: (error: Error, address: string) => void) =>
      callback(failure, ''),
  };
  const peers = { by: 'address', url: 'http://{index}.my-app.apps.internal:7071' } as const;
  const { link } = linkTo(peers, { appName: 'my-app' }, '0', names);
  const probe = await link.probeOwn();
  assert.ok(!probe.ok);
  assert.match(probe.mend, /cf map-route my-app apps\.internal --hostname my-app$/);
  link.close();
});

test('elsewhere than on Cloud Foundry no cf command is named', async () => {
  const peers = { by: 'address', url: `http://127.0.0.1:${await closedPort()}/{index}` } as const;
  const { link } = linkTo(peers, {}, '0');
  const probe = await link.probeOwn();
  assert.ok(!probe.ok && !/cf /.test(probe.mend), JSON.stringify(probe));
  link.close();
});

test('where the own place is not known there is nothing to probe', async () => {
  const { link } = linkToList(['http://127.0.0.1:1']);
  assert.ok((await link.probeOwn()).ok);
  link.close();
});

test('over TLS a peer is trusted by the CA file, and without it not asked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
  const caFile = join(folder, 'ca.pem');
  const { keyPem, certPem } = selfSigned('127.0.0.1');
  writeFileSync(caFile, certPem);
  const peer = await startPeer('peer');
  const secure = createServer({ key: keyPem, cert: certPem }, peer.server.handle);
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const address = secure.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `https://127.0.0.1:${address.port}`;
  const { link } = linkToList([url], { caFile });
  assert.is((await link.ask(asking(url))).result, 'answered');
  link.close();
  const { link: distrusting } = linkToList([url]);
  const outcome = await distrusting.ask(asking(url));
  assert.is(outcome.result, 'unreachable');
  assert.match('why' in outcome ? outcome.why : '', /certificate that is not trusted/);
  assert.is(peer.received.length, 1);
  distrusting.close();
  secure.closeAllConnections();
  secure.close();
  await peer.close();
  rmSync(folder, { recursive: true });
});

test('a CA file that cannot be used is known at the start', () => {
  const clock = new FakeClock();
  const peers = { by: 'list', urls: ['https://127.0.0.1:1'] } as const;
  const transport = createTransport(peers, { ownIndex: '-', ownIp: undefined, clock });
  const parts = { tokens: [TOKEN], self: identity('asker'), transport, clock, port: 7071 };
  assert.throws(() => createLink({ ...parts, caFile: '/no/such/file' }), /\/no\/such\/file cannot be read/);
  assert.throws(() => createLink({ ...parts, caFile: 'package.json' }), /holds no PEM certificate/);
});

test('where the index counts up the port, an own port that nobody listens on is named as what is wrong', async () => {
  const port = String(await closedPort());
  const url = `http://127.0.0.1:${port.slice(0, -1)}{index}`;
  const { link } = linkTo({ by: 'address', url }, {}, port.slice(-1));
  const probe = await link.probeOwn();
  assert.ok(!probe.ok && /must have the port of fleet\.listen/.test(probe.mend), JSON.stringify(probe));
  link.close();
});

test.run();
