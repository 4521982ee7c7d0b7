// The demo's origin: values that show how often they were loaded.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DemoOrigin } from '../../src/demo/origin.ts';
import { ask, askJson, post } from './asking.ts';

const test = suite('demo origin');

function withOrigin(name: string, body: (origin: DemoOrigin) => Promise<void>): void {
  test(name, async () => {
    const origin = await DemoOrigin.start();
    await body(origin).finally(() => origin.close());
  });
}

withOrigin('a value says how often its key was loaded', async (origin) => {
  assert.equal(await askJson(`${origin.url}/users/42`), { key: '42', version: 1, load: 1 });
  assert.equal(await askJson(`${origin.url}/users/42`), { key: '42', version: 1, load: 2 });
  assert.equal(await askJson(`${origin.url}/users/a%2Fb`), { key: 'a/b', version: 1, load: 1 });
  assert.is(origin.loadsOf('42'), 2);
  assert.equal(await askJson(`${origin.url}/loads`), { 'users/42': 2, 'users/a/b': 1 });
});

withOrigin('a bump changes the user, and loads nothing', async (origin) => {
  assert.equal(await askJson(`${origin.url}/bump?key=42`, { method: 'POST' }), {
    bumped: 'users/42',
    version: 2,
  });
  origin.bump('42');
  assert.equal(await askJson(`${origin.url}/users/42`), { key: '42', version: 3, load: 1 });
});

withOrigin('the object of the apps has a version of its own', async (origin) => {
  await post(`${origin.url}/bump`);
  assert.equal(await askJson(`${origin.url}/object`), { from: 'origin', version: 2 });
});

withOrigin('there is nothing else, and no escape breaks it', async (origin) => {
  assert.is((await ask(`${origin.url}/users/`)).status, 404);
  assert.is((await ask(`${origin.url}/bump`)).status, 404);
  assert.is((await ask(`${origin.url}/users/%ff`)).status, 200);
});

test.run();
