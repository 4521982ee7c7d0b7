import type { RequestListener } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Loader } from '../../src/cache/loader.ts';
import type { LoaderConfig } from '../../src/config/config.ts';
import { ConfigError, LoadError, RoomError, TooLargeError } from '../../src/errors.ts';
import type { HttpLoaderDeps } from '../../src/load/http.ts';
import { failureOf, load, loaderFor, loadText, RememberingSink } from './loading.ts';
import { closedPort, type Origin, startOrigin } from './origin.ts';

const test = suite('http loader');

interface Setting {
  origin: Origin;
  loader: Loader;
}

/** A claim about a loader of `/v/{key}` in front of an origin that answers by `handler`. */
function claim(
  name: string,
  handler: RequestListener,
  body: (setting: Setting) => Promise<void>,
  config: Partial<LoaderConfig> = {},
  deps: Partial<HttpLoaderDeps> = {},
): void {
  test(name, async () => {
    const origin = await startOrigin(handler);
    const loader = loaderFor(`${origin.url}/v/{key}`, config, deps);
    try {
      await body({ origin, loader });
    } finally {
      loader.close();
      await origin.close();
    }
  });
}

claim(
  'a value comes with its bytes, length, content type, ETag, tags and terms',
  (_, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.setHeader('etag', 'W/"v1"');
    response.setHeader('surrogate-key', 'users  team-7 users');
    response.setHeader('cache-control', ['max-age=60', 'stale-if-error=5']);
    response.setHeader('content-length', 5);
    response.end('hello');
  },
  async ({ loader }) => {
    const sink = new RememberingSink();
    const loaded = await load(loader, 'k', { sink });
    assert.is(sink.text, 'hello');
    assert.equal(sink.announcedBytes, [5]);
    assert.equal(loaded, {
      kind: 'value',
      contentType: 'text/plain; charset=utf-8',
      etag: 'W/"v1"',
      tags: ['users', 'team-7'],
      terms: {
        freshMs: 60_000,
        staleWhileRevalidateMs: undefined,
        staleIfErrorMs: 5000,
        ageMs: 0,
        unstorable: undefined,
      },
      status: 200,
    });
  },
);

claim(
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
  'an ETag is sent as the condition, and 304 means unchanged',
  (request, response) => {
    response.setHeader('etag', '"v1"');
    response.setHeader('cache-control', 'max-age=9');
    response.statusCode = request.headers['if-none-match'] === '"v1"' ? 304 : 200;
    response.end();
  },
  async ({ loader }) => {
    const loaded = await load(loader, 'k', { etag: '"v1"' });
    assert.is(loaded.kind, 'unchanged');
    if (loaded.kind !== 'unchanged') return;
    assert.equal([loaded.etag, loaded.tags, loaded.terms.freshMs], ['"v1"', undefined, 9000]);
  },
);

claim(
  'without an ETag no condition is sent, and a 304 all the same is a failure',
  (_, response) => {
    response.statusCode = 304;
    response.end();
  },
  async ({ origin, loader }) => {
    const error = await failureOf(load(loader, 'k'));
    assert.is(error.message, `${origin.url} answered 304 to a request without a condition`);
    assert.is(origin.requests[0]?.headers['if-none-match'], undefined);
  },
);

for (const status of [404, 410]) {
  claim(
    `${status} means that there is nothing`,
    (_, response) => {
      response.statusCode = status;
      response.end('x'.repeat(100_000));
    },
    async ({ loader }) => {
      assert.equal(await load(loader, 'k'), { kind: 'absent', status });
    },
  );
}

for (const status of [200, 203, 204]) {
  claim(
    `${status} without a body is a value of no bytes`,
    (_, response) => {
      response.statusCode = status;
      response.end();
    },
    async ({ loader }) => {
      const sink = new RememberingSink();
      const loaded = await load(loader, 'k', { sink });
      assert.is(loaded.kind, 'value');
      assert.is(sink.text, '');
    },
  );
}

for (const status of [201, 205, 206, 300, 400, 401, 403, 429, 500, 599]) {
  claim(
    `${status} is a failure that is not tried again`,
    (_, response) => {
      response.statusCode = status;
      response.end('why');
    },
    async ({ origin, loader }) => {
      const error = await failureOf(load(loader, 'k'));
      assert.is(error.code, 'load_failed');
      assert.is(error.message, `${origin.url} answered ${status}`);
      assert.is(error.unreachable, false);
      assert.is(origin.requests.length, 1);
    },
    { retries: 2 },
  );
}

claim(
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
  'the origin is told that no encoding is accepted',
  (request, response) => response.end(request.headers['accept-encoding']),
  async ({ loader }) => assert.is(await loadText(loader, 'k'), 'identity'),
);

claim(
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

claim(
  'a content type that cannot be stored, or none, is application/octet-stream',
  (request, response) => {
    if (request.url === '/v/long') response.setHeader('content-type', `text/${'x'.repeat(300)}`);
    if (request.url === '/v/bytes') response.setHeader('content-type', 'text/pl\xe4in');
    response.end();
  },
  async ({ loader }) => {
    for (const key of ['long', 'bytes', 'none']) {
      const loaded = await load(loader, key);
      assert.is(loaded.kind === 'value' && loaded.contentType, 'application/octet-stream', key);
    }
  },
);

claim(
  'an ETag that cannot be kept is dropped',
  (request, response) => {
    response.setHeader('etag', request.url === '/v/long' ? `"${'x'.repeat(300)}"` : '"a b"');
    response.end();
  },
  async ({ loader }) => {
    for (const key of ['long', 'blank']) {
      const loaded = await load(loader, key);
      assert.is(loaded.kind === 'value' && loaded.etag, undefined, key);
    }
  },
);

claim(
  'a value whose tags cannot be kept is a failure: it could not be invalidated by them',
  (request, response) => {
    const tags = Array.from({ length: 65 }, (_, n) => `t${n}`).join(' ');
    response.setHeader('surrogate-key', request.url === '/v/many' ? tags : `t-${'x'.repeat(300)}`);
    response.end('x');
  },
  async ({ loader }) => {
    for (const key of ['many', 'long']) {
      const error = await failureOf(load(loader, key));
      assert.match(error.message, 'Surrogate-Key');
      assert.not.match(error.message, 't-');
    }
  },
);

const reasons: string[] = [];
claim(
  'what may not be stored is said in the terms, and to whoever counts it',
  (_, response) => {
    response.setHeader('cache-control', 'no-store');
    response.end();
  },
  async ({ loader }) => {
    const loaded = await load(loader, 'k');
    assert.is(loaded.kind === 'value' && loaded.terms.unstorable, 'no-store');
    assert.equal(reasons, ['no-store']);
  },
  {},
  { onUnstorable: (reason) => reasons.push(reason) },
);

claim(
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

test('a CA file that cannot be read is an error at the start, naming it', () => {
  assert.throws(
    () => loaderFor('https://127.0.0.1/{key}', { caFile: '/nowhere/ca.pem' }),
    (error: unknown) => error instanceof ConfigError && error.message.includes('/nowhere/ca.pem'),
  );
});

claim(
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

test.run();
