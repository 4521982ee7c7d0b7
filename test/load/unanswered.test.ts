import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failureOf, load, loaderFor } from './loading.ts';

const test = suite('unanswered connections');
/** Long enough for a busy machine to have begun to connect. */
const TIMEOUT_MS = 1500;

/** Listens, and then never again looks at its queue: the kernel fills that, and drops what comes later. */
const STUCK = `
  const server = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

// Other kernels refuse or accept instead of dropping.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a host that swallows connections did not accept one in time, and is not reachable', async () => {
  const stuck = spawn(process.execPath, ['-e', STUCK], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(stuck.stdout, 'data');
  const waiting: Socket[] = [];
  try {
    for (let n = 0; n < 5; n++) waiting.push(connect(Number(port), '127.0.0.1').on('error', () => undefined));
    await once(waiting[0] ?? stuck, 'connect');
    const loader = loaderFor(`http://127.0.0.1:${port}/{key}`, { timeoutMs: TIMEOUT_MS });
    const error = await failureOf(load(loader, 'k'));
    assert.is(error.message, `http://127.0.0.1:${port} did not accept a connection within ${TIMEOUT_MS} ms`);
    assert.is(error.code, 'load_timeout');
    assert.is(error.unreachable, true);
    assert.is(await loader.reachable(), false);
    loader.close();
  } finally {
    for (const socket of waiting) socket.destroy();
    stuck.kill('SIGKILL');
    await once(stuck, 'close');
  }
});

test.run();
