// The parts of a bundle: what an entry reaches by `import()` alone is kept as text, which V8 need not understand at every
// start, and compiled when it is first imported. All else is one piece of code, whose names refer to each other directly.
// See docs/decisions/013-parts-as-text.md.

import { basename, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';

/** One output file of esbuild's splitting. No part is on a cycle: what imports each other is in the same one. */
interface Part {
  readonly name: string;
  readonly code: string;
  /** Names of the parts that it imports statically. */
  readonly imports: readonly string[];
  /** Modules from outside the bundle. */
  readonly externals: readonly string[];
}

export interface Bundle {
  readonly code: string;
  readonly externals: readonly string[];
}

/** Free names in the text of a part: parameters of the function that it is compiled to. */
const PARAMETERS = ['require', 'module', 'SIDECACHE_FILE_URL'];

/** What esbuild puts around the bundle. */
const BEGIN = '(()=>{';
const END = '})();';

/** A script without imports and exports, but for `require` of what is outside the bundle. */
export async function bundleWithParts(entry: string, options: BuildOptions): Promise<Bundle> {
  const parts = await split(entry, options);
  const code = reach(parts, basename(entry).replace(/\.ts$/, '.js'));
  const result = await build({
    ...options,
    stdin: { contents: registry([...parts.keys()], code) },
    banner: { js: `${options.banner?.js ?? ''}const SIDECACHE_PARTS={};` },
    format: 'iife',
    write: false,
    plugins: [resolveParts(parts, code)],
  });
  return {
    code: await shortened(result.outputFiles[0]!.text),
    externals: [...parts.values()].flatMap(({ externals }) => externals),
  };
}

/**
 * The same with shorter names inside of functions: among so many modules esbuild gives most of them a number to tell them
 * from those at the top, which keep theirs.
 */
async function shortened(code: string): Promise<string> {
  const from = code.indexOf(BEGIN) + BEGIN.length;
  const to = code.lastIndexOf(END);
  if (from < BEGIN.length || to < from) throw new Error('parts: the bundle is not in one function');
  const inside = await transform(code.slice(from, to), {
    target: 'node20',
    minifyIdentifiers: true,
    minifyWhitespace: true,
    minifySyntax: true,
  });
  return code.slice(0, from) + inside.code + code.slice(to);
}

async function split(entry: string, options: BuildOptions): Promise<Map<string, Part>> {
  const root = options.absWorkingDir!;
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [entry],
    banner: {},
    format: 'esm',
    splitting: true,
    chunkNames: '[name]-[hash]',
    outdir: join(root, 'parts'), // nothing is written there
    write: false,
    metafile: true,
  });
  return new Map(
    outputFiles!.map(({ path, text }) => {
      const output = metafile!.outputs[`parts/${basename(path)}`]!;
      return [basename(path), describe(basename(path), text.replace(/^#!.*\n/, ''), output)];
    }),
  );
}

function describe(name: string, code: string, { imports }: Metafile['outputs'][string]): Part {
  const inside = imports.filter(({ external }) => !external);
  return {
    name,
    code,
    imports: inside.filter(({ kind }) => kind !== 'dynamic-import').map(({ path }) => basename(path)),
    externals: imports.filter(({ external }) => external).map(({ path }) => path),
  };
}

/** The names of the part and of all that it imports statically. */
function reach(parts: ReadonlyMap<string, Part>, first: string): Set<string> {
  const reached = new Set([first]);
  for (const name of reached) for (const one of parts.get(name)!.imports) reached.add(one);
  return reached;
}

/** `code`: the names of the parts that are code. */
function resolveParts(parts: ReadonlyMap<string, Part>, code: ReadonlySet<string>): Plugin {
  return {
    name: 'parts',
    setup: ({ onLoad, onResolve }) => {
      // Asked for by import() or require, code would get a function around it, and V8 would read it twice.
      onResolve({ filter: /^\.\// }, ({ path, kind }) => ({
        path: basename(path),
        namespace: kind === 'import-statement' ? 'part' : 'later',
      }));
      onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({ contents: parts.get(path)!.code }));
      onLoad({ filter: /.*/, namespace: 'later' }, async ({ path }) => ({
        contents: code.has(path)
          ? `module.exports = SIDECACHE_PARTS["./${path}"]();`
          : await asText(parts.get(path)!),
      }));
    },
  };
}

/** A module that compiles the part when it is first asked for. esbuild puts it into a function, so V8 skips the text. */
async function asText({ name, code }: Part): Promise<string> {
  const text = await transform(code, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
    minifySyntax: true,
  });
  const shown = name.replace(/-[A-Z0-9]{8}\.js$/, '.js');
  // What one part imports of another stands behind a name of 21 letters each time.
  const short = text.code.replace(/\bimport_chunk_(?=[A-Z0-9]{8}\b)/g, '_');
  return `module.exports = SIDECACHE_PARTS.compile("${shown}", ${JSON.stringify(short)});`;
}

/**
 * The module that has all code evaluated and lets parts find each other; each is there once, be it code or text. It is
 * filled last: what the entry imports dynamically is looked for after the whole script has run.
 */
function registry(names: readonly string[], code: ReadonlySet<string>): string {
  const imports = [...code].map((name, i) => `import * as part${i} from './${name}';`);
  const ofCode = [...code].map((name, i) => `"./${name}": () => asModule(part${i})`);
  const ofText = names
    .filter((name) => !code.has(name))
    .map((name) => `"./${name}": () => require('./${name}')`);
  return `
${imports.join('\n')}
import { compileFunction } from 'node:vm';
const asModule = (part) => Object.defineProperty(part, '__esModule', { value: true });
const requirePart = (name) => (SIDECACHE_PARTS[name] ?? (() => require(name)))();
const compile = (name, text) => {
  const module = { exports: {} };
  const filename = process.argv[1] + '/' + name;
  compileFunction(text, ${JSON.stringify(PARAMETERS)}, { filename })(requirePart, module, SIDECACHE_FILE_URL);
  return module.exports;
};
Object.assign(SIDECACHE_PARTS, { compile, ${[...ofCode, ...ofText].join(', ')} });`;
}
