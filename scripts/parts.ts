// The parts of a bundle: what an entry reaches by `import()` alone is kept as text, which V8 need not understand at every
// start, and compiled when it is first imported. All else is one piece of code, whose names refer to each other directly.
// See docs/decisions/013-parts-as-text.md.

import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';

/** One output file of esbuild's splitting. No part is on a cycle: what imports each other is in the same one. */
interface Part {
  readonly name: string;
  readonly code: string;
  /** The source that other parts import() it as; undefined if it is only what several of them share. */
  readonly source: string | undefined;
  /** Names of the parts that it imports statically. */
  readonly imports: readonly string[];
  /** Modules from outside the bundle. */
  readonly externals: readonly string[];
}

export interface Sources {
  readonly entry: string;
  /** Imported dynamically, but nearly every time: these are code, too. */
  readonly withEntry: readonly string[];
  readonly options: BuildOptions;
}

export interface Bundle {
  readonly code: string;
  readonly externals: readonly string[];
}

/** Names that the code of a part finds as parameters of the function that it is compiled to. */
const PARAMETERS = ['require', 'module', 'SIDECACHE_FILE_URL'];
const START = 'start';
const LOADER = 'loader';

/** A script without imports and exports, but for `require` of what is outside the bundle. */
export async function bundleWithParts({ entry, withEntry, options }: Sources): Promise<Bundle> {
  const parts = await split(entry, options);
  const first = [...parts.values()].find(({ source }) => source === entry)!;
  const eager = reach(parts, [first, ...[...parts.values()].filter(({ source }) => withEntry.includes(source!))]);
  const result = await build({
    ...options,
    stdin: { contents: `import './${first.name}';`, sourcefile: START },
    format: 'iife',
    write: false,
    plugins: [resolveParts(parts, eager)],
  });
  return {
    code: result.outputFiles[0]!.text,
    externals: [...new Set([...parts.values()].flatMap(({ externals }) => externals))],
  };
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
      return [basename(path), describe(basename(path), text.replace(/^#!.*\n/, ''), output, root)];
    }),
  );
}

function describe(name: string, code: string, output: Metafile['outputs'][string], root: string): Part {
  const { entryPoint, imports } = output;
  return {
    name,
    code,
    source: entryPoint === undefined ? undefined : join(root, entryPoint),
    imports: imports.filter((one) => !one.external && one.kind !== 'dynamic-import').map(({ path }) => basename(path)),
    externals: imports.filter((one) => one.external).map(({ path }) => path),
  };
}

/** The names of these and of what they import statically. */
function reach(parts: ReadonlyMap<string, Part>, from: readonly Part[]): Set<string> {
  const reached = new Set<string>();
  const visit = ({ name, imports }: Part): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const one of imports) visit(parts.get(one)!);
  };
  from.forEach(visit);
  return reached;
}

function resolveParts(parts: ReadonlyMap<string, Part>, eager: ReadonlySet<string>): Plugin {
  return {
    name: 'parts',
    setup: ({ onLoad, onResolve }) => {
      onResolve({ filter: /^\.\// }, ({ path }) => ({ path: basename(path), namespace: 'part' }));
      onResolve({ filter: /^loader$/ }, () => ({ path: LOADER, namespace: 'part' }));
      onLoad({ filter: /.*/, namespace: 'part' }, async ({ path }) => {
        if (path === LOADER) return { contents: loader([...parts.keys()]) };
        const part = parts.get(path)!;
        return { contents: eager.has(path) ? part.code : await asText(part) };
      });
    },
  };
}

/** A module that compiles the part when it is first asked for. The text is inside a function, so that V8 skips over it. */
async function asText({ name, code }: Part): Promise<string> {
  const text = await transform(code, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
    minifySyntax: true,
  });
  const shown = JSON.stringify(name.replace(/-[A-Z0-9]{8}\.js$/, '.js'));
  return `module.exports = require('${LOADER}').compile(${shown}, ${JSON.stringify(text.code)});`;
}

/** Every part is evaluated once, be it code or text: `require` of either goes through the bundle. */
function loader(names: readonly string[]): string {
  const rows = names.map((name) => `"./${name}": () => require("./${name}")`);
  return `
import { compileFunction } from 'node:vm';
const PARTS = { ${rows.join(',\n')} };
const requirePart = (name) => (PARTS[name] ?? (() => require(name)))();
export function compile(name, text) {
  const module = { exports: {} };
  const filename = process.argv[1] + '/' + name;
  compileFunction(text, ${JSON.stringify(PARAMETERS)}, { filename })(requirePart, module, SIDECACHE_FILE_URL);
  return module.exports;
}`;
}
