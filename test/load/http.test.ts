import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError, LoadError, RoomError, TooLargeError } from '../../src/errors.ts';
import { claim } from './claim.ts';
import { failureOf, load, loaderFor, loadText, RememberingSink } from './loading.ts';
import { startOrigin } from './origin.ts';

const test = suite('http loader');

claim(
  test,
  'a body of unknown length is passed on as it comes, announced by nobody',
  (_, response) => {
    response.write('a');
    setImmediate(() => response.end('b'));
  },
  async ({ loader }) => {
    const sink = new RememberingSink();
    await load(loader, 'k', { sink });
    assert.is(sink.text, 'ab');
    assert.equal(sink.announcedBytes, []);
  },
);

claim(
  test,
  'a body of many chunks arrives whole and in order',
  (_, response) => {
    for (let n = 0; n < 1000; n++) response.write(`${n},`.repeat(100));
    response.end();
  },
  async ({ loader }) => {
    const expected = Array.from({ length: 1000 }, (_, n) => `${n},`.repeat(100)).join('');
    assert.is(await loadText(loader, 'k'), expected);
  },
);

claim(
  test,
  'an origin that would not have a key is told from one that is not well',
  (request, response) => {
    response.statusCode = Number(request.url?.slice('/v/'.length));
    response.end();
  },
  async ({ loader }) => {
    const ofKeyOnly = async (status: number): Promise<boolean> => {
      const error = await failureOf(load(loader, String(status)));
      return error instanceof LoadError && error.ofKeyOnly;
    };
    for (const status of [400, 401, 403, 422]) assert.ok(await ofKeyOnly(status), `${status}`);
    for (const status of [408, 425, 429, 500, 502, 503]) assert.not.ok(await ofKeyOnly(status), `${status}`);
  },
);

claim(
  test,
  'loads one after the other share a connection, whatever they end in',
  (request, response) => {
    response.statusCode = Number(request.url?.slice('/v/'.length));
    response.setHeader('content-type', 'text/plain');
    response.end(response.statusCode === 304 ? undefined : 'some text');
  },
  async ({ origin, loader }) => {
    for (const status of ['200', '404', '304', '500', '200']) {
      await load(loader, status, { etag: '"v1"' }).catch(() => undefined);
    }
    assert.is(origin.requests.length, 5);
    assert.is(origin.connections.length, 1);
  },
);

claim(
  test,
  'there are never more connections than concurrency allows',
  (_, response) => response.end('x'),
  async ({ origin, loader }) => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => load(loader, `k${n}`)));
    assert.is(origin.requests.length, 40);
    assert.ok(origin.connections.length <= 3);
  },
  { concurrency: 3 },
);

claim(
  test,
  'a sink that has no room ends the load with its own error, and the connection',
  (_, response) => void response.write('x'.repeat(100_000)),
  async ({ origin, loader }) => {
    const full = new RoomError('no room');
    const sink = {
      expect: () => undefined,
      append: () => {
        throw full;
      },
    };
    const error = await load(loader, 'k', { sink }).catch((thrown: unknown) => thrown);
    assert.is(error, full);
    assert.is(origin.requests.length, 1);
    await origin.allClosed();
  },
  { retries: 3 },
);

claim(
  test,
  'a sink that refuses the announced length ends the load before the body',
  (_, response) => {
    response.setHeader('content-length', 100_000);
    response.write('x');
  },
  async ({ origin, loader }) => {
    const tooLarge = new TooLargeError('too large');
    const sink = {
      expect: () => {
        throw tooLarge;
      },
      append: () => assert.unreachable(),
    };
    assert.is(await load(loader, 'k', { sink }).catch((thrown: unknown) => thrown), tooLarge);
    await origin.allClosed();
  },
);

claim(
  test,
  'a caller that gives up ends the load at once, and the connection',
  (_, response) => void response.write('begun'),
  async ({ origin, loader }) => {
    const caller = new AbortController();
    const sink = new RememberingSink();
    sink.append = () => caller.abort();
    const error = await failureOf(load(loader, 'k', { signal: caller.signal, sink }));
    assert.is(error.message, `the load from ${origin.url} was given up`);
    await origin.allClosed();
  },
  { retries: 3 },
);

claim(
  test,
  'a caller that gave up before the load does not bother the origin',
  (_, response) => response.end(),
  async ({ origin, loader }) => {
    await failureOf(load(loader, 'k', { signal: AbortSignal.abort() }));
    assert.is(origin.connections.length, 0);
  },
);

test('close ends the loads that run and refuses further ones', async () => {
  const origin = await startOrigin(() => loader.close());
  const loader = loaderFor(`${origin.url}/{key}`);
  assert.instance(await failureOf(load(loader, 'k')), LoadError);
  assert.instance(await failureOf(load(loader, 'k')), LoadError);
  await origin.allClosed();
  assert.is(origin.requests.length, 1);
  await origin.close();
});

test('idle connections are closed with the loader', async () => {
  const origin = await startOrigin((_, response) => response.end('x'));
  const loader = loaderFor(`${origin.url}/{key}`);
  await load(loader, 'k');
  loader.close();
  await origin.allClosed();
  await origin.close();
});

test('a loader that never loaded can be closed', () => loaderFor('http://127.0.0.1:1/{key}').close());

test('a CA file that cannot be read is an error at the start, naming it', () => {
  assert.throws(
    () => loaderFor('https://127.0.0.1/{key}', { caFile: '/nowhere/ca.pem' }),
    (error: unknown) => error instanceof ConfigError && error.message.includes('/nowhere/ca.pem'),
  );
});

claim(
  test,
  'a signal that many loads share keeps nothing of them',
  (_, response) => response.end('x'),
  async ({ loader }) => {
    const shared = new AbortController();
    let listening = 0;
    const { addEventListener, removeEventListener } = shared.signal;
    shared.signal.addEventListener = (...args: Parameters<typeof addEventListener>): void => {
      listening++;
      addEventListener.apply(shared.signal, args);
    };
    shared.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>): void => {
      listening--;
      removeEventListener.apply(shared.signal, args);
    };
    for (let n = 0; n < 20; n++) await load(loader, 'k', { signal: shared.signal });
    assert.is(listening, 0);
  },
);

test('an unused body leaves its connection usable, an endless one does not keep it', async () => {
  const origin = await startOrigin((_, response) => {
    response.statusCode = 404;
    const more = (): void => {
      while (response.write('x'.repeat(10_000)));
      response.once('drain', more);
    };
    more();
  });
  const loader = loaderFor(`${origin.url}/{key}`);
  assert.equal(await load(loader, 'k'), { kind: 'absent', status: 404 });
  await origin.allClosed();
  loader.close();
  await origin.close();
});

claim(
  test,
  'a connection that is used again and again gathers nothing',
  (_, response) => response.end('x'),
  async ({ origin, loader }) => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    for (let n = 0; n < 30; n++) await load(loader, 'k');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    assert.equal(warnings, []);
    assert.is(origin.connections.length, 1);
  },
);

test.run();
