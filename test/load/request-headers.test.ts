import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../src/errors.ts';
import { claim } from './claim.ts';
import { loaderFor, loadText } from './loading.ts';
import { startOrigin } from './origin.ts';

const test = suite('request headers');

claim(
  test,
  'the origin is told that no encoding is accepted',
  (request, response) => response.end(request.headers['accept-encoding']),
  async ({ loader }) => assert.is(await loadText(loader, 'k'), 'identity'),
);

claim(
  test,
  'configured headers are sent, and win over the defaults',
  (request, response) => {
    const { authorization, 'user-agent': agent, host } = request.headers;
    response.end(JSON.stringify([authorization, agent, host]));
  },
  async ({ loader }) => {
    assert.is(await loadText(loader, 'k'), '["Bearer t","mine","inner.example"]');
  },
  { headers: { Authorization: 'Bearer t', 'User-Agent': 'mine', Host: 'inner.example' } },
);

test('userinfo of the URL is sent as Basic Authorization', async () => {
  const origin = await startOrigin((request, response) => response.end(request.headers.authorization));
  const loader = loaderFor(`http://user:pass@127.0.0.1:${origin.port}/{key}`);
  assert.is(await loadText(loader, 'k'), `Basic ${Buffer.from('user:pass').toString('base64')}`);
  loader.close();
  await origin.close();
});

test('headers that cannot be sent, or that the daemon sets, are refused at the start without their value', () => {
  for (const [name, value] of [
    ['a b', 'sesame'],
    ['x-token', 'sesame\r\nx: y'],
    ['Range', 'sesame'],
    ['If-None-Match', 'sesame'],
    ['transfer-encoding', 'sesame'],
  ] as const) {
    try {
      loaderFor('http://127.0.0.1/{key}', { headers: { [name]: value } });
      assert.unreachable(name);
    } catch (error) {
      assert.instance(error, ConfigError);
      assert.ok(error instanceof Error && error.message.includes(name) && !error.message.includes('sesame'));
    }
  }
});

test.run();
