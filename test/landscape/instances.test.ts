// The running instances of apps, and where each is scraped.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestError } from '../../src/errors.ts';
import { type Instance, instancesOf, type Located } from '../../src/landscape/instances.ts';
import { app, DOMAINS, located, process, route } from './samples.ts';

const test = suite('instances');

function instances(one: Located): readonly Instance[] {
  const [found] = instancesOf([one], DOMAINS);
  assert.is(found?.app, one.app);
  return found!.instances;
}

function addresses(one: Located): string[] {
  return instances(one).map(({ address, path }) => address + path);
}

/** Where the only instance is scraped. */
function chosen(urls: readonly string[], ...preferredRouteRegex: string[]): string | undefined {
  return addresses(located(urls, { app: app('my-app', { scrape: { path: '/', preferredRouteRegex } }) }))[0];
}

test('83: an app has one entry for each instance of its web process, counted from 0', () => {
  assert.equal(instances(located(['a.example.org'], { processes: [process(3)] })), [
    { address: 'a.example.org', path: '/metrics', protocol: 'https', index: 0, internal: false },
    { address: 'a.example.org', path: '/metrics', protocol: 'https', index: 1, internal: false },
    { address: 'a.example.org', path: '/metrics', protocol: 'https', index: 2, internal: false },
  ]);
});

test('87: while a new version is rolled out the instances of both web processes are listed', () => {
  const processes = [
    process(2),
    process(1),
    process(5, { type: 'worker' }),
    process(7, { appGuid: 'other' }),
  ];
  assert.equal(
    instances(located(['a.example.org'], { processes })).map(({ index }) => index),
    [0, 1, 2],
  );
});

test('81: an app that is not STARTED, that runs nothing, or that has no route has no instances', () => {
  assert.equal(instances(located(['a.example.org'], { app: app('my-app', { state: 'STOPPED' }) })), []);
  assert.equal(instances(located(['a.example.org'], { processes: [process(0)] })), []);
  assert.equal(instances(located(['a.example.org'], { processes: [] })), []);
  assert.equal(instances(located([])), []);
  for (const odd of [-1, Number.NaN]) {
    assert.equal(instances(located(['a.example.org'], { processes: [process(odd)] })), []);
  }
});

test('82: without a preference the first route of the API is taken', () => {
  assert.is(chosen(['r3.example.org', 'r2.example.org', 'r1.example.org']), 'r3.example.org/');
});

test('82: the first expression that matches a whole route decides, and of its routes the first', () => {
  const routes = ['r3.example.org', 'r2a.example.org', 'r2b.example.org', 'r1.example.org'];
  assert.is(chosen(routes, 'r1.*', 'r2.*'), 'r1.example.org/');
  assert.is(chosen(routes, 'none', 'r2.*', 'r1.*'), 'r2a.example.org/');
  assert.is(
    chosen(['r3.example.org', 'r1.example.org/with/path'], 'r1\\.example\\.org', '.*/path'),
    'r1.example.org/with/path/',
  );
  assert.is(chosen(routes, 'R1\\.EXAMPLE\\.ORG'), 'r1.example.org/');
});

test('82: where no expression matches, the first route is taken all the same', () => {
  assert.is(chosen(['r3.example.org', 'r1.example.org'], 'r1', 'example'), 'r3.example.org/');
});

test('82: behind an internal route each instance has an address of its own, over plain HTTP', () => {
  const processes = [process(2)];
  assert.equal(instances(located(['a.apps.internal'], { processes })), [
    { address: '0.a.apps.internal:8080', path: '/metrics', protocol: 'http', index: 0, internal: true },
    { address: '1.a.apps.internal:8080', path: '/metrics', protocol: 'http', index: 1, internal: true },
  ]);
});

test('82: the port of an internal route is that of the target, or else of the destination', () => {
  const routes = [route('a.apps.internal', [{ port: 9000, appGuid: 'other' }, { port: 9090 }])];
  assert.equal(addresses(located([], { routes })), ['0.a.apps.internal:9090/metrics']);
  const own = app('my-app', { scrape: { internalRoutePort: 7070 } });
  assert.equal(addresses(located([], { routes, app: own })), ['0.a.apps.internal:7070/metrics']);
});

test('82: behind the port where the platform ends TLS between containers it is HTTPS', () => {
  const own = app('my-app', { scrape: { internalRoutePort: 61_443, protocol: 'http' } });
  assert.is(instances(located(['a.apps.internal'], { app: own }))[0]?.protocol, 'https');
});

test('82: a domain that is not known counts as one that is not internal', () => {
  const [found] = instancesOf([located(['a.apps.internal'])], new Map());
  assert.equal(found?.instances[0]?.address, 'a.apps.internal');
});

test('82: the path of a route stands before the path of the target', () => {
  assert.equal(addresses(located(['a.example.org/some/'])), ['a.example.org/some/metrics']);
});

test('82: a route over TCP is not scraped, whether its destination says so or only its port', () => {
  const tcp = [
    route('tcp.example.org:1024', [{ protocol: 'tcp' }]),
    route('tcp.example.org:1025', [{ protocol: undefined }]),
  ];
  assert.equal(addresses(located([], { routes: tcp })), []);
  assert.equal(
    addresses(located([], { routes: [...tcp, route('a.example.org', [{ protocol: undefined }])] })),
    ['a.example.org/metrics'],
  );
});

test('82: a route to the web process is taken before one to another process of the app', () => {
  const routes = [route('w.example.org', [{ processType: 'worker' }]), route('a.example.org')];
  assert.equal(addresses(located([], { routes })), ['a.example.org/metrics']);
  assert.equal(addresses(located([], { routes: routes.slice(0, 1) })), ['w.example.org/metrics']);
});

test('74: a route that leads to other apps alone is not taken', () => {
  const routes = [route('o.example.org', [{ appGuid: 'other' }]), route('p.example.org', [])];
  assert.equal(addresses(located([], { routes })), []);
});

test('82: a wildcard is taken last, with a name that is nobody else’s', () => {
  assert.is(chosen(['*.example.org', 'a.example.org']), 'a.example.org/');
  assert.is(chosen(['*.example.org']), 'my-app-guid.example.org/');
  assert.is(chosen(['a.example.org', '*.example.org'], '\\*\\..*'), 'my-app-guid.example.org/');
});

test('82: an expression for routes that takes too long is refused, once for all apps', () => {
  const scrape = { preferredRouteRegex: ['(a+)+b'] };
  const many = Array.from({ length: 200 }, (_, at) =>
    located([`${'a'.repeat(50)}${at}`], { app: app('my-app', { scrape }) }),
  );
  assert.throws(
    () => instancesOf(many, DOMAINS),
    (error: unknown) =>
      error instanceof RequestError &&
      error.code === 'bad_query' &&
      error.message.includes('preferredRouteRegex'),
  );
});

test('74: every app keeps its own routes, counts and preference, however they stand among others', () => {
  const one = fc.record({
    urls: fc.uniqueArray(
      fc.constantFrom('a.example.org', 'b.example.org', 'c.apps.internal', '*.example.org'),
      {
        maxLength: 4,
      },
    ),
    count: fc.nat(4),
    preferred: fc.subarray(['b.*', 'c.*', 'x']),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), (given) => {
      const all = given.map(({ urls, count, preferred }) =>
        located(urls, {
          app: app('my-app', { scrape: { preferredRouteRegex: preferred } }),
          processes: [process(count)],
        }),
      );
      assert.equal(
        instancesOf(all, DOMAINS).map((found) => found.instances),
        all.map((each) => instances(each)),
      );
    }),
    { numRuns: 150 },
  );
});

test.run();
