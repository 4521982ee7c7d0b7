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

test.run();
