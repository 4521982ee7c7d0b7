import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { configurationDocs, DOCS_FILE, EXAMPLE, EXAMPLE_ENV } from '../../scripts/write-docs.ts';
import { envName, flagName, rowPath } from '../../src/config/option.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { parseOption } from '../../src/config/parse.ts';
import { load } from './loading.ts';

const test = suite('options');
const FIELDS = OPTIONS.flatMap((option) => option.fields ?? []);

test('no two options share a key, a variable or a flag', () => {
  for (const name of [(row: (typeof OPTIONS)[number]) => row.path, envName]) {
    assert.is(new Set(OPTIONS.map(name)).size, OPTIONS.length);
  }
  const flags = OPTIONS.flatMap((option) => flagName(option) ?? []);
  assert.is(new Set(flags).size, flags.length);
});

test('defaults and bounds are values their own option takes', () => {
  for (const option of [...OPTIONS, ...FIELDS].filter((row) => !row.later)) {
    for (const text of [option.default, option.min, option.max]) {
      if (text !== undefined) assert.ok('value' in parseOption(option, text), `${option.path}: ${text}`);
    }
  }
});

test('numbers have bounds, choices have more than one unless there need be none', () => {
  for (const { path, type, min, max, choices, later, default: otherwise } of [...OPTIONS, ...FIELDS]) {
    if (['duration', 'bytes', 'integer'].includes(type)) assert.ok(min && max, path);
    if (type === 'choice' && !later) assert.ok(choices && choices.length > (otherwise ? 1 : 0), path);
  }
});

test('docs/configuration.md is what the table says (npm run docs writes it)', () => {
  assert.fixture(readFileSync(DOCS_FILE, 'utf8'), configurationDocs());
});

/** Of these only one may be set; the example has the others as comments. */
const OTHER_PEERS = /^ {4}# ((gorouter|dns|list): .*)$/gm;

const OTHER_CREDENTIALS = /^ {2}# ((client_id|client_secret|refresh_token): .*)$/gm;

test('the example in the docs loads, and sets every option of this version', () => {
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(readFileSync(DOCS_FILE, 'utf8')) ?? [];
  assert.is(example, EXAMPLE);
  const { sources, warnings } = load({ file: example, env: EXAMPLE_ENV });
  const inFile = [...sources].filter(([, source]) => source.startsWith('file'));
  const set = new Set(inFile.map(([path]) => rowPath(path)));
  const missing = OPTIONS.filter((row) => !row.later && !row.notInFile && !set.has(row.path));
  const others = [
    ...[...EXAMPLE.matchAll(OTHER_PEERS)].map(([, , by]) => `fleet.peers.${by}`),
    ...[...EXAMPLE.matchAll(OTHER_CREDENTIALS)].map(([, , key]) => `cloudfoundry.${key}`),
  ];
  assert.equal(
    missing.map((row) => row.path),
    others,
  );
  assert.equal(warnings, []);
});

test('the other ways to find peers in the example load as well, in its place', () => {
  const others = [...EXAMPLE.matchAll(OTHER_PEERS)];
  assert.is(others.length, 3);
  for (const [, written, by] of others) {
    const file = EXAMPLE.replace(/^ {4}address: .*$/m, `    ${written}`);
    const { config } = load({ file, env: { ...EXAMPLE_ENV, VCAP_APPLICATION: '{"application_id":"ab"}' } });
    assert.is(config.fleet?.peers?.by, by);
  }
});

test('every option of the design that is not here yet is listed as such', () => {
  const later = OPTIONS.filter((row) => row.later).map((row) => row.path);
  for (const path of ['caches.*.partition', 'caches.*.fill', 'fleet.identity', 'fleet.apps']) {
    assert.ok(later.includes(path), path);
  }
});

test.run();
