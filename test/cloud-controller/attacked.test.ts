// An API that means harm, or is broken in ways that no API is: what it costs, and what of it is told.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apiFor, failureOf, never } from './api-lab.ts';
import { FakeCloud } from './fake/fake-cloud.ts';

const test = suite('APIs that attack');

async function inCloud(run: (cloud: FakeCloud) => Promise<void>): Promise<void> {
  const cloud = await FakeCloud.start();
  try {
    await run(cloud);
  } finally {
    await cloud.close();
  }
}

const deep = 100_000;
const list = (resources: string): string =>
  `{"pagination":{"total_results":1,"total_pages":1},"resources":[${resources}]}`;

for (const [what, body] of [
  ['lists in lists', list(`{"guid":"g","name":"n","x":${'['.repeat(deep)}${']'.repeat(deep)}}`)],
  ['empty objects', list(`{"guid":"g","name":"n","x":[${Array(deep).fill('{}').join()}]}`)],
] as const) {
  test(`a page of nothing but ${what} is refused before it is made into any`, () =>
    inCloud(async (cloud) => {
      cloud.fail('organizations', { status: 200, body });
      const { api } = apiFor(cloud.url);
      const { message } = await failureOf(api.organizations(undefined, never));
      api.close();
      assert.match(message, 'more objects and lists than any list has');
    }));
}

test('a token that an API says back is in no message and in no log', () =>
  inCloud(async (cloud) => {
    const token = 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6';
    for (const scheme of ['Bearer', 'bearer', 'Basic']) {
      const errors = [
        { code: 10003, title: 'CF-NotAuthorized', detail: `no right with ${scheme} ${token} here` },
      ];
      const fault = cloud.fail('organizations', { status: 403, body: { errors } });
      const { api, lines } = apiFor(cloud.url);
      const { message } = await failureOf(api.organizations(undefined, never));
      api.close();
      fault.end();
      assert.match(message, `no right with ${scheme} … here`);
      assert.not.match(JSON.stringify(lines), token);
    }
  }));

test.run();
