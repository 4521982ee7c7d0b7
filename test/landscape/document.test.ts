// The discovery document.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { discoveryDocument } from '../../src/landscape/document.ts';
import { type AppInstances, instancesOf } from '../../src/landscape/instances.ts';
import { app, DOMAINS, located, process } from './samples.ts';

const test = suite('discovery document');

interface Listed {
  readonly targets: string[];
  readonly labels: Record<string, string>;
}

function textOf(entries: readonly AppInstances[]): string {
  return [...discoveryDocument(entries)].join('');
}

function listed(entries: readonly AppInstances[]): Listed[] {
  return JSON.parse(textOf(entries));
}

function entry(
  name: string,
  count = 1,
  more: Parameters<typeof app>[1] = {},
  url = `${name}.example.org`,
): AppInstances {
  return {
    app: app(name, more),
    instances: Array.from({ length: count }, (_, index) => ({
      address: url,
      path: more.scrape?.path ?? '/metrics',
      protocol: 'https',
      index,
      internal: false,
    })),
  };
}

test('83: an entry has the labels of Promregator, the same under __meta_cf_, and where to scrape', () => {
  const found = instancesOf([located(['a.apps.internal'], { processes: [process(2)] })], DOMAINS);
  assert.equal(listed(found)[1], {
    targets: ['1.a.apps.internal:8080'],
    labels: {
      __metrics_path__: '/metrics',
      __scheme__: 'http',
      __meta_promregator_target_path: '/metrics',
      __meta_promregator_target_orgName: 'my-org',
      __meta_promregator_target_spaceName: 'my-space',
      __meta_promregator_target_applicationName: 'my-app',
      __meta_promregator_target_applicationId: 'my-app-guid',
      __meta_promregator_target_instanceNumber: '1',
      __meta_promregator_target_instanceId: 'my-app-guid:1',
      __meta_cf_path: '/metrics',
      __meta_cf_orgName: 'my-org',
      __meta_cf_spaceName: 'my-space',
      __meta_cf_applicationName: 'my-app',
      __meta_cf_applicationId: 'my-app-guid',
      __meta_cf_instanceNumber: '1',
      __meta_cf_instanceId: 'my-app-guid:1',
      __meta_cf_api: 'default',
      __meta_cf_orgId: 'org-guid',
      __meta_cf_spaceId: 'space-guid',
      __meta_cf_internal: 'true',
      __meta_cf_app_instance: 'my-app-guid:1',
    },
  });
});

test('83: without apps the document is an empty list', () => {
  assert.is(textOf([]), '[]');
  assert.is(textOf([entry('a', 0)]), '[]');
});

test('83: one entry an instance, with one address, and labels that are text with names that Prometheus takes', () => {
  const anyEntry = fc
    .record({
      name: fc.string({ unit: 'grapheme', minLength: 1 }),
      count: fc.nat(4),
      path: fc.constantFrom('/metrics', '/a?b=c&d-e=f&b=g&9=', '/?', '/?__proto__=x'),
      protocol: fc.constantFrom('http' as const, 'https' as const),
      internal: fc.boolean(),
    })
    .map(({ name, count, path, protocol, internal }) => {
      const { app: one, instances } = entry(name, count, { scrape: { path } });
      return { app: one, instances: instances.map((instance) => ({ ...instance, protocol, internal })) };
    });
  const entries = fc.uniqueArray(anyEntry, {
    maxLength: 8,
    selector: ({ app: { application } }) => application.guid,
  });
  fc.assert(
    fc.property(entries, (given) => {
      const all = listed(given);
      const wanted = new Map(
        given.flatMap(({ app: one, instances }) =>
          instances.map((instance) => [`${one.application.guid}:${instance.index}`, instance]),
        ),
      );
      assert.is(all.length, wanted.size);
      for (const one of all) {
        assert.equal(Object.keys(one), ['targets', 'labels']);
        for (const [name, value] of Object.entries(one.labels)) {
          assert.match(name, /^[a-zA-Z_]\w*$/);
          assert.type(value, 'string');
        }
        const instance = wanted.get(one.labels.__meta_cf_instanceId!)!;
        assert.equal(one.targets, [instance.address]);
        assert.is(one.labels.__scheme__, instance.protocol);
        assert.is(one.labels.__metrics_path__, instance.path.replace(/\?.*/, ''));
        assert.is(one.labels.__meta_cf_internal, String(instance.internal));
      }
      assert.is(new Set(all.map(({ labels }) => labels.__meta_cf_instanceId)).size, all.length);
    }),
    { numRuns: 300 },
  );
});

test('83: apps of the same names stand in the order of their guids', () => {
  const [one, other] = ['1', '2'].map((guid): AppInstances => {
    const { app: of, instances } = entry('a');
    return { app: { ...of, application: { ...of.application, guid } }, instances };
  });
  assert.is(textOf([other!, one!]), textOf([one!, other!]));
});

test('83: the same landscape is the same document, in whatever order it was found', () => {
  const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 8 });
  const shuffled = names.chain((given) =>
    fc.tuple(
      fc.constant(given),
      fc.shuffledSubarray(given, { minLength: given.length, maxLength: given.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([given, other]) => {
      const document = (order: readonly string[]): string => textOf(order.map((name) => entry(name, 2)));
      assert.is(document(other), document(given));
    }),
    { numRuns: 200 },
  );
});

test('86: an instance that several targets mean is listed once, as the first of them has it', () => {
  const first = entry('a', 2);
  const http = { ...first, instances: first.instances.map((one) => ({ ...one, protocol: 'http' as const })) };
  assert.equal(listed([first, entry('b'), http, first]), listed([first, entry('b')]));
  assert.equal(listed([http, first]), listed([http]));
});

test('86: another path, address, instance or API is another entry', () => {
  const one = entry('a');
  const others = [
    entry('a', 1, { scrape: { path: '/other' } }),
    entry('a', 1, {}, 'other.example.org'),
    entry('a', 2),
    entry('a', 1, { api: 'eu' }),
  ];
  for (const other of others) assert.is(listed([one, other]).length, 2);
});

test('83: the parameters of a path are labels, as Prometheus would escape them in the path', () => {
  const [one] = listed([entry('a', 1, { scrape: { path: '/m?format=a%20b&format=c&no-label=1&x=' } })]);
  const { labels } = one!;
  assert.is(labels.__metrics_path__, '/m');
  assert.is(labels.__meta_promregator_target_path, '/m');
  assert.equal(
    Object.entries(labels).filter(([name]) => name.startsWith('__param_')),
    [
      ['__param_format', 'a b'],
      ['__param_x', ''],
    ],
  );
});

test.run();
