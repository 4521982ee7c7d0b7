import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loaderFor } from './loading.ts';
import { closedPort, startOrigin } from './origin.ts';

const test = suite('reachable');

test('an origin that listens is reachable, whatever it answers', async () => {
  const origin = await startOrigin(() => undefined);
  const loader = loaderFor(`${origin.url}/{key}`);
  assert.is(await loader.reachable(), true);
  await origin.allClosed();
  await origin.close();
});

test('an origin that does not listen, or cannot be found, is not reachable', async () => {
  assert.is(await loaderFor(`http://127.0.0.1:${await closedPort()}/{key}`).reachable(), false);
  assert.is(await loaderFor('http://no-such-host.invalid/{key}').reachable(), false);
});

test('an origin that does not accept in time is not reachable', async () => {
  const limitsMs: number[] = [];
  const impatient = async (ms: number): Promise<void> => void limitsMs.push(ms);
  // TEST-NET-1 (RFC 5737) is routed nowhere; were it refused at once, the answer would be the same.
  assert.is(await loaderFor('http://192.0.2.1/{key}', {}, { delay: impatient }).reachable(), false);
  assert.equal(limitsMs, [1000]);
});

test.run();
