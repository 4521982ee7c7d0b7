// /discovery: what it lists, how it is paid for, and what it says when the API does not answer.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LANDSCAPE_CACHES } from '../../src/landscape/keys.ts';
import { LiveDocument } from '../../src/landscape/live-document.ts';
import { parseTarget } from '../../src/landscape/target-form.ts';
import { systemClock } from '../../src/system-clock.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import type { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { type Entry, inLab, type LandscapeLab } from './landscape-lab.ts';

const test = suite('discovery');

/** `app-1/0`: the app's name and the instance's number. */
function instances(entries: readonly Entry[]): string[] {
  return entries.map(
    ({ labels }) => `${labels.__meta_cf_applicationName}/${labels.__meta_cf_instanceNumber}`,
  );
}

function smallLandscape(cloud: FakeCloud) {
  const organization = cloud.addOrganization('my-org');
  const space = cloud.addSpace(organization, 'my-space');
  const routes = [{ host: 'one', domain: cloud.addDomain('apps.example.org').name }];
  const application = cloud.addApplication(space, { name: 'one', instances: 2, routes });
  return { organization, space, application, routes };
}

test('cold, a landscape costs calls by batches and pages, warm none, and 200 who ask at once no more than one', () =>
  inLab({ targets: [{}] }, async (lab) => {
    const { cloud } = lab;
    const [organizations, spaces, applications] = [250, 1000, 3000];
    const [page, batch] = [200, 100];
    cloud.seed({ organizations, spaces, applications });
    await askedTogether(lab);
    const { entries, missing } = await lab.discover();
    assert.is(entries.length, applications);
    assert.equal(missing, []);
    const pages = (things: number): number => Math.max(1, Math.ceil(things / page));
    const inBatches = (keys: number, things: number): number => {
      const each = things / keys;
      let calls = 0;
      for (let left = keys; left > 0; left -= batch) calls += pages(each * Math.min(batch, left));
      return calls;
    };
    const atMost =
      2 + // root and token
      pages(organizations) +
      inBatches(organizations, spaces) +
      inBatches(spaces, applications) +
      pages(1) + // domains
      2 * inBatches(applications, applications); // routes and processes
    assert.is(atMost, 90);
    assert.is(cloud.count(), atMost, JSON.stringify(cloud.counts()));
    cloud.forget();
    await askedTogether(lab);
    assert.is(cloud.count(), 0, 'warm');
    assert.ok(lab.caches.store.budget.usedBytes < 32 << 20);
    lab.forget(...LANDSCAPE_CACHES);
    await askedTogether(lab);
    assert.is(cloud.count(), atMost - 2, 'anew, with the token and the root of before');
  }));

test('row 87: scaling is followed within the process timeout, and at once after an invalidation', async () => {
  const clock = new FakeClock();
  await inLab({ targets: [{}], clock }, async (lab) => {
    const { application } = smallLandscape(lab.cloud);
    assert.equal(instances((await lab.discover()).entries), ['one/0', 'one/1']);
    lab.cloud.scale(application, 3);
    assert.is((await lab.discover()).entries.length, 2, 'what is cached is served');
    lab.forget('process');
    assert.equal(instances((await lab.discover()).entries), ['one/0', 'one/1', 'one/2']);
    lab.cloud.scale(application, 1);
    let entries = 3;
    for (let s = 0; s < 330 && entries === 3; s += 30) {
      await clock.pass(30_000);
      await lab.discover();
      await lab.idle();
      ({ length: entries } = (await lab.discover()).entries);
    }
    assert.is(entries, 1);
  });
});

test('row 88: after one call for the organizations a new app is there', () =>
  inLab({ targets: [{ orgName: 'my-org' }] }, async (lab) => {
    const { space, routes } = smallLandscape(lab.cloud);
    await lab.discover();
    lab.cloud.addApplication(space, { name: 'two', routes });
    assert.is((await lab.discover()).entries.length, 2, 'not known before');
    lab.forget('org');
    assert.equal(instances((await lab.discover()).entries), ['one/0', 'one/1', 'two/0']);
  }));

test('no targets: an empty list', () =>
  inLab({ targets: [] }, async (lab) => {
    assert.equal(await lab.discover(), { entries: [], missing: [] });
    assert.is(lab.cloud.count(), 0);
  }));

test('row 84: while the API is down the last good list is answered, and where there is none, 503', () =>
  inLab({ targets: [{}], api: { tries: 1 } }, async (lab) => {
    smallLandscape(lab.cloud);
    await lab.cloud.goDown();
    await rejects(lab.discover(), 'not_ready', 503);
    await lab.cloud.comeUp();
    lab.forget(...LANDSCAPE_CACHES);
    const { entries } = await lab.discover();
    assert.is(entries.length, 2);
    await lab.cloud.goDown();
    lab.forget(...LANDSCAPE_CACHES);
    const last = await lab.discover();
    assert.equal(last.entries, entries);
    assert.ok(last.missing.length > 0, 'and it says that it is the last one');
  }));

test('a part that fails stays as it last was, and does not hold up the others', () =>
  inLab({ targets: [{}], api: { tries: 1 } }, async (lab) => {
    const { space, routes, application } = smallLandscape(lab.cloud);
    const other = lab.cloud.addApplication(space, { name: 'two', routes });
    await lab.discover();
    lab.cloud.scale(application, 3);
    lab.cloud.scale(other, 4);
    lab.forget('process');
    lab.cloud.fail('processes', { status: 500 });
    const { entries, missing } = await lab.discover();
    assert.is(entries.length, 3);
    assert.is(missing.length, 2);
    lab.cloud.heal();
    lab.forget('process');
    assert.is((await lab.discover()).entries.length, 7);
  }));

test('row 85: a partial answer says so, and is asked for again soon', async () => {
  const clock = new FakeClock();
  await inLab({ targets: [{}], clock, api: { tries: 1 }, batchSize: 1 }, async (lab) => {
    smallLandscape(lab.cloud);
    const second = lab.cloud.addOrganization('second');
    const domain = lab.cloud.addDomain('second.example.org').name;
    lab.cloud.addApplication(lab.cloud.addSpace(second, 'its-space'), {
      name: 'its-app',
      routes: [{ host: 'its', domain }],
    });
    const fault = lab.cloud.fail(({ query }) => query.get('organization_guids') === second.guid, {
      status: 500,
    });
    const partial = await lab.discover();
    assert.equal(instances(partial.entries), ['one/0', 'one/1']);
    assert.ok(partial.missing.some((part) => part.startsWith('spaces of second')));
    fault.end();
    await clock.pass(16_000);
    await lab.discover();
    await lab.idle();
    const whole = await lab.discover();
    assert.equal(instances(whole.entries), ['one/0', 'one/1', 'its-app/0']);
    assert.equal(whole.missing, []);
  });
});

test('where there is no room for a new document the last one is answered, and says so, until there is', () =>
  inLab({}, async (lab) => {
    const { application } = smallLandscape(lab.cloud);
    let full = false;
    const room = { charge: () => !full, release: () => undefined };
    const document = new LiveDocument([parseTarget([['orgName', 'my-org']])], {
      ...{ caches: lab.caches, clock: systemClock, apis: ['default'], leftOut: undefined, room },
    });
    await document.make();
    lab.cloud.scale(application, 1);
    lab.forget('process');
    full = true;
    const last = await document.make();
    assert.equal([last.instances, last.missing], [2, ['there is no memory for this document']]);
    full = false;
    const { instances: now, missing } = await document.make();
    assert.equal([now, missing], [1, []]);
  }));

test('the own app is left out where the configuration says so', () =>
  inLab({ targets: [{}], ownFleet: false, ownAppGuid: 'later' }, async (lab) => {
    smallLandscape(lab.cloud);
    assert.is((await lab.discover()).entries.length, 2);
  }));

test('an API that is down for an hour empties no list, is left alone, and is followed within one refresh when it is back', async () => {
  const clock = new FakeClock();
  await inLab({ targets: [{}], clock, api: { tries: 1 } }, async (lab) => {
    const { application } = smallLandscape(lab.cloud);
    await lab.discover();
    lab.cloud.fail('any', { status: 503 });
    lab.cloud.forget();
    const perStep: number[] = [];
    for (let s = 0; s < 3600; s += 30) {
      await clock.pass(30_000);
      assert.equal(instances((await lab.discover()).entries), ['one/0', 'one/1']);
      await lab.idle();
      perStep.push(lab.cloud.count());
      lab.cloud.forget();
    }
    const asked = perStep.reduce((sum, count) => sum + count, 0);
    assert.ok(asked > 0 && asked < 3600 / 5, `asked ${asked} times`);
    assert.ok(Math.max(...perStep.slice(-20)) <= 7, `at the end ${perStep.slice(-20)} a step`);
    lab.cloud.heal();
    lab.cloud.scale(application, 3);
    let length = 2;
    for (let s = 0; s < 300 + 80 && length === 2; s += 30) {
      await clock.pass(30_000);
      await lab.discover();
      await lab.idle();
      ({ length } = (await lab.discover()).entries);
    }
    assert.is(length, 3);
  });
});

/** By 200 at once. */
async function askedTogether({ discovery }: LandscapeLab): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 200 }, () => discovery.answer([])));
  for (const { value } of answers) value.release();
}

async function rejects(promise: Promise<unknown>, code: string, status: number): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  assert.is(error?.code, code, String(error));
  assert.is(error?.status, status);
}

test.run();
