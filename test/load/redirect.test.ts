import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failureOf, load, loaderFor, loadText } from './loading.ts';
import { type Origin, startOrigin } from './origin.ts';

const test = suite('redirects');

/** An origin where /to/<n> answers 302 to `location(n)`, and all else its URL. */
async function redirecting(location: (from: string) => string | undefined, status = 302): Promise<Origin> {
  return await startOrigin((request, response) => {
    const to = location(request.url ?? '');
    if (to === undefined) {
      response.end(`${request.url} ${request.headers.authorization ?? ''}`);
      return;
    }
    response.writeHead(status, { location: to });
    response.end('moved');
  });
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`${status} to the same origin is followed, with the configured headers`, async () => {
    const origin = await redirecting((from) => (from === '/a/k' ? '../b?x=1#part' : undefined), status);
    const loader = loaderFor(`${origin.url}/a/{key}`, { headers: { authorization: 'Bearer t' } });
    assert.is(await loadText(loader, 'k'), '/b?x=1 Bearer t');
    assert.is(origin.connections.length, 1);
    loader.close();
    await origin.close();
  });
}

test('an absolute URL of the same origin is followed', async () => {
  const origin: Origin = await redirecting((from) => (from === '/k' ? `${origin.url}/there` : undefined));
  const loader = loaderFor(`${origin.url}/{key}`);
  assert.is(await loadText(loader, 'k'), '/there ');
  loader.close();
  await origin.close();
});

test('a redirect to another port is refused, and that port not asked', async () => {
  const other = await startOrigin((_, response) => response.end('secret'));
  const origin = await redirecting(() => `${other.url}/admin?token=sesame`);
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 2 });
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.message, `${origin.url} answered 302: redirect to another origin refused (${other.url})`);
  assert.is(other.connections.length, 0);
  assert.is(origin.requests.length, 1);
  loader.close();
  await Promise.all([origin.close(), other.close()]);
});

test('every way to spell another origin is refused', async () => {
  const port = (origin: Origin): string => String(origin.port);
  for (const spell of [
    (origin: Origin) => `https://127.0.0.1:${port(origin)}/`,
    (origin: Origin) => `//localhost:${port(origin)}/`,
    (origin: Origin) => `http://127.0.0.1:${port(origin)}@169.254.169.254/latest`,
    () => '//169.254.169.254/latest/meta-data',
    () => '\\\\169.254.169.254\\latest',
    () => '/\\169.254.169.254/latest',
    () => 'http:\\\\169.254.169.254/',
    () => 'file:///etc/passwd',
    () => 'data:text/plain,hello',
    () => 'javascript:1',
    (origin: Origin) => `http://user:sesame@127.0.0.1:${port(origin)}/`,
    () => 'http://[',
  ]) {
    const origin: Origin = await redirecting((from) => (from === '/k' ? spell(origin) : undefined));
    const loader = loaderFor(`${origin.url}/{key}`);
    const error = await failureOf(load(loader, 'k'));
    assert.is(error.code, 'load_failed', spell(origin));
    assert.is(origin.requests.length, 1, spell(origin));
    assert.not.match(error.message, 'sesame');
    loader.close();
    await origin.close();
  }
});

test('a redirect without a Location is a failure', async () => {
  const origin = await startOrigin((_, response) => {
    response.statusCode = 302;
    response.end();
  });
  const loader = loaderFor(`${origin.url}/{key}`);
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.message, `${origin.url} answered 302 without a Location to follow`);
  loader.close();
  await origin.close();
});

test('five redirects are followed, six are not', async () => {
  const origin = await redirecting((from) => {
    const left = Number(from.slice(1));
    return left > 0 ? `/${left - 1}` : undefined;
  });
  const loader = loaderFor(`${origin.url}/{key}`);
  assert.is(await loadText(loader, '5'), '/0 ');
  const error = await failureOf(load(loader, '6'));
  assert.is(error.message, `${origin.url} redirected more than 5 times`);
  loader.close();
  await origin.close();
});

test('a redirect to itself ends', async () => {
  const origin = await redirecting(() => '/k');
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 2 });
  await failureOf(load(loader, 'k'));
  assert.is(origin.requests.length, 6);
  loader.close();
  await origin.close();
});

test.run();
