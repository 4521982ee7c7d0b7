// The build on small entries of its own: what it promises of any bundle, whatever the daemon's entry imports.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const test = suite<{ folder: string; file: string }>('build');

test.before((context) => {
  // Inside the checkout's cache, so that the entry finds the checkout's packages.
  mkdirSync(join(root, '.cache'), { recursive: true });
  context.folder = mkdtempSync(join(root, '.cache/build-test-'));
  context.file = build(
    context.folder,
    `import { existsSync } from 'node:fs';
     import fetch from 'node-fetch';
     import { Registry } from 'prom-client';
     declare const SIDECACHE_VERSION: string;
     class SomeError extends Error { constructor(m?: string) { super(m); this.name = new.target.name; } }
     async function main() {
       if (process.argv[2] === '--version') console.log(SIDECACHE_VERSION);
       else if (process.argv[2] === 'name') console.log(new SomeError().name);
       else if (process.argv[2] === 'lazy') {
         const { marks } = globalThis as unknown as { marks?: string[] };
         console.log(marks === undefined);
         await import('./lazy.ts');
         console.log((globalThis as unknown as { marks: string[] }).marks.join());
       } else {
         const { default: yargs } = await import('yargs');
         const args = await yargs(process.argv.slice(2)).locale('en').parseAsync();
         console.log(typeof fetch, typeof Registry, existsSync('/'), args._.join());
       }
     }
     void main();`,
  );
});

test.after(({ folder }) => {
  rmSync(folder, { recursive: true, force: true });
});

test('the file runs with nothing beside it, as CommonJS and as an ES module', ({ file }) => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  for (const manifest of [undefined, '{"type":"module"}', '{"type":"commonjs"}']) {
    const alone = mkdtempSync(join(tmpdir(), 'sidecache alone '));
    copyFileSync(file, join(alone, 'sidecache.js'));
    if (manifest !== undefined) writeFileSync(join(alone, 'package.json'), manifest);
    try {
      assert.is(run(join(alone, 'sidecache.js'), '--version'), version);
      assert.is(run(join(alone, 'sidecache.js'), 'a', 'b'), 'function function true a,b');
    } finally {
      rmSync(alone, { recursive: true });
    }
  }
});

test('as an ES module it also runs on a Node from before process.getBuiltinModule (20.16)', ({
  folder,
  file,
}) => {
  const alone = mkdtempSync(join(folder, 'es module 100%25 '));
  copyFileSync(file, join(alone, 'sidecache.js'));
  writeFileSync(join(alone, 'package.json'), '{"type":"module"}');
  const older = 'data:text/javascript,delete process.getBuiltinModule';
  const args = ['--import', older, join(alone, 'sidecache.js'), 'a', 'b'];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(output.trim(), 'function function true a,b');
});

test('what is imported dynamically is not evaluated before it is used', ({ file }) => {
  assert.is(run(file, 'lazy'), 'true\nevaluated');
});

test('names survive: an error class is called in the bundle what it is called in the source', ({ file }) => {
  assert.is(run(file, 'name'), 'SomeError');
});

test('the file is executable and begins with one shebang', ({ file }) => {
  assert.is(statSync(file).mode & 0o111, 0o111);
  assert.equal(readFileSync(file, 'utf8').match(/^#!.*$/gm), ['#!/usr/bin/env node']);
});

test('a bundle over 1 MB fails the build and leaves no file', ({ folder }) => {
  const sub = join(folder, 'large');
  mkdirSync(sub);
  const { status, stderr } = tryBuild(sub, `console.log(${JSON.stringify('x'.repeat(1_000_001))})`);
  assert.is(status, 1);
  assert.match(stderr, /at most 1000000/);
  assert.throws(() => statSync(join(sub, 'out.js')), /ENOENT/);
});

function build(folder: string, source: string): string {
  const { status, stderr } = tryBuild(folder, source);
  assert.is(status, 0, stderr);
  return join(folder, 'out.js');
}

function tryBuild(folder: string, source: string): { status: number | null; stderr: string } {
  writeFileSync(join(folder, 'lazy.ts'), `(globalThis as any).marks = ['evaluated']; export {};`);
  writeFileSync(join(folder, 'entry.ts'), `#!/usr/bin/env node\n${source}`);
  const script = join(root, 'scripts/build.ts');
  const args = ['--import', 'tsx', script, join(folder, 'entry.ts'), join(folder, 'out.js')];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
}

function run(file: string, ...args: string[]): string {
  return execFileSync(process.execPath, [file, ...args], { cwd: dirname(file), encoding: 'utf8' }).trim();
}

test.run();
