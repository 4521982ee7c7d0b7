// Client tracking at real daemons: what a client keeps in its own memory is forgotten when any instance of the fleet
// makes the others forget it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestFleet } from '../../daemon/fleet-harness.ts';
import { SocketClient } from './pubsub-socket.ts';
import { changed } from './push-clients.ts';

const test = suite('RESP client tracking, daemons');

let fleet: TestFleet;
const clients: SocketClient[] = [];

test.before(async () => {
  fleet = await TestFleet.start({ caches: { default: {} } });
});

test.after(async () => {
  await fleet.close();
});

test.after.each(() => {
  for (const client of clients.splice(0)) client.end();
});

/** A client of the instance that speaks RESP3. */
async function clientOf(index: number): Promise<SocketClient> {
  const client = new SocketClient(fleet.at(index).daemon);
  clients.push(client);
  client.send('HELLO 3', 'ECHO begun');
  await client.reads(/begun $/);
  return client;
}

for (const target of ['key=a1', 'prefix=a', '']) {
  test(`a key read through one instance is forgotten when another is told to forget ${target || 'its cache'}`, async () => {
    const reader = await clientOf(0);
    await reader.says('CLIENT TRACKING ON', '+OK');
    reader.send('GET users:a1');
    await reader.reads(/^\$\d+ .+ $/);
    const answer = await fleet.at(2).daemon.request(`/cache/invalidate?users=1&${target}&require=all`);
    assert.is(answer.status, 204);
    await reader.takes(changed('users:a1'));
    // Once.
    await fleet.at(1).daemon.request('/cache/invalidate?users=1&require=all');
    await reader.says('PING', '+PONG');
  });
}

test('a refresh, a DEL and a SET at another instance are told, too', async () => {
  const [reader, other] = [await clientOf(0), await clientOf(1)];
  await reader.says('CLIENT TRACKING ON NOLOOP', '+OK');
  // Each of a key of its own: what a refresh loads in the end is a change, too, once it is read before that.
  const changes = {
    refresh: () => fleet.at(1).daemon.request('/cache/refresh?users=1&key=refresh&require=all'),
    del: () => other.send('DEL users:del'),
    set: () => other.send('SET users:set v'),
  };
  for (const [key, change] of Object.entries(changes)) {
    reader.send(`GET users:${key}`);
    await reader.reads(/^\$\d+ .+ $/);
    await change();
    await reader.takes(changed(`users:${key}`));
  }
});

test('broadcasts tell what changes under a prefix anywhere in the fleet, once', async () => {
  const [reader, other] = [await clientOf(0), await clientOf(2)];
  await reader.says('CLIENT TRACKING ON BCAST PREFIX users:c', '+OK');
  await other.says('DEL users:d', ':0');
  await other.says('DEL users:c1', ':0');
  await reader.takes(changed('users:c1'));
});

test('its own change comes behind its reply', async () => {
  const reader = await clientOf(0);
  await reader.says('CLIENT TRACKING ON', '+OK');
  reader.send('SET k 1', 'GET k', 'SET k 2', 'GET k', 'ECHO end');
  await reader.takes(`+OK $1 1 +OK ${changed('k')} $1 2 $3 end`);
});

test('a change does not overtake a value that was read before it and waits for its place', async () => {
  const [reader, other] = [await clientOf(0), await clientOf(0)];
  await reader.says('CLIENT TRACKING ON', '+OK');
  await other.says('SET k 1', '+OK');
  const asked = new Promise<() => void>((resolve) => {
    fleet.origin.answering = (_request, response) => resolve(() => response.end('slow'));
  });
  reader.send('GET users:slow', 'GET k');
  const answer = await asked;
  await other.says('SET k 2', '+OK');
  answer();
  await reader.takes(`$4 slow $1 1 ${changed('k')}`);
});

test('a flush tells everybody to keep nothing', async () => {
  const [reader, other] = [await clientOf(0), await clientOf(0)];
  await reader.says('CLIENT TRACKING ON', '+OK');
  await other.says('FLUSHALL', '+OK');
  await reader.takes('>2 $10 invalidate _');
});

test.run();
