// The landscape under attack: what clients, apps and an API that means harm or is broken must not bring about.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inLab } from './landscape-lab.ts';

const test = suite('landscape under attack');

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `/metrics-${i}`);

test('documents of many other targets at once give back exactly the memory they took', () =>
  inLab({ targets: [{}] }, async (lab) => {
    lab.cloud.seed({ organizations: 2, spaces: 3, applications: 12 });
    await lab.discover();
    const { budget } = lab.caches.store;
    for (const cache of lab.caches.all) cache.invalidateAll();
    lab.discovery.close();
    const emptyBytes = budget.usedBytes;
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(names(40).map((path) => lab.discover([['path', path]])));
      assert.ok(answers.every(({ entries }) => entries.length === 12));
    }
    for (const cache of lab.caches.all) cache.invalidateAll();
    lab.discovery.close();
    assert.is(budget.usedBytes, emptyBytes);
  }));

test('of documents of other targets only a few are made at one time, and whoever comes too many is told to come again', () =>
  inLab({ targets: [{}] }, async (lab) => {
    lab.cloud.seed({ organizations: 1, spaces: 1, applications: 4 });
    const hold = lab.cloud.hold('processes');
    const answers = Promise.allSettled(names(200).map((path) => lab.discover([['path', path]])));
    await lab.cloud.received(1, 'processes');
    hold.release();
    const all = await answers;
    const refused = all.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    assert.ok(refused.length > 100 && refused.length < 200, String(refused.length));
    for (const { reason } of refused) assert.is(reason.code, 'queue_full');
  }));

test('documents that could not be made are not kept', () =>
  inLab({ targets: [{}] }, async (lab) => {
    await lab.cloud.goDown();
    await Promise.allSettled(names(20).map((path) => lab.discover([['path', path]])));
    assert.ok(lab.discovery.documents <= 8, `${lab.discovery.documents} are kept`);
  }));

test('an app of a billion instances is missing by name, and the others are listed', () =>
  inLab({ targets: [{}] }, async (lab) => {
    const space = lab.cloud.addSpace(lab.cloud.addOrganization('o'), 's');
    const routes = [{ host: 'one', domain: 'apps.example.org' }];
    const [huge] = ['huge', 'plain'].map((name) => lab.cloud.addApplication(space, { name, routes }));
    lab.cloud.scale(huge!, 1_000_000_000);
    const { entries, missing } = await lab.discover();
    assert.equal(
      entries.map(({ labels }) => labels.__meta_cf_applicationName),
      ['plain'],
    );
    assert.is(missing.length, 1);
    assert.match(missing[0]!, huge!.guid);
  }));

test('a key that no API takes is refused before it spoils the request of others', () =>
  inLab({}, async (lab) => {
    for (const [cache, key] of [
      ['org', 'a%00b'],
      ['space', 'o/a%0Ab'],
      ['route', 'g'.repeat(65)],
    ] as const) {
      const asked = await lab.ask(cache, key);
      assert.is(asked.kind === 'error' && asked.error.code, 'bad_key', key);
    }
    assert.is(lab.cloud.count(), 0);
  }));

for (const [what, change] of [
  ['prefix', { tags: [], prefixes: [Buffer.from('o/s')] }],
  ['tag', { tags: ['mine'], prefixes: [] }],
] as const) {
  test(`after spaces were forgotten by a ${what} nothing is found by the list that they stood in`, () =>
    inLab({}, async (lab) => {
      const organization = lab.cloud.addOrganization('o');
      const space = lab.cloud.addSpace(organization, 's');
      assert.is((await lab.read('space', 'o/*')).length, 1);
      lab.cloud.removeSpace(space);
      const again = lab.cloud.addSpace(organization, 's');
      const application = lab.cloud.addApplication(again, { name: 'a' });
      lab.caches.apply('invalidate', { caches: [lab.cache('space')], keys: [], ...change }, 'local');
      assert.is((await lab.read('application', 'o/s/a'))?.guid, application.guid);
      assert.is((await lab.read('space', 'o/*'))[0].guid, again.guid);
    }));
}

for (const [what, key, change] of [
  ['of an app by its name', 'o/s/a', ['org', 'space', 'application']],
  ['under another spelling', 'o/%73/a', ['application']],
  ['under the name of the first API', '@default/o/s/a', ['application']],
] as const) {
  test(`that there is nothing ${what} is forgotten with what it was found by`, () =>
    inLab({}, async (lab) => {
      const space = lab.cloud.addSpace(lab.cloud.addOrganization('o'), 's');
      assert.is(await lab.read('route', key), undefined);
      const routes = [{ host: 'a', domain: 'apps.example.org' }];
      lab.cloud.addApplication(space, { name: 'a', routes });
      lab.forget(...change);
      assert.is((await lab.read('route', key))?.length, 1);
    }));
}

test('more instances than there is room for are not made at all, and the last list is answered', () =>
  inLab({ targets: [{}], memoryBytes: 8 << 20 }, async (lab) => {
    lab.cloud.seed({ organizations: 1, spaces: 1, applications: 200 });
    const { entries } = await lab.discover();
    assert.is(entries.length, 200);
    for (const application of lab.cloud.applications.values()) lab.cloud.scale(application, 9000);
    lab.forget('process');
    const before = process.memoryUsage().heapUsed;
    const last = await lab.discover();
    assert.equal(last.missing, ['there is no memory for this document']);
    assert.is(last.entries.length, 200);
    assert.ok(process.memoryUsage().heapUsed - before < 100e6, '1.8 million instances are some 500 MB');
  }));

test('an expression for routes that one app makes endless costs the list no other target', () =>
  inLab({ targets: [{ name: 'all' }, { name: 'slow', preferredRouteRegex: '(a+)+b' }] }, async (lab) => {
    const space = lab.cloud.addSpace(lab.cloud.addOrganization('o'), 's');
    const routes = [{ host: 'a'.repeat(60), domain: 'apps.example.org' }];
    lab.cloud.addApplication(space, { name: 'one', routes });
    const { entries, missing } = await lab.discover();
    assert.is(entries.length, 1);
    assert.is(missing.length, 1);
    assert.match(missing[0]!, /^the routes of 1 apps: preferredRouteRegex/);
  }));

test('a document that nobody waits for any more is not made when its turn comes', () =>
  inLab({}, async (lab) => {
    lab.cloud.seed({ organizations: 1, spaces: 1, applications: 1 });
    const held = lab.cloud.hold('spaces');
    const first = [1, 2].map((n) => lab.discovery.answer([['path', `/${n}`]]));
    await lab.cloud.received(1, 'spaces');
    const left = lab.discovery.answer([['path', '/left']], () => false).catch((error) => error.code);
    held.release();
    for (const { value } of await Promise.all(first)) value.release();
    assert.is(await left, 'not_ready');
    assert.is(lab.cache('resolver').shelf.stored.entries, 2, 'it was not even resolved');
  }));

test.run();
