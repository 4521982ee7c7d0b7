// What a target came to, as the resolver's cache holds it.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LoadError } from '../../src/errors.ts';
import { formatResolved, parseResolved, type Resolved, scrapeOf } from '../../src/landscape/resolved-app.ts';
import { app, application, DEFAULT_SCRAPE, target } from './samples.ts';

const test = suite('resolved app');

const ANNOTATED = target({ kubernetesAnnotations: 'true', path: '/own' });

function annotatedPath(annotations: Record<string, string>): string | undefined {
  return scrapeOf(ANNOTATED, application({ annotations }))?.path;
}

test('81: only an app that is STARTED is meant', () => {
  assert.equal(scrapeOf(target({}), application()), DEFAULT_SCRAPE);
  for (const state of ['STOPPED', 'started', ''])
    assert.is(scrapeOf(target({}), application({ state })), undefined);
});

test('81: with annotations asked for, only an app that says scrape: true is meant', () => {
  assert.is(annotatedPath({}), undefined);
  assert.is(annotatedPath({ 'prometheus.io/scrape': 'false' }), undefined);
  assert.is(annotatedPath({ 'prometheus.io/path': '/p' }), undefined);
  assert.is(annotatedPath({ 'prometheus.io/scrape': 'true' }), '/own');
  assert.is(annotatedPath({ 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/p' }), '/p');
});

test('81: an app with letters of mixed case in its name is meant by its annotations', () => {
  const mixed = application({ name: 'MyApp', annotations: { 'prometheus.io/scrape': 'true' } });
  assert.is(scrapeOf(ANNOTATED, mixed)?.path, '/own');
});

test('81: a path annotation without its slash is given one, what can be no path is left out', () => {
  const scrape = { 'prometheus.io/scrape': 'true' };
  assert.is(annotatedPath({ ...scrape, 'prometheus.io/path': 'p?a=1' }), '/p?a=1');
  for (const path of ['', '/a b', '/a\r\nb', '/#', 'x'.repeat(1000)]) {
    assert.is(annotatedPath({ ...scrape, 'prometheus.io/path': path }), '/own');
  }
});

test('81: without annotations asked for they say nothing', () => {
  const annotations = { 'prometheus.io/scrape': 'false', 'prometheus.io/path': '/p' };
  assert.equal(scrapeOf(target({}), application({ annotations })), DEFAULT_SCRAPE);
});

const PLAIN = { noNullPrototype: true };
const named = fc.record({ guid: fc.uuid(), name: fc.string({ unit: 'grapheme' }) }, PLAIN);
const anyResolved: fc.Arbitrary<Resolved> = fc
  .record({
    api: fc.string(),
    complete: fc.boolean(),
    missing: fc.array(fc.string()),
    scrape: fc.record(
      {
        path: fc.constantFrom('/metrics', '/a'),
        protocol: fc.constantFrom('http' as const, 'https' as const),
        preferredRouteRegex: fc.array(fc.string()),
        internalRoutePort: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
      },
      PLAIN,
    ),
    organizations: fc.uniqueArray(
      fc.tuple(
        named,
        fc.uniqueArray(fc.tuple(named, fc.array(named, { minLength: 1, maxLength: 3 })), {
          minLength: 1,
          maxLength: 3,
          selector: ([space]) => space.guid,
        }),
      ),
      { maxLength: 3, selector: ([organization]) => organization.guid },
    ),
    path: fc.constantFrom('/metrics', '/b'),
  })
  .map(({ organizations, path, ...resolved }) => ({
    ...resolved,
    apps: organizations.flatMap(([organization, spaces]) =>
      spaces.flatMap(([space, applications]) =>
        applications.map((one) => ({
          api: resolved.api,
          organization,
          space,
          application: { ...one, state: 'STARTED' },
          scrape: { ...resolved.scrape, path },
        })),
      ),
    ),
  }));

test('what a target came to is read back as it was written, and says whether it is complete', () => {
  fc.assert(
    fc.property(anyResolved, (resolved) => {
      assert.equal(parseResolved(formatResolved(resolved)), resolved);
    }),
    { numRuns: 300 },
  );
});

test('names and guids of an organization and a space are written once, however many apps they have', () => {
  const apps = Array.from({ length: 50 }, (_, at) => app(`app-${at}`));
  const text = formatResolved({ api: 'default', scrape: DEFAULT_SCRAPE, complete: true, missing: [], apps });
  assert.is(text.split('my-org').length, 2);
  assert.is(text.split('space-guid').length, 2);
  assert.is(text.split('"path"').length, 2);
});

test('a value that somebody else wrote is refused as a failed load', () => {
  const good = formatResolved({
    api: 'a',
    scrape: DEFAULT_SCRAPE,
    complete: true,
    missing: [],
    apps: [app()],
  });
  const spoiled = [
    ...['', '{', 'null', '[]', '{}', '"a"'],
    good.replace('"/metrics"', '"metrics"'),
    good.replace('"https"', '"ftp"'),
    good.replace('[{', '[null,{'),
    good.replace('"STARTED"', '1'),
    good.replace('"internal_route_port":null', '"internal_route_port":0'),
  ];
  assert.ok(spoiled.every((text) => text !== good));
  for (const text of spoiled) {
    assert.throws(
      () => parseResolved(text),
      (error: unknown) => error instanceof LoadError && error.code === 'load_failed',
      text,
    );
  }
});

test('what does not say that it is complete is not', () => {
  const text = formatResolved({ api: 'a', scrape: DEFAULT_SCRAPE, complete: true, missing: [], apps: [] });
  assert.is(parseResolved(text).complete, true);
  assert.is(parseResolved(text.replace('"complete":true', '"complete":1')).complete, false);
});

test.run();
