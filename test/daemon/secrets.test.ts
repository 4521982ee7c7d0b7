// What must not be seen is nowhere to be seen: values, secrets, keys; in no list, no error, no log.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, until } from './daemon.ts';

const SECRETS = [
  't0ken-in-header',
  'passw0rd-in-url',
  'c00kie-of-origin',
  'v4lue-loaded',
  'v4lue-written',
  'k3y-of-user',
];

const test = suite<{ daemon: Daemon; origin: Server }>('secrets');

test.before(async (context) => {
  const origin = createServer((request, response) => {
    response.setHeader('set-cookie', 'session=c00kie-of-origin');
    response.setHeader('x-internal', 'c00kie-of-origin');
    if (request.url!.includes('bad')) response.writeHead(500).end('v4lue-loaded');
    else if (request.url!.includes('cut'))
      response.writeHead(200, { 'content-length': '99' }).write('v4lue-loaded', () => response.destroy());
    else response.end('v4lue-loaded');
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  context.origin = origin;
  const { port } = origin.address() as { port: number };
  const loader = {
    url: `http://user:passw0rd-in-url@127.0.0.1:${port}/{key}`,
    headers: { authorization: `${'$'}{SECRET_TOKEN}`, 'x-plain': 't0ken-in-header' },
  };
  const users = { refresh: '50ms', retry: '100ms', loader };
  const caches = {
    users,
    down: { loader: { ...loader, url: 'http://user:passw0rd-in-url@127.0.0.1:1/{key}' } },
  };
  context.daemon = await Daemon.start({
    config: { caches, log: { level: 'debug' }, drain: '0ms' },
    env: { SECRET_TOKEN: 't0ken-in-header' },
  });
});

test.after(async ({ daemon, origin }) => {
  await daemon.stop('SIGKILL');
  origin.closeAllConnections();
  origin.close();
});

test('neither in answers about caches, entries and failures, nor in the log', async ({ daemon }) => {
  const told: string[] = [];
  const ask = async (target: string, asked: Parameters<Daemon['request']>[1] = {}): Promise<void> => {
    const { text, headers, status } = await daemon.request(target, asked);
    if (status === 200 && target.includes('v4lue')) return;
    told.push(JSON.stringify(headers), text);
  };
  assert.is((await daemon.request('/caches/users/good')).text, 'v4lue-loaded');
  await daemon.put('/caches/default/k3y-of-user', 'v4lue-written');
  await daemon.put('/caches/default/k3y-of-user', 'v4lue-written', { 'content-type': '\x80' });
  for (const key of ['bad', 'cut']) await ask(`/caches/users/${key}`);
  for (let i = 0; i < 12; i++) await ask(`/caches/down/x${i}`);
  await ask('/caches/down/x1?explain=1');
  await ask('/caches/users/bad?explain=1');
  await ask('/caches/users/good?explain=1');
  await ask('/caches');
  await ask('/metrics');
  await ask('/cache/invalidate?users=1&report=1');
  await ask('/nowhere');
  await daemon.raw('nonsense v4lue-written HTTP/1.1\r\n\r\n');
  await daemon.raw('nonsense v4lue-written\r\nQUIT\r\n');
  await daemon.request('/caches/users/k3y-of-user-bad');
  await until(() => daemon.lines.length > 1);
  await daemon.stop();
  for (const secret of SECRETS) {
    assert.not(
      told.some((text) => text.includes(secret)),
      `${secret} in ${told.find((t) => t.includes(secret))}`,
    );
    assert.not(daemon.output.includes(secret), `${secret} in the log:\n${daemon.output}`);
  }
  for (const line of daemon.lines) assert.type(line.message, 'string');
});

test.run();
