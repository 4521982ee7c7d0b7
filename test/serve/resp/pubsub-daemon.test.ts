// Publish and subscribe at real daemons: over a fleet, and with subscribers that never read.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, until } from '../../daemon/daemon.ts';
import { TestFleet } from '../../daemon/fleet-harness.ts';
import { SocketClient } from './pubsub-socket.ts';

const test = suite('RESP publish and subscribe, daemons');

test('what is published at one instance reaches who listens at any, once, and in order', async () => {
  const fleet = await TestFleet.start();
  const clients = fleet.instances.map(({ daemon }) => new SocketClient(daemon));
  try {
    for (const client of clients) await client.says('SUBSCRIBE news', '*3 $9 subscribe $4 news :1');
    const publisher = new SocketClient(fleet.at(1).daemon);
    const payloads = Array.from({ length: 50 }, (_, i) => String(i));
    publisher.send(...payloads.map((payload) => `PUBLISH news ${payload}`));
    await publisher.takes(payloads.map(() => ':1').join(' '));
    const messages = payloads.map((payload) => `*3 $7 message $4 news $${payload.length} ${payload}`);
    for (const client of clients) await client.takes(messages.join(' '));
    publisher.end();
  } finally {
    for (const client of clients) client.end();
    await fleet.close();
  }
});

test('of 1,000 subscribers the 10 that never read are cut off, the rest are served', async () => {
  const daemon = await Daemon.start({ config: { memory: '64M' } });
  const clients: SocketClient[] = [];
  const publisher = new SocketClient(daemon);
  try {
    // No more at one time than the system lets wait for a daemon to take them in.
    while (clients.length < 1000) {
      const some = Array.from({ length: 100 }, () => new SocketClient(daemon));
      clients.push(...some);
      await Promise.all(some.map((client) => client.says('SUBSCRIBE news', '*3 $9 subscribe $4 news :1')));
    }
    const dead = clients.filter((_, i) => i % 100 === 7);
    const live = clients.filter((client) => !dead.includes(client));
    for (const client of dead) {
      await client.says('SUBSCRIBE flood', '*3 $9 subscribe $5 flood :2');
      client.socket.pause();
    }
    let published = 0;
    const flood = 'x'.repeat(60_000);
    await until(async () => {
      publisher.send(`PUBLISH flood ${flood}`, `PUBLISH news ${published++}`, 'PUBSUB NUMSUB flood');
      await until(() => /\*2 \$5 flood :\d+ $/.test(publisher.text));
      return publisher.text.endsWith('$5 flood :0 ');
    });
    assert.ok(published > 10, `after ${published}`);
    const last = String(published - 1);
    await until(() => live.every(({ text }) => text.endsWith(`$${last.length} ${last} `)));
    for (const { text, isClosed } of live) {
      assert.is(text.split('message').length - 1, published);
      assert.not(isClosed);
    }
  } finally {
    for (const client of [...clients, publisher]) client.end();
    await daemon.stop('SIGKILL');
  }
});

test('a long message reaches all who read, however many they are and however little memory there is', async () => {
  const daemon = await Daemon.start({ config: { memory: '16M' } });
  const clients: SocketClient[] = [];
  try {
    while (clients.length < 300) {
      const some = Array.from({ length: 100 }, () => new SocketClient(daemon));
      clients.push(...some);
      await Promise.all(some.map((client) => client.says('SUBSCRIBE news', '*3 $9 subscribe $4 news :1')));
    }
    const publisher = new SocketClient(daemon);
    clients.push(publisher);
    const payload = 'x'.repeat(50_000);
    for (let i = 0; i < 5; i++) {
      await publisher.says(`PUBLISH news ${payload}`, ':300');
      const message = `*3 $7 message $4 news $${payload.length} ${payload}`;
      await Promise.all(clients.slice(0, 300).map((client) => client.takes(message)));
    }
  } finally {
    for (const client of clients) client.end();
    await daemon.stop('SIGKILL');
  }
});

test.run();
