// Holds the import arrows: they run one way, cli → commands → daemon → serve, load → cache → store.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const SRC = resolve('src');

/** What each part may import beside itself and the ground. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'cli.ts': ['commands'],
  commands: ['config', 'daemon.ts', 'demo'],
  config: ['load', 'cloud-controller', 'landscape'],
  'build-caches.ts': [
    'config',
    'serve',
    'load',
    'cache',
    'store',
    'load-log.ts',
    'run-landscape.ts',
    'system-clock.ts',
  ],
  'daemon.ts': [
    ...[
      'build-caches.ts',
      'run-fleet.ts',
      'run-landscape.ts',
      'run-resp.ts',
      'config',
      'serve',
      'changes',
      'replication',
      'fleet',
      'notify',
      'load',
      'cache',
    ],
    ...['store', 'metrics', 'system-clock.ts'],
  ],
  'run-fleet.ts': ['config', 'serve', 'changes', 'replication', 'fleet', 'metrics', 'system-clock.ts'],
  'run-resp.ts': ['config', 'serve', 'changes', 'cache', 'system-clock.ts'],
  'run-landscape.ts': ['config', 'cloud-controller', 'landscape', 'cache'],
  changes: ['replication', 'cache', 'fleet', 'notify'],
  replication: ['fleet', 'cache', 'store'],
  fleet: ['cache'],
  notify: ['cache'],
  demo: [],
  metrics: ['cache', 'store', 'cloud-controller'],
  'load-log.ts': [],
  'system-clock.ts': ['cache'],
  serve: ['changes', 'fleet', 'cache', 'store'],
  landscape: ['cloud-controller', 'load', 'cache', 'store'],
  'cloud-controller': ['load', 'cache'],
  load: ['cache'],
  cache: ['store'],
  store: [],
};
/** Knows nothing of any part, and any part may know it. */
const GROUND = ['entropy.ts', 'errors.ts', 'log.ts', 'units', 'version.ts'];

interface Import {
  readonly from: string;
  readonly to: string;
}

const test = suite('architecture');

test('imports run one way', () => {
  const wrong = imports().filter(({ from, to }) => {
    const [importer, imported] = [partOf(from), partOf(to)];
    return importer !== imported && !GROUND.includes(imported) && !MAY_IMPORT[importer]?.includes(imported);
  });
  assert.equal(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('the ground imports nothing but ground', () => {
  const wrong = imports().filter(
    ({ from, to }) => GROUND.includes(partOf(from)) && !GROUND.includes(partOf(to)),
  );
  assert.equal(wrong, []);
});

test('only cli.ts touches process.exit and signals', () => {
  const wrong = files().filter((file) => file !== 'cli.ts' && /process\.(exit|on)\(/.test(read(file)));
  assert.equal(wrong, []);
});

test('below the daemon nobody asks the system for the time or for chance', () => {
  const below = files().filter((file) => ['cache', 'store', 'load'].includes(partOf(file)));
  assert.ok(below.length > 20);
  assert.equal(
    below.filter((file) => /Date\.now\(|Math\.random\(|performance\.now\(/.test(read(file))),
    [],
  );
});

test('every file says in its first line what it is', () => {
  assert.equal(
    files().filter((file) => !read(file).startsWith('// ')),
    [],
  );
});

function imports(): Import[] {
  return files().flatMap((from) =>
    [...read(from).matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map((match) => ({
      from,
      to: relative(SRC, resolve(SRC, from, '..', match[1]!)),
    })),
  );
}

function files(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

function read(file: string): string {
  return readFileSync(join(SRC, file), 'utf8');
}

function partOf(file: string): string {
  return file.split('/')[0]!;
}

test.run();
