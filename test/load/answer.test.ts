import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { claim } from './claim.ts';
import { failureOf, load, RememberingSink } from './loading.ts';

const test = suite('answers');

claim(
  test,
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
  test,
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
  test,
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
    test,
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
    test,
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
    test,
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
  test,
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
  test,
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
  test,
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
  test,
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

test.run();
