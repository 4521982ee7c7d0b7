// What strangers can do to a member of a fleet at 8 MiB without its token: connect, and repeat what they recorded.

import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { requestInput } from '../../src/fleet/auth/canonical.ts';
import { HEADERS } from '../../src/fleet/auth/head.ts';
import { digestOf, Key } from '../../src/fleet/auth/keyring.ts';
import { wireIdentity } from '../../src/fleet/identity.ts';
import { until } from './daemon.ts';
import { TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet; sockets: Socket[] }>('hostile strangers of a fleet');
/** More than there is memory for. */
const MANY = 600;

test.before(async (context) => {
  context.fleet = await TestFleet.start({ indices: [0, 1], by: 'list' });
});

test.before.each((context) => {
  context.sockets = [];
});

test.after.each(({ sockets }) => {
  for (const socket of sockets) socket.destroy();
});

test.after(({ fleet }) => fleet.close());

function reach(fleet: TestFleet, text: string): Socket {
  const socket = connect(fleet.at(0).fleetPort, '127.0.0.1').on('error', () => {});
  if (text !== '') socket.write(text);
  return socket.resume();
}

/** All that a peer can still be told, and a client send, while strangers are there. */
async function isUnharmed(fleet: TestFleet): Promise<void> {
  const { daemon } = fleet.at(0);
  const report = await fleet.report('/cache/invalidate?users=1&report=1', { at: fleet.at(1) });
  assert.equal([report.applied, report.members], [2, 2], JSON.stringify(report));
  const body = `users=1&${'key=a&'.repeat(10_000)}timeout=10s`;
  // Who comes in the same moment as the strangers may be turned away, in the midst of sending, and has to try again.
  let last = '';
  await until(
    async () => {
      const answered = await daemon
        .request('/cache/invalidate', { method: 'POST', body })
        .catch(({ message }: Error) => ({ status: 0, text: message }));
      last = `${answered.status} ${answered.text}`;
      return answered.status === 204;
    },
    () => `a client is refused: ${last}`,
  );
}

test('more idle connections than there is memory for stop neither a peer nor a client', async ({
  fleet,
  sockets,
}) => {
  let closed = 0;
  for (let i = 0; i < MANY; i++)
    sockets.push(
      reach(fleet, '').on('close', () => {
        closed++;
      }),
    );
  await until(() => closed > 0);
  await isUnharmed(fleet);
});

test('a recorded hello, with a length that it never had, stops neither a peer nor a client', async ({
  fleet,
  sockets,
}) => {
  const recorded = recordedHello(fleet.token);
  for (const length of [1 << 20, 512 << 10, 64 << 10, 16 << 10, 4 << 10, 1 << 10]) {
    for (let i = 0; i < 8; i++)
      sockets.push(reach(fleet, recorded.replace(/Content-Length: \d+/, `Content-Length: ${length}`)));
  }
  const refused = 'sidecache_peer_messages_refused_total{reason="too_large"}';
  await until(async () => (await fleet.at(0).metric(refused)) >= 32);
  await isUnharmed(fleet);
});

/** As it was on the way once; of its body one byte. */
function recordedHello(token: string): string {
  const incarnation = randomUUID().replaceAll('-', '');
  const identity = { incarnation, index: '9', instanceId: incarnation, process: '', version: '0.1.0' };
  const body = Buffer.from(JSON.stringify({ identity: wireIdentity(identity), challenge: 'c'.repeat(43) }));
  const contentType = 'application/json';
  const signed = {
    version: '1',
    method: 'POST',
    target: '/fleet/hello',
    from: incarnation,
    to: '-',
    counter: '0',
    session: '',
    contentType,
    digest: digestOf(body),
  };
  return [
    'POST /fleet/hello HTTP/1.1',
    'Host: peer',
    `${HEADERS.version}: 1`,
    `${HEADERS.from}: ${incarnation}`,
    `${HEADERS.to}: -`,
    `${HEADERS.counter}: 0`,
    `${HEADERS.digest}: ${signed.digest}`,
    `${HEADERS.mac}: ${new Key(token).sign(requestInput(signed))}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
    '',
    '{',
  ].join('\r\n');
}

test.run();
