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
     import { Session } from 'node:inspector';
     import { Registry } from 'prom-client';
     import { SomeError } from './some-error.ts';
     declare const SIDECACHE_VERSION: string;
     function partsSeen(): string[] {
       const session = new Session();
       const seen: string[] = [];
       session.connect();
       session.on('Debugger.scriptParsed', ({ params }) => seen.push(params.url.split('/out.js/')[1] ?? ''));
       session.post('Debugger.enable');
       session.disconnect();
       return seen.filter((name) => name !== '');
     }
     async function main() {
       if (process.argv[2] === '--version') console.log(SIDECACHE_VERSION);
       else if (process.argv[2] === 'name') console.log(new SomeError().name);
       else if (process.argv[2] === 'lazy') {
         const { marks } = globalThis as unknown as { marks?: string[] };
         console.log(marks === undefined);
         await import('./lazy.ts');
         console.log((globalThis as unknown as { marks: string[] }).marks.join());
       } else if (process.argv[2] === 'parts') {
         const none = partsSeen();
         await import('./lazy.ts');
         console.log(JSON.stringify([none, partsSeen()]));
       } else if (process.argv[2] === 'shared') {
         const [one, other] = await Promise.all([import('./one.ts'), import('./other.ts')]);
         const error = await one.fail().catch((reason) => reason);
         const { default: again } = await import('./some-error.ts');
         console.log(error instanceof SomeError, again === SomeError, one.count(), other.count(), one.count());
       } else if (process.argv[2] === 'trace') {
         const { fail } = await import('./one.ts');
         console.log(await fail().catch(({ stack }) => stack));
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

test('what is imported dynamically is compiled when it is used, not at the start', ({ file }) => {
  assert.equal(JSON.parse(run(file, 'parts')), [[], ['lazy.js']]);
});

test('a class or a state that several parts share is there once, whichever of them is loaded', ({ file }) => {
  assert.is(run(file, 'shared'), 'true true 1 2 3');
});

test('a stack trace names the part and the function of a part that is imported dynamically', ({ file }) => {
  assert.match(run(file, 'trace'), /^SomeError: too bad\n.* at .*fail \(.*\/out\.js\/one\.js:\d+:\d+\)/);
});

test('names survive: an error class is called in the bundle what it is called in the source', ({ file }) => {
  assert.is(run(file, 'name'), 'SomeError');
});

test('the file is executable and begins with one shebang', ({ file }) => {
  assert.is(statSync(file).mode & 0o111, 0o111);
  assert.equal(readFileSync(file, 'utf8').match(/^#!.*$/gm), ['#!/usr/bin/env node']);
});

test('V8 is told how to keep its heap before it has read the rest of the file', ({ file }) => {
  const code = readFileSync(file, 'utf8');
  const told = [...readFileSync(join(root, 'src/heap.ts'), 'utf8').matchAll(/--[a-z-]+/g)].map(
    ([flag]) => flag,
  );
  assert.ok(told.length > 4, `found ${told}`);
  for (const flag of told) {
    const at = code.indexOf(flag);
    assert.ok(at > 0 && at < code.indexOf('SIDECACHE_PARTS'), flag);
  }
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
  writeFileSync(
    join(folder, 'some-error.ts'),
    `export class SomeError extends Error { constructor(m?: string) { super(m); this.name = new.target.name; } }
     export default SomeError;`,
  );
  // Shared by two parts, and unknown to the entry.
  writeFileSync(join(folder, 'state.ts'), 'let n = 0; export const count = (): number => ++n;');
  writeFileSync(join(folder, 'other.ts'), `export { count } from './state.ts';`);
  writeFileSync(
    join(folder, 'one.ts'),
    `import { SomeError } from './some-error.ts';
     export { count } from './state.ts';
     export async function fail(): Promise<void> { throw new SomeError('too bad'); }`,
  );
  writeFileSync(join(folder, 'entry.ts'), `#!/usr/bin/env node\n${source}`);
  const script = join(root, 'scripts/build.ts');
  const args = ['--import', 'tsx', script, join(folder, 'entry.ts'), join(folder, 'out.js')];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
}

function run(file: string, ...args: string[]): string {
  return execFileSync(process.execPath, [file, ...args], { cwd: dirname(file), encoding: 'utf8' }).trim();
}

test.run();
