// Bundles the daemon into one self-contained file, dist/sidecache.js, that plain `node` runs with nothing beside it.
// Usage: node --import tsx scripts/build.ts [entry [outfile]]; the arguments are for the tests of this script.
//
// The file is copied into app directories, so it cannot know whether the nearest package.json says
// "type": "module". It is therefore valid as CommonJS and as ESM: no import, no export, no top-level await;
// builtins come through `require` where there is one and `process.getBuiltinModule` where there is none.

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type Plugin, transform } from 'esbuild';
import { bundleWithParts } from './parts.ts';

const MAX_BYTES = 1_000_000;
const BUILTINS = builtinModules.flatMap((name) => [name, `node:${name}`]);

// No function around it all: V8 would read the whole file twice, some 50 ms of the start (measured).
// Before Node 20.16 an ES module gets builtins by import() only, so there the file lends itself a way and starts again.
const HEAD = `#!/usr/bin/env node
"use strict";
var require = typeof require === "function" ? require : process.getBuiltinModule;
if (!require) {
  import("node:module").then(({ createRequire }) => {
    process.getBuiltinModule = createRequire(process.argv[1]);
    return import(process.getBuiltinModule("node:url").pathToFileURL(process.argv[1]) + "?again");
  });
} else {
`;
const TAIL = '}\n';

/** Where the bundle itself lies: yargs asks for it when it is loaded, to find files that a bundle does not have. */
const FILE_URL = 'const SIDECACHE_FILE_URL=require("node:url").pathToFileURL(process.argv[1]).href;';

/** What V8 does not have to read and keep makes the start faster and the idle process smaller. */
const shorten: Plugin = {
  name: 'shorten',
  setup: ({ onLoad, onResolve }) => {
    // Its form for Node is CommonJS, of which no part can be left out.
    onResolve({ filter: /^yaml$/ }, () => ({ path: join(root, 'node_modules/yaml/browser/dist/index.js') }));
    // node-fetch brings it for Node versions that have no web streams of their own.
    onResolve({ filter: /^web-streams-polyfill/ }, ({ path }) => ({ path, namespace: 'not-needed' }));
    onLoad({ filter: /.*/, namespace: 'not-needed' }, () => ({ contents: '' }));
    // Forms and files as bodies, which it can send and read: here bodies are bytes.
    onResolve({ filter: /^(fetch-blob|formdata-polyfill)|multipart-parser/ }, ({ path }) => ({
      path,
      namespace: 'no-forms',
    }));
    onLoad({ filter: /.*/, namespace: 'no-forms' }, () => ({
      contents: `export default class Blob {}
        export class FormData {}
        export { Blob, Blob as File };
        export { none as formDataToBlob, none as toFormData };
        export { none as blobFrom, none as blobFromSync, none as fileFrom, none as fileFromSync };
        function none() { throw new Error('there are no forms and files as bodies in this file'); }`,
    }));
    // The proxy agents use them where they are installed: colours of what is never printed, and a way to sign in.
    onResolve({ filter: /^(supports-color|kerberos)$/ }, ({ path }) => ({ path, namespace: 'not-there' }));
    onLoad({ filter: /.*/, namespace: 'not-there' }, ({ path }) => ({
      contents: `throw Object.assign(new Error("${path} is not in this file"), { code: "MODULE_NOT_FOUND" });`,
    }));
    // Two that measure and print for terminals: help has no emoji, and what agents say for debugging nobody is shown.
    onResolve({ filter: /^(emoji-regex|debug)$/ }, ({ path }) => ({ path, namespace: 'quiet' }));
    onLoad({ filter: /.*/, namespace: 'quiet' }, ({ path }) => ({
      contents: path === 'debug' ? 'module.exports = () => () => {};' : 'module.exports = () => /(?!)/g;',
    }));
    // It imports these for what most loads never use: TLS and compressed answers. They are loaded when first used.
    onResolve({ filter: /^node:(https|zlib)$/ }, ({ path, importer }) =>
      importer.includes('node-fetch') ? { path, namespace: 'when-used' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'when-used' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require('${path}')[name] });`,
    }));
    onLoad({ filter: /node_modules\/.*\.[cm]?js$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), { minify: true, target: 'node20' });
      return { contents: code, loader: 'js' };
    });
    // It is said before the rest of the file is: see below.
    onLoad({ filter: /\/src\/heap\.ts$/ }, () => ({ contents: '' }));
    // What stands at the top of a module keeps its name: a stack trace from a container is read by somebody who has no
    // source map. What is inside, private members included, is shortened.
    onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const { code } = await transform(source, { minifyIdentifiers: true, target: 'node20', loader: 'ts' });
      return { contents: code, loader: 'js' };
    });
  },
};

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const entry = resolve(process.argv[2] ?? join(root, 'src/cli.ts'));
const outfile = resolve(process.argv[3] ?? join(root, 'dist/sidecache.js'));

const code = HEAD + (await bundle()) + TAIL;
const bytes = Buffer.byteLength(code);
if (bytes > MAX_BYTES) fail(`${basename(outfile)} is ${bytes} bytes; at most ${MAX_BYTES} are allowed`);
writeAtomically(outfile, code);
// As CommonJS it is heard by V8 before it is read (src/heap.ts); it runs without this as well.
if (!process.argv[3]) writeAtomically(join(dirname(outfile), 'package.json'), '{ "type": "commonjs" }\n');
console.log(`${outfile}: ${bytes} bytes`);

async function bundle(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const options: BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    plugins: [shorten],
    external: BUILTINS,
    define: {
      SIDECACHE_VERSION: JSON.stringify(version),
      'import.meta.url': 'SIDECACHE_FILE_URL',
      'process.env.NODE_ENV': '"production"',
    },
    banner: { js: (await heapFlags()) + FILE_URL },
    logLevel: 'warning',
  };
  const { code, externals } = await bundleWithParts(entry, options).catch(
    () => fail(`${entry} could not be bundled`), // esbuild has printed why
  );
  const missing = externals.filter((path) => !BUILTINS.includes(path));
  if (missing.length > 0) fail(`not bundled: ${missing.join(', ')}`);
  return code;
}

/** Code of its own, since what esbuild puts first is what several parts need, and that is most of the file. */
async function heapFlags(): Promise<string> {
  const source = readFileSync(join(root, 'src/heap.ts'), 'utf8');
  const { code } = await transform(source, {
    ...{ format: 'cjs', platform: 'node', target: 'node20', loader: 'ts', minify: true },
  });
  return `{${code.replace('"use strict";', '').trim()}}`;
}

/** A daemon being started while this runs reads the old file or the new one, never half of it. */
function writeAtomically(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, text);
  if (file === outfile) chmodSync(fresh, 0o755);
  renameSync(fresh, file);
}

function fail(message: string): never {
  console.error(`build: ${message}`);
  process.exit(1);
}
