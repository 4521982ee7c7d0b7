// One connection sends 1,000 commands at once, some of which must be loaded from an origin that takes its time: replies
// keep their order, and whoever else is connected is answered meanwhile.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeCommand, RawClient } from '../serve/resp-differential/raw-client.ts';
import type { Tree } from '../serve/resp-differential/reply-tree.ts';
import { Daemon, until } from './daemon.ts';
import { Origin } from './origin-server.ts';

const DEPTH = 1000;
const KEYS = 100;
const OTHERS = 20;

const test = suite<{ origin: Origin; daemon: Daemon }>('RESP pipelines');

test.before(async (context) => {
  context.origin = await Origin.start();
  const loader = { url: `${context.origin.url}/{key}`, timeout: '30s', retries: 0 };
  context.daemon = await Daemon.start({ config: { caches: { default: {}, users: { loader } } } });
});

test.after(async ({ daemon, origin }) => {
  await daemon.stop();
  await origin.down();
});

function bulk(text: string): Tree {
  return { type: '$', text };
}

test('MGET of 100 keys and reads of missing keys, 1,000 deep, keep their order and hold up nobody else', async ({
  daemon,
  origin,
}) => {
  /** Answers that the origin owes, in the order in which it was asked. */
  const owed: (() => void)[] = [];
  origin.answering = ({ url }, response) => owed.push(() => response.end(`value of ${url}`));
  const client = await RawClient.connect(daemon.socket);
  const others = await Promise.all(Array.from({ length: OTHERS }, () => RawClient.connect(daemon.socket)));
  for (let i = 0; i < KEYS; i++) await client.send('SET', `k${i}`, `v${i}`);

  const sent: string[][] = [];
  const expected: Tree[] = [];
  let loads = 0;
  for (let i = 0; i < DEPTH; i++) {
    if (i % 100 === 50) {
      const missing = `users:${loads}`;
      sent.push(['GET', missing]);
      expected.push(bulk(`value of /${loads++}`));
    } else if (i % 100 === 10) {
      // One of the hundred is to be loaded.
      const keys = Array.from({ length: KEYS }, (_, at) => (at === 42 ? `users:${loads}` : `k${at}`));
      sent.push(['MGET', ...keys]);
      expected.push({
        type: '*',
        items: keys.map((_, at) => bulk(at === 42 ? `value of /${loads}` : `v${at}`)),
      });
      loads++;
    } else if (i % 100 === 11) {
      sent.push(['MGET', ...Array.from({ length: KEYS }, (_, at) => `k${at}`)]);
      expected.push({ type: '*', items: Array.from({ length: KEYS }, (_, at) => bulk(`v${at}`)) });
    } else {
      sent.push(['GET', `k${i % KEYS}`]);
      expected.push(bulk(`v${i % KEYS}`));
    }
  }
  client.write(Buffer.concat(sent.map((words) => encodeCommand(words))).toString('latin1'));

  let answered = 0;
  for (let done = 0; done < loads; ) {
    await until(
      () => owed.length > 0,
      () => `the origin was asked ${done} times of ${loads}`,
    );
    // While it owes answers, everybody else has theirs, also of the same caches.
    for (const other of others) {
      assert.equal(await other.send('GET', 'k7'), bulk('v7'));
      answered++;
    }
    // The latest first: their order on the wire is not that in which they come.
    for (const answer of owed.splice(0).reverse()) {
      answer();
      done++;
    }
  }
  assert.ok(answered >= OTHERS);
  for (const [i, tree] of expected.entries()) assert.equal(await client.next(), tree, `reply ${i}`);
  assert.is(origin.asked.length, loads, 'each is loaded once');
  for (const each of [client, ...others]) each.close();
});

test('while a pipeline waits for a load that takes long, others read, write and load', async ({
  daemon,
  origin,
}) => {
  let end = (): void => {};
  origin.answering = ({ url }, response) => {
    if (url === '/late') end = () => response.end('late');
    else response.end('loaded');
  };
  const client = await RawClient.connect(daemon.socket);
  const other = await RawClient.connect(daemon.socket);
  const deep = Array.from({ length: DEPTH }, (_, i) =>
    encodeCommand(i === 0 ? ['GET', 'users:late'] : ['GET', 'k']),
  );
  await client.send('SET', 'k', 'v');
  client.write(Buffer.concat(deep).toString('latin1'));
  await until(
    () => origin.asked.includes('/late'),
    () => 'the origin was not asked',
  );
  assert.equal(await other.send('GET', 'users:another'), bulk('loaded'));
  assert.equal(await other.send('SET', 'k', 'w'), { type: '+', text: 'OK' });
  assert.equal(await other.send('MGET', 'k', 'users:another'), {
    type: '*',
    items: [bulk('w'), bulk('loaded')],
  });
  end();
  client.close();
  other.close();
});

test.run();
