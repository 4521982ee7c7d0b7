import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError, RequestError } from '../../src/errors.ts';
import { compileUrlTemplate, templateProblem } from '../../src/load/url-template.ts';
import { failureOf, load, loaderFor } from './loading.ts';
import { startOrigin } from './origin.ts';

const test = suite('url template');

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
/** Made of what paths are made of, so that dangerous keys come up often. */
const pathLike = fc
  .array(
    fc.constantFrom('.', '..', '/', '\\', '%2e', '%2f', '%5c', 'a', '?', '#', ';', ' ', 'é', '\0', '@', ':'),
    {
      maxLength: 6,
    },
  )
  .map((parts) => Buffer.from(parts.join('')));
const anyKey = fc.oneof(bytes, pathLike);

function decoded(text: string): Buffer {
  return Buffer.from(unescape(text), 'latin1');
}

function refused(fill: () => string): boolean {
  try {
    fill();
    return false;
  } catch (error) {
    return error instanceof RequestError && error.code === 'bad_key';
  }
}

test('any key in a path is those bytes, one segment under the fixed prefix, or it is refused', () => {
  const { fill } = compileUrlTemplate('http://origin:81/a/b/{key}/c');
  fc.assert(
    fc.property(anyKey, (key) => {
      if (refused(() => fill(key))) {
        return (
          key.length === 0 ||
          key
            .toString('latin1')
            .split(/[/\\]/)
            .some((part) => part === '.' || part === '..')
        );
      }
      const url = new URL(fill(key));
      const [, a, b, segment, c, ...more] = url.pathname.split('/');
      const untouched = url.host === 'origin:81' && url.search === '' && url.hash === '' && more.length === 0;
      return untouched && a === 'a' && b === 'b' && c === 'c' && decoded(segment ?? '').equals(key);
    }),
    { numRuns: 2000 },
  );
});

test('any key in a query value is those bytes in that value, and nothing else changes', () => {
  const { fill } = compileUrlTemplate('http://origin:81/a?x=1&id={key}&y=2');
  fc.assert(
    fc.property(anyKey, (key) => {
      const url = new URL(fill(key));
      const [x, id, y, ...more] = url.search.slice(1).split('&');
      const untouched =
        url.host === 'origin:81' && url.pathname === '/a' && url.hash === '' && more.length === 0;
      return untouched && x === 'x=1' && y === 'y=2' && decoded(id?.slice('id='.length) ?? '').equals(key);
    }),
    { numRuns: 2000 },
  );
});

test('the origin sees exactly the bytes of the key', async () => {
  const origin = await startOrigin((request, response) => response.end(request.url));
  const loader = loaderFor(`${origin.url}/v/{key}.json?also={key}`);
  await fc.assert(
    fc.asyncProperty(anyKey, async (key) => {
      const seen = origin.requests.length;
      const loaded = await load(loader, key).catch((error: unknown) => error);
      if (loaded instanceof RequestError) return origin.requests.length === seen;
      const target = /^\/v\/([^/?]+)\.json\?also=([^&]*)$/.exec(origin.requests[seen]?.url ?? '');
      return decoded(target?.[1] ?? '').equals(key) && decoded(target?.[2] ?? '').equals(key);
    }),
    { numRuns: 200 },
  );
  loader.close();
  await origin.close();
});

test('an escape that a client put into the key is data: it is escaped again', () => {
  const { fill } = compileUrlTemplate('http://o/a/{key}');
  assert.is(fill(Buffer.from('%2e%2e')), 'http://o/a/%252e%252e');
  assert.is(fill(Buffer.from('%2e%2e%2fadmin')), 'http://o/a/%252e%252e%252fadmin');
});

test('slashes in a key stay within its segment', () => {
  const { fill } = compileUrlTemplate('http://o/a/{key}');
  assert.is(fill(Buffer.from('x/y\\z')), 'http://o/a/x%2Fy%5Cz');
});

test('keys with dot parts and the empty key are refused in a path', () => {
  const { fill } = compileUrlTemplate('http://o/a/{key}');
  for (const key of ['', '.', '..', '../x', 'x/..', 'x/./y', '..\\x', 'x\\..', '/..', '../', 'a/../b']) {
    assert.ok(
      refused(() => fill(Buffer.from(key))),
      JSON.stringify(key),
    );
  }
});

test('keys that merely have dots are loaded', () => {
  const { fill } = compileUrlTemplate('http://o/a/{key}');
  assert.is(fill(Buffer.from('...')), 'http://o/a/...');
  assert.is(fill(Buffer.from('.hidden')), 'http://o/a/.hidden');
  assert.is(fill(Buffer.from('v1..v2/a.b')), 'http://o/a/v1..v2%2Fa.b');
});

test('in a query every key is allowed, also the empty one and dots', () => {
  const { fill } = compileUrlTemplate('http://o/a?id={key}');
  assert.is(fill(Buffer.from('')), 'http://o/a?id=');
  assert.is(fill(Buffer.from('../x')), 'http://o/a?id=..%2Fx');
  assert.is(fill(Buffer.from("'&=+#")), 'http://o/a?id=%27%26%3D%2B%23');
});

test('a refused key is not sent to the origin', async () => {
  const origin = await startOrigin((_, response) => response.end());
  const loader = loaderFor(`${origin.url}/{key}`);
  const error = await load(loader, '../admin').catch((thrown: unknown) => thrown);
  assert.instance(error, RequestError);
  assert.is(origin.connections.length, 0);
  loader.close();
  await origin.close();
});

test('a template may hold the key more than once, and within a segment', () => {
  const { fill } = compileUrlTemplate('http://o/a-{key}.json?id=x{key}');
  assert.is(fill(Buffer.from('k k')), 'http://o/a-k%20k.json?id=xk%20k');
});

test('userinfo becomes Basic Authorization and leaves the URL', () => {
  const template = compileUrlTemplate('http://us%20er:p%3Ass@origin:81/{key}');
  assert.is(template.authorization, `Basic ${Buffer.from('us er:p:ss').toString('base64')}`);
  assert.is(template.fill(Buffer.from('k')), 'http://origin:81/k');
  assert.is(template.origin, 'http://origin:81');
});

test('host and port are those to connect to, with the default of the scheme', () => {
  const { hostname, port } = compileUrlTemplate('https://[::1]/{key}');
  assert.equal({ hostname, port }, { hostname: '::1', port: 443 });
  assert.is(compileUrlTemplate('http://o/{key}').port, 80);
});

test('a fragment of the template is not sent', () => {
  assert.is(compileUrlTemplate('http://o/{key}#part').fill(Buffer.from('k')), 'http://o/k');
});

for (const [place, url] of [
  ['nowhere', 'http://o/a'],
  ['the scheme', '{key}://o/a'],
  ['the host', 'http://{key}/a'],
  ['a part of the host', 'http://{key}.example.com/{key}'],
  ['the port', 'http://o:{key}/a'],
  ['the user', 'http://{key}:p@o/{key}'],
  ['the password', 'http://u:{key}@o/{key}'],
  ['the fragment', 'http://o/a#{key}'],
  ['the fragment besides the path', 'http://o/{key}#{key}'],
  ['the name of a query parameter', 'http://o/a?{key}=1'],
  ['a query parameter without a value', 'http://o/a?{key}'],
  ['a segment that .. takes back', 'http://o/a/{key}/../b'],
  ['an escape', 'http://o/a/%{key}'],
  ['an escape begun', 'http://o/a?x=%2{key}'],
  ['a segment with leading dots', 'http://o/a/..{key}'],
  ['a segment with escaped dots', 'http://o/a/x%2F%2e{key}'],
  ['a segment with trailing dots', 'http://o/a/{key}.'],
  ['a file URL', 'file:///{key}'],
  ['no URL', '/a/{key}'],
] as const) {
  test(`a template with the key in ${place} is refused`, () => {
    assert.type(templateProblem(url), 'string');
    assert.throws(
      () => compileUrlTemplate(url),
      (error: unknown) => error instanceof ConfigError,
    );
  });
}

test('what is wrong with a template is told without its password', () => {
  for (const url of ['http://u:sesame@o/', 'ftp://u:sesame@o/{key}', 'http://u:sesame%zz@o/{key}']) {
    assert.not.match(templateProblem(url) ?? '', 'sesame');
  }
});

test('a usable template has no problem', () => {
  for (const url of [
    'http://o/{key}',
    'https://u:p@o:1/a/{key}.json?x={key}',
    'http://[::1]:8080/a?={key}',
  ]) {
    assert.is(templateProblem(url), undefined);
  }
});

test('no failure of a load names the key or the query', async () => {
  const origin = await startOrigin((_, response) => {
    response.statusCode = 500;
    response.end();
  });
  const loader = loaderFor(`${origin.url}/a/{key}?token=sesame`);
  const error = await failureOf(load(loader, 'private-key'));
  assert.is(error.message, `${origin.url} answered 500`);
  loader.close();
  await origin.close();
});

test.run();
