// Each way to find and reach peers, with real daemons: every instance has forgotten.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { selfSigned } from '../load/certificate.ts';
import { type Json, until } from './daemon.ts';
import { type FleetOptions, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet | undefined; folder: string }>('ways to the peers');

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
});

test.after(({ folder }) => {
  rmSync(folder, { recursive: true, force: true });
});

test.after.each(async (context) => {
  await context.fleet?.close();
  context.fleet = undefined;
});

async function confirmedByAll(fleet: TestFleet, transport: string): Promise<void> {
  await fleet.warm('42');
  for (const { daemon } of fleet.instances) {
    const report: Json = await daemon.json('/cache/invalidate?users=1&report=1&timeout=10s');
    assert.is(`${report.applied}/${report.members}`, '3/3', JSON.stringify(report));
  }
  for (const one of fleet.instances) {
    assert.not(await one.holds('42'));
    assert.is((await one.peers()).transport, transport);
    // An instance that asked itself before the router knew it says so until it asks again.
    await until(async () => (await one.peers()).problems.length === 0);
  }
}

const WAYS: readonly (readonly [name: string, options: FleetOptions])[] = [
  ['a list', { by: 'list' }],
  ['an address for each index, with gaps', { by: 'address', indices: [0, 3, 4] }],
];

for (const [name, options] of WAYS) {
  test(`${name}: no router is asked, and all three confirm`, async (context) => {
    const fleet = await TestFleet.start(options);
    context.fleet = fleet;
    await confirmedByAll(fleet, options.by ?? 'gorouter');
    assert.is(fleet.router.requests.length, 0);
  });
}

test('a list of peers that speak TLS, by a certificate authority of their own', async (context) => {
  const { certPem, keyPem } = selfSigned('127.0.0.1');
  const tls = { cert: join(context.folder, 'cert.pem'), key: join(context.folder, 'key.pem') };
  writeFileSync(tls.cert, certPem);
  writeFileSync(tls.key, keyPem);
  context.fleet = await TestFleet.start({ by: 'list', tls: { ...tls, ca: tls.cert } });
  await confirmedByAll(context.fleet, 'list');
});

test('a route with a path: messages are signed and verified with it, and operators call with it', async (context) => {
  const fleet = await TestFleet.start({ path: '/side/cache' });
  context.fleet = fleet;
  await confirmedByAll(fleet, 'gorouter');
  const answer = await fleet.call('/cache/invalidate?users=1');
  assert.is(answer.status, 204);
  assert.is(answer.headers['sidecache-applied'], '3/3');
});

test('a router that only knows the header of apps, and one from before 2019 that says 404 for 400', async (context) => {
  const fleet = await TestFleet.start({ indices: [0] });
  context.fleet = fleet;
  fleet.router.faults.ignoresProcessHeader = true;
  fleet.router.faults.missingInstanceIs404 = true;
  await fleet.add(1);
  await fleet.add(3);
  await fleet.settled();
  await confirmedByAll(fleet, 'gorouter');
});

test.run();
