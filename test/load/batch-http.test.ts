// Several keys in one request: which are asked for, what each gets of the answer, and what fails whom.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LoadError, RequestError, RoomError } from '../../src/errors.ts';
import { seededRandom } from '../store/seeded-random.ts';
import { all, batching, keysOf, loadAll, ownValue, saying } from './batching.ts';
import { delay, failureOf, load, loaderFor, RememberingSink } from './loading.ts';
import { startRawOrigin } from './origin.ts';

const test = suite('http batch');

/** One that no other delay has. */
const WINDOW_MS = 7;

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `key-${i}`);
const ownText = (key: string): string => JSON.stringify(ownValue(key));

test('150 keys missed within the window are 2 requests of at most 100 keys', () =>
  batching(all, async (setting) => {
    assert.equal(await loadAll(setting, names(150)), names(150).map(ownText));
    assert.equal(
      setting.asked.map((keys) => keys.length),
      [100, 50],
    );
  }));

test('with random delays every key keeps its own value', async () => {
  const random = seededRandom(5);
  const later: typeof all = (keys, response, request) => {
    const shuffled = [...keys].sort(() => random() - 0.5);
    setTimeout(() => all(shuffled, response, request), random.below(20));
  };
  await batching(
    later,
    async (setting) => {
      const rounds = Array.from({ length: 10 }, () => names(60).filter(() => random.percent(70)));
      const texts = await Promise.all(rounds.map((keys) => loadAll(setting, keys)));
      assert.equal(
        texts,
        rounds.map((keys) => keys.map(ownText)),
      );
      assert.ok(setting.asked.length < 100);
    },
    { batchSize: 7, batchWindowMs: 1 },
  );
});

test('a value is stored as its JSON text, whatever it is', async () => {
  const values: [string, string][] = [
    ['number', '12345678901234567890'],
    ['fraction', '1.0'],
    ['string', '"caf\\u00e9 \\"é\\" 😀"'],
    ['object', '{ "a" : [1, {"b":null}] }'],
    ['null', 'null'],
    ['false', 'false'],
  ];
  const body = `{${values.map(([key, text]) => `${JSON.stringify(key)} : ${text} `).join(',')}}`;
  await batching(saying(body), async (setting) => {
    const keys = values.map(([key]) => key);
    assert.equal(
      await loadAll(setting, keys),
      values.map(([, text]) => text),
    );
  });
});

test('headers of the answer hold for all of its keys, but for the ETag', async () => {
  const headers = {
    etag: '"of all"',
    'cache-control': 'max-age=60',
    'surrogate-key': 'users team-7',
    'content-type': 'application/vnd.own+json',
  };
  await batching(saying('{"a":1,"b":2}', headers), async ({ loader, origin }) => {
    const loaded = await Promise.all(['a', 'b'].map((key) => load(loader, key, { etag: '"old"' })));
    for (const one of loaded) {
      assert.is(one.kind, 'value');
      if (one.kind !== 'value') continue;
      assert.equal([one.contentType, one.etag, one.status], ['application/json', undefined, 200]);
      assert.equal(one.tags, ['users', 'team-7']);
      assert.is(one.terms.freshMs, 60_000);
    }
    assert.is(origin.requests[0]?.headers['if-none-match'], undefined);
  });
});

test('an answer that may not be stored says so once', async () => {
  const reasons: string[] = [];
  await batching(
    saying('{"a":1,"b":2}', { 'cache-control': 'no-store' }),
    async (setting) => {
      assert.equal(await loadAll(setting, ['a', 'b']), ['1', '2']);
      assert.equal(reasons, ['no-store']);
    },
    {},
    { onUnstorable: (reason) => void reasons.push(reason) },
  );
});

test('a key that the answer does not have is absent, as of a 404', () =>
  batching(saying('{"a":1,"other":2}'), async ({ loader }) => {
    const [there, missing] = await Promise.all([load(loader, 'a'), load(loader, 'b')]);
    assert.is(there.kind, 'value');
    assert.equal(missing, { kind: 'absent', status: 404 });
  }));

for (const status of [404, 410]) {
  test(`${status}: none of the keys exists`, () =>
    batching(
      (_, response) => {
        response.statusCode = status;
        response.end('{"a":1}');
      },
      async ({ loader }) => {
        const loaded = await Promise.all(['a', 'b'].map((key) => load(loader, key)));
        assert.equal(loaded, Array(2).fill({ kind: 'absent', status }));
      },
    ));
}

for (const [what, body] of [
  ['nothing', ''],
  ['a list', '[{"a":1}]'],
  ['a string', '"a"'],
  ['a page for people', '<html></html>'],
  ['an object that breaks off', '{"a":1,"b":'],
  ['an object with more behind it', '{"a":1,"b":2}{}'],
  ['an object with a wrong number', '{"a":1,"b":02}'],
] as const) {
  test(`${what}: all keys fail, and with one and the same error`, () =>
    batching(saying(body), async ({ loader, origin }) => {
      const errors = await Promise.all(['a', 'b', 'c'].map((key) => failureOf(load(loader, key))));
      assert.is(errors[0]?.code, 'load_failed');
      assert.is(errors[0]?.message, `${origin.url} answered with something that is not a JSON object`);
      assert.ok(errors.every((error) => error === errors[0]));
    }));
}

test('a key that stands in the answer twice makes it unusable', () =>
  batching(saying('{"a":1,"b":2,"\\u0061":3}'), async ({ loader }) => {
    const errors = await Promise.all(['a', 'b'].map((key) => failureOf(load(loader, key))));
    for (const { message } of errors) assert.match(message, /has a key twice$/);
  }));

test('keys may be called like the properties of objects, and hold any character', () =>
  batching(all, async (setting) => {
    const keys = ['__proto__', 'constructor', 'a,b', 'a b&c=d#e?', '%2C', '"\\\n', 'é😀', '{keys}'];
    assert.equal(await loadAll(setting, keys), keys.map(ownText));
    assert.equal(setting.asked, [keys]);
    assert.match(
      setting.origin.requests[0]?.url ?? '',
      '__proto__,constructor,a%2Cb,a%20b%26c%3Dd%23e%3F,%252C,',
    );
  }));

test('a key that is empty, or no UTF-8, is refused and nobody is asked', () =>
  batching(all, async ({ loader, origin }) => {
    for (const key of [Buffer.alloc(0), Buffer.from([0xff]), Buffer.from('é').subarray(0, 1)]) {
      const error = await load(loader, key).catch((thrown: unknown) => thrown);
      assert.instance(error, RequestError);
      assert.is((error as RequestError).code, 'bad_key');
    }
    assert.is(origin.connections.length, 0);
  }));

test('no URL gets longer than 8000 bytes, but for a key that is longer by itself', () =>
  batching(
    all,
    async (setting) => {
      const long = Array.from({ length: 30 }, (_, i) => `${i}-`.padEnd(700, 'x'));
      const longest = 'y'.repeat(9000);
      const keys = [...long.slice(0, 15), longest, ...long.slice(15)];
      assert.equal(await loadAll(setting, keys), keys.map(ownText));
      const lengths = setting.origin.requests.map(({ url = '' }) => url.length);
      assert.is(lengths.filter((length) => length > 8000).length, 1);
      assert.ok(setting.asked.some((asked) => asked.length === 1 && asked[0] === longest));
      assert.ok(setting.asked.some((asked) => asked.length > 9));
    },
    {},
    { maxValueBytes: 20_000 },
  ));

test('the same key wanted twice is sent once, and both get it', () =>
  batching(all, async (setting) => {
    assert.equal(await loadAll(setting, ['a', 'b', 'a']), ['a', 'b', 'a'].map(ownText));
    assert.equal(setting.asked, [['a', 'b']]);
  }));

test('a value over max_value fails its key alone', () =>
  batching(
    saying(`{"a":"${'x'.repeat(8)}","b":"${'x'.repeat(9)}","c":1}`),
    async (setting) => {
      const [a, b, c] = await loadAll(setting, ['a', 'b', 'c']);
      assert.equal([a, c], ['"xxxxxxxx"', '1']);
      assert.is(b, `${setting.origin.url} answered with more than the 10 bytes of max_value`);
    },
    {},
    { maxValueBytes: 10 },
  ));

test('a value that finds no room fails its key alone', () =>
  batching(all, async ({ loader }) => {
    const full = new RememberingSink();
    full.append = () => {
      throw new RoomError('full');
    };
    const sink = new RememberingSink();
    const [refused] = await Promise.all([
      load(loader, 'a', { sink: full }).catch((error: unknown) => error),
      load(loader, 'b', { sink }),
    ]);
    assert.instance(refused, RoomError);
    assert.is(sink.text, ownText('b'));
  }));

test('who gives up gets nothing more into its sink, and the others get all', async () => {
  const answers: ServerResponse[] = [];
  const giving = new AbortController();
  const [left, stayed] = [new RememberingSink(), new RememberingSink()];
  const arrived = new Promise<void>((resolve) => {
    left.append = (chunk) => {
      RememberingSink.prototype.append.call(left, chunk);
      resolve();
    };
  });
  await batching(
    (_, response) => {
      answers.push(response);
      response.write('{"a":"begun');
    },
    async ({ loader }) => {
      const given = load(loader, 'a', { sink: left, signal: giving.signal }).catch(
        (reason: unknown) => reason,
      );
      const kept = load(loader, 'b', { sink: stayed });
      await arrived;
      giving.abort('gone');
      assert.is(await given, 'gone');
      answers[0]?.end(' and ended","b":2}');
      assert.is((await kept).kind, 'value');
      assert.equal([left.text, stayed.text], ['"begun', '2']);
    },
  );
});

test('when all have given up the request is ended', async () => {
  const giving = new AbortController();
  await batching(
    () => undefined,
    async ({ loader, origin }) => {
      const given = ['a', 'b'].map((key) =>
        load(loader, key, { signal: giving.signal }).catch((reason: unknown) => reason),
      );
      while (origin.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const closed = once(origin.requests[0]!.socket, 'close');
      giving.abort('gone');
      assert.equal(await Promise.all(given), ['gone', 'gone']);
      await closed;
    },
  );
});

test('a failure that may pass is tried again for all, unless some of the values had come', async () => {
  let requests = 0;
  await batching(
    (keys, response, request) => {
      response.statusCode = ++requests === 1 ? 503 : 200;
      all(keys, response, request);
    },
    async (setting) => {
      assert.equal(await loadAll(setting, ['a', 'b']), ['a', 'b'].map(ownText));
      assert.equal(setting.asked, [
        ['a', 'b'],
        ['a', 'b'],
      ]);
    },
    { retries: 1 },
  );
  for (const [begun, tries] of [
    ['{"a"', 2],
    ['{"a":', 2],
    ['{"a":1', 1],
  ] as const) {
    const origin = await startRawOrigin((socket, n) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n${n === 0 ? begun : '{"a":1,"b":2}'}`);
    });
    const loader = loaderFor(`${origin.url}/v?ids={keys}`, { retries: 1 });
    const outcomes = await Promise.all(
      ['a', 'b'].map((key) =>
        load(loader, key).then(
          ({ kind }) => kind,
          (error: LoadError) => error.code,
        ),
      ),
    );
    assert.equal(outcomes, Array(2).fill(tries === 2 ? 'value' : 'load_failed'), begun);
    assert.is(origin.connections.length, tries, begun);
    loader.close();
    await origin.close();
  }
});

test('much that was not asked for makes an answer unusable, however it is chunked', () =>
  batching(
    (_, response) => {
      response.write('{');
      const more = `"junk":"${'x'.repeat(64 * 1024)}",`;
      const write = (): void => {
        if (response.destroyed) return;
        response.write(more, write);
      };
      write();
    },
    async ({ loader, origin }) => {
      const { message } = await failureOf(load(loader, 'a'));
      assert.is(message, `${origin.url} answered with too much that was not asked for`);
    },
  ));

test('while as many requests are under way as may be, what comes goes together', async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await batching(
    (keys, response, request) => {
      if (keys.includes('a')) void released.then(() => all(keys, response, request));
      else all(keys, response, request);
    },
    async (setting) => {
      const loading: Promise<string[]>[] = [];
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        loading.push(loadAll(setting, [key]));
        // Its window is over then.
        await new Promise((resolve) => setImmediate(resolve));
      }
      release();
      assert.equal((await Promise.all(loading)).flat(), ['a', 'b', 'c', 'd', 'e'].map(ownText));
      assert.equal(setting.asked, [['a'], ['b', 'c', 'd', 'e']]);
    },
    { concurrency: 1, batchWindowMs: WINDOW_MS },
    { delay: (ms, signal) => (ms === WINDOW_MS ? Promise.resolve() : delay(ms, signal)) },
  );
});

test('a request is as long as its time-out allows, and says whose answer was late', () =>
  batching(
    () => undefined,
    async ({ loader, origin }) => {
      const errors = await Promise.all(['a', 'b'].map((key) => failureOf(load(loader, key))));
      for (const { code, message } of errors) {
        assert.is(code, 'load_timeout');
        assert.is(message, `${origin.url} did not answer within 1000 ms`);
      }
    },
    { timeoutMs: 1000 },
  ));

test('closing fails who waits for the window, and who waits for the answer', () =>
  batching(
    () => undefined,
    async ({ loader, origin }) => {
      const sent = ['a', 'b'].map((key) => failureOf(load(loader, key)));
      while (origin.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const unsent = failureOf(load(loader, 'c'));
      loader.close();
      for (const { code } of await Promise.all([...sent, unsent])) assert.is(code, 'load_refused');
      assert.equal(origin.requests.map(keysOf), [['a', 'b']]);
    },
    { batchSize: 2, batchWindowMs: 1000 },
  ));

test('no message names a key', () =>
  batching(
    (_, response) => {
      response.statusCode = 500;
      response.end();
    },
    async ({ loader }) => {
      const error = await failureOf(load(loader, 'secret-key'));
      assert.instance(error, LoadError);
      assert.not.match(`${error.message} ${error.stack} ${error.cause}`, 'secret-key');
    },
  ));

test.run();
