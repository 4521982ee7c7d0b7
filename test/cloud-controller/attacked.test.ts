// An API that means harm, or is broken in ways that no API is: what it costs, and what of it is told.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apiFor, failureOf, never, PASSWORD } from './api-lab.ts';
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

/** One organization, and so many bytes that say nothing. */
const pageOf = (bytes: number, totalPages: number): string =>
  `{"pagination":{"total_results":${totalPages},"total_pages":${totalPages}},"resources":[{"guid":"g","name":"n","x":"${'x'.repeat(bytes)}"}]}`;
const KiB = 1024;

test('a list whose first page says how long it is is refused before a second one is asked for', () =>
  inCloud(async (cloud) => {
    cloud.fail('organizations', { status: 200, body: pageOf(64 * KiB, 500) });
    const { api, lines } = apiFor(cloud.url, {}, { maxListBytes: KiB * KiB });
    const { message } = await failureOf(api.organizations(undefined, never));
    api.close();
    assert.is(message, `${cloud.url} answered with a list of more than 1 MiB`);
    assert.is(cloud.count('organizations'), 1);
    assert.is(lines.length, 1);
  }));

test('a list whose later pages are longer is given up where they come to more than a list may be', () =>
  inCloud(async (cloud) => {
    const first = cloud.fail('organizations', { status: 200, body: pageOf(1, 500) }, 1);
    cloud.fail('organizations', { status: 200, body: pageOf(256 * KiB, 500) });
    const { api } = apiFor(cloud.url, { concurrency: 2 }, { maxListBytes: KiB * KiB });
    const { message } = await failureOf(api.organizations(undefined, never));
    api.close();
    assert.is(first.met, 1);
    assert.match(message, 'a list of more than 1 MiB');
    assert.ok(cloud.count('organizations') <= 8, `${cloud.count('organizations')}`);
  }));

test('a list of more than a thousand pages is refused, however short they are', () =>
  inCloud(async (cloud) => {
    cloud.fail('organizations', { status: 200, body: pageOf(1, 1001) });
    const { api } = apiFor(cloud.url);
    const { message } = await failureOf(api.organizations(undefined, never));
    api.close();
    assert.match(message, 'a list of more than 1000 pages');
    assert.is(cloud.count('organizations'), 1);
  }));

test('a page of more than 2 MiB is refused, and how to have shorter ones is said', () =>
  inCloud(async (cloud) => {
    cloud.fail('organizations', { status: 200, body: pageOf(2 * KiB * KiB, 1) });
    const { api } = apiFor(cloud.url);
    const { message } = await failureOf(api.organizations(undefined, never));
    api.close();
    assert.is(
      message,
      `${cloud.url} answered with more than the 2048 KiB allowed: lower cloudfoundry.page_size`,
    );
  }));

test('many long pages at one time wait for each other, and all of them come', () =>
  inCloud(async (cloud) => {
    cloud.fail('organizations', { status: 200, body: pageOf(1800 * KiB, 10) });
    const { api } = apiFor(cloud.url);
    assert.is((await api.organizations(undefined, never)).length, 1);
    api.close();
    assert.is(cloud.count('organizations'), 10);
  }));

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

for (const [where, body] of [
  ['in place of an OAuth code', { error: PASSWORD, error_description: PASSWORD }],
  ['as the Cloud Controller says errors', { errors: [{ code: 1, title: PASSWORD, detail: PASSWORD }] }],
] as const) {
  test(`a password that a UAA says back ${where} is in no message, in no log and in no number`, () =>
    inCloud(async (cloud) => {
      cloud.fail('token', { status: 401, body });
      const { api, lines } = apiFor(cloud.url);
      const { message } = await failureOf(api.organizations(undefined, never));
      api.close();
      assert.match(message, 'refuses to give a token (401)');
      assert.equal([...api.facts.errors.keys()], ['http_401']);
      assert.is(lines.length, 1);
      assert.not.match(JSON.stringify([lines, message]), PASSWORD);
    }));
}

test.run();
