// Promise 5 under attack by long heads: targets that are one long key, and headers, whole and in pieces.

import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Attack, attacksIn, times } from './attack.ts';
import { Daemon, pause, until } from './daemon.ts';
import { Origin } from './origin-server.ts';

/** 64 KiB, each byte encoded: a head of 192 KiB. */
const LONG_TARGET = `/caches/default/${'%41'.repeat(65_536)}`;
const LONG_REQUEST = `GET ${LONG_TARGET} HTTP/1.1\r\n\r\n`;
const SHORT_REQUEST = 'GET /caches/default/warm HTTP/1.1\r\n\r\n';
const ROUNDS = 5;

const test = suite('memory under attack by long heads');
const attacked = attacksIn(test);

async function rounds(attack: Attack, count: number): Promise<void> {
  for (let round = 0; round < ROUNDS; round++)
    await Promise.all(times(count, () => attack.request(LONG_TARGET)));
}

attacked(
  '100 keys of 64 KiB, percent-encoded, at once, over and over',
  ['8M', '16M', '32M'],
  async (attack) => {
    await rounds(attack, 100);
    // They are left unread for a moment rather than refused.
    assert.ok(attack.counted('404') >= 0.9 * ROUNDS * 100, JSON.stringify([...attack.outcomes]));
  },
);

attacked('200 keys of 64 KiB, percent-encoded, at once, over and over', ['8M'], async (attack) => {
  await rounds(attack, 200);
  const answered = attack.counted('404', '503');
  assert.is(
    answered + attack.counted('EPIPE', 'ECONNRESET'),
    ROUNDS * 200,
    JSON.stringify([...attack.outcomes]),
  );
  assert.ok(answered >= 0.9 * ROUNDS * 200, JSON.stringify([...attack.outcomes]));
});

attacked('300 connections that stay after a key of 64 KiB each', ['8M'], async (attack) => {
  for (let i = 0; i < 300; i++) await answerOn(attack.connect({ reads: true }), LONG_REQUEST);
});

attacked('400 keys of 64 KiB that never come to their end', ['8M'], async (attack) => {
  for (const socket of times(400, () => attack.connect({ reads: true })))
    socket.write(LONG_REQUEST.slice(0, 100_000));
  await pause(1500);
});

attacked('300 keys of 64 KiB behind a request that is not answered yet', ['8M'], async (attack) => {
  await attack.daemon.put('/caches/default/long', Buffer.alloc(1 << 20, 'x'));
  for (const socket of times(300, () => attack.connect({ reads: false })))
    socket.write(`GET /caches/default/long HTTP/1.1\r\n\r\n${LONG_REQUEST}`);
  await pause(1500);
});

attacked('500 connections with 256 KiB of headers each, sent slowly', ['64M', '8M'], async (attack) => {
  const sockets = times(500, () => attack.connect({ reads: true }));
  for (const socket of sockets) socket.write('GET /caches/default/warm HTTP/1.1\r\n');
  const header = `x: ${'h'.repeat(8000)}\r\n`;
  for (let sent = 0; sent < 256 << 10; sent += header.length) {
    for (const socket of sockets) if (!socket.destroyed) socket.write(header);
    await pause(50);
  }
});

test('a long key is the last on its connection, a short one is not', async () => {
  await withDaemon(async (daemon) => {
    await daemon.put(LONG_TARGET, 'kept');
    const answer = await daemon.raw(`${SHORT_REQUEST}${LONG_REQUEST}`);
    assert.is(answer.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 2, answer.slice(0, 1000));
    assert.is(answer.match(/\r\nConnection: keep-alive\r\n/g)?.length, 1, answer);
    assert.match(answer, /\r\nConnection: close\r\n/);
    assert.ok(answer.endsWith('\r\n\r\nkept'), answer);
  });
});

test('a long key that waits unread behind another request is answered in its turn', async () => {
  const origin = await Origin.start();
  let answer = (): void => undefined;
  origin.answering = (_request, response) => {
    answer = () => response.end('loaded');
  };
  const caches = { loaded: { loader: { url: `${origin.url}/{key}` } } };
  await withDaemon(async (daemon) => {
    await daemon.put(LONG_TARGET, 'kept');
    const answers = daemon.raw(`GET /caches/loaded/slow HTTP/1.1\r\n\r\n${LONG_REQUEST}`);
    await until(() => origin.asked.length > 0);
    // Others are answered meanwhile, and all that is read of the long one has come.
    for (let i = 0; i < 50; i++) await daemon.request('/healthz');
    answer();
    assert.match(await answers, /\r\n\r\nloadedHTTP\/1\.1 200 OK\r\n.*\r\n\r\nkept$/s);
  }, caches);
  await origin.down();
});

test('100 long keys that come at once are all answered where there is memory for them', async () => {
  await withDaemon(async (daemon) => {
    await daemon.put(LONG_TARGET, 'kept');
    const answers = await Promise.all(times(100, () => daemon.request(LONG_TARGET)));
    assert.equal([...new Set(answers.map(({ text }) => text))], ['kept']);
  });
});

async function withDaemon(run: (daemon: Daemon) => Promise<void>, caches: object = {}): Promise<void> {
  const daemon = await Daemon.start({ config: { caches: { default: {}, ...caches } } });
  try {
    await daemon.put('/caches/default/warm', 'up');
    await run(daemon);
  } finally {
    await daemon.stop('SIGKILL');
  }
}

/** Resolves once something was answered on the connection. */
function answerOn(socket: Socket, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('close', () => reject(new Error('closed without an answer')));
    socket.write(request);
  });
}

test.run();
