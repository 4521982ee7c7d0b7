// Promise 5 where what a client sends is kept in part, or waits for memory that is not there; and promise 6 where one call
// names much.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attacksIn, times } from './attack.ts';
import { Daemon, pause } from './daemon.ts';

const test = suite('the store under attack');
const attacked = attacksIn(test);

attacked('300 SETs of 1.9 MB that lack their last bytes', ['16M'], async (attack) => {
  const length = 1_900_000;
  const part = Buffer.alloc(length - 10, 'x');
  for (const [i, socket] of times(300, () => attack.connect({ reads: true })).entries()) {
    socket.write(`*3\r\n$3\r\nSET\r\n$${String(i).length}\r\n${i}\r\n$${length}\r\n`);
    socket.write(part);
  }
  await pause(3000);
});

attacked('a tag that outlives the entry whose header it came with', ['16M'], async (attack) => {
  const tags = (i: number): string[] => times(60, (j) => `${i}-${j}-`.padEnd(256, 't'));
  for (let i = 0; i < 2500; i++) {
    const [kept, ...others] = tags(i);
    const all = { 'surrogate-key': [kept, ...others].join(' ') };
    await attack.daemon.request(`/caches/default/gone${i}`, { method: 'PUT', body: '', headers: all });
    const one = { 'surrogate-key': kept! };
    await attack.daemon.request(`/caches/default/kept${i}`, { method: 'PUT', body: '', headers: one });
    await attack.daemon.request(`/caches/default/gone${i}`, { method: 'DELETE' });
  }
});

test('a call with 100 prefixes of as many lengths holds nobody up', async () => {
  const daemon = await Daemon.start({ config: { memory: '64M' } });
  try {
    const key = 'x'.repeat(120);
    const set = (i: number): string =>
      `*3\r\n$3\r\nSET\r\n$${120 + String(i).length}\r\n${key}${i}\r\n$1\r\nv\r\n`;
    const socket = daemon.connect();
    const filled = new Promise<void>((done) => {
      let answered = 0;
      socket.on('data', (chunk: Buffer) => {
        answered += chunk.length;
        if (answered === 5 * 200_000) done();
      });
    });
    for (let i = 0; i < 200_000; i++) socket.write(set(i));
    await filled;
    socket.destroy();
    const body = `default=1&${times(100, (i) => `prefix=${'x'.repeat(i)}!`).join('&')}`;
    const begun = performance.now();
    const { status } = await daemon.request('/cache/invalidate', { method: 'POST', body });
    assert.is(status, 204);
    const tookMs = performance.now() - begun;
    assert.ok(tookMs < 1000, `nobody was answered for ${Math.round(tookMs)} ms`);
  } finally {
    await daemon.stop('SIGKILL');
  }
});

test.run();
