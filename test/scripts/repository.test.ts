// What must hold for every file in the repository, whoever wrote it.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');

// Without git (an unpacked archive) there is nothing to list, and that must not pass for "no offender".
const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && existsSync(resolve(root, file)));

const test = suite('repository');

test('package-lock.json names no registry: it has no "resolved" address', () => {
  assert.not.match(read('package-lock.json'), /"resolved"/);
});

test('package-lock.json is complete: every optional package it names, for other platforms too, is locked', () => {
  // One that is missing was not to be had when the lock was written, and `npm ci` refuses such a lock everywhere.
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const named = Object.values(packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
  assert.equal(
    named.filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`))),
    [],
  );
});

test('no tracked file contains a path of the machine it was written on', () => {
  // Paths that exist wherever the checkout happens to lie say nothing about the machine.
  const parent = dirname(root);
  const telling = ['/', '/tmp', '/home', '/usr/src', '/app', '/src'].includes(parent) ? root : parent;
  const escaped = telling.replace(/[.\\+*?[\](){}|^$]/g, '\\$&');
  const path = new RegExp(`(?<![\\w.~/-])${escaped}(/|$)`, 'm');
  const offenders = tracked.filter((file) => path.test(read(file)));
  assert.equal(offenders, []);
});

test('every test file runs its suites', () => {
  const tests = tracked.filter((file) => file.endsWith('.test.ts'));
  assert.ok(tests.length > 0);
  assert.equal(
    tests.filter((file) => !/\w\.run\(\);/.test(read(file))),
    [],
  );
});

test('every bash script parses, stops at the first error and is executable', () => {
  const scripts = tracked.filter((file) => /^#!.*\bbash\b/.test(read(file).slice(0, 40)));
  assert.ok(scripts.includes('scripts/test'));
  for (const file of scripts) {
    const { status, stderr } = spawnSync('bash', ['-n', resolve(root, file)], { encoding: 'utf8' });
    assert.is(status, 0, `${file}: ${stderr}`);
    assert.match(read(file), /^set -euo pipefail$/m, file);
  }
  const modes = execFileSync('git', ['ls-files', '-s', ...scripts], { cwd: root, encoding: 'utf8' });
  for (const line of modes.trim().split('\n')) assert.match(line, /^100755 /, line);
});

test.run();
