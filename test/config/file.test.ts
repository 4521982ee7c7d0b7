// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what is tested

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OPTIONS } from '../../src/config/options.ts';
import { load, loadFile, problemIn, problemsOf } from './loading.ts';

const test = suite('file');

test('JSON is read as well, with lines', () => {
  assert.is(loadFile('{ "drain": "1s",\n "connections": 5 }').config.maxConnections, 5);
  assert.match(problemIn('{\n"drain": 1\n}'), /^drain \(sidecache\.yml:2\)/);
});

test('an empty file is no configuration', () => {
  for (const file of ['', '\n', '# nothing\n', '---\n', '{}']) assert.is(loadFile(file).config.drainMs, 8000);
});

test('a mistake in the syntax is reported with its line', () => {
  assert.match(problemIn('drain: 1s\nlog: {\n'), /^sidecache\.yml:\d: \S/);
  assert.match(problemIn('drain: 1s\n\tlog: 1\n'), /^sidecache\.yml:2: \S/);
  assert.is(problemIn('drain: 1s\n---\ndrain: 2s\n'), 'sidecache.yml:2: holds more than one YAML document');
});

test('a key that is there twice is an error', () => {
  assert.is(problemIn('drain: 1s\nmemory: 8M\ndrain: 2s\n'), 'sidecache.yml:3: drain is there twice');
  assert.match(problemIn('caches:\n  a: {}\n  a: {}\n'), /^sidecache\.yml:3: a is there twice/);
});

test('an anchor may be used again, but not without end', () => {
  const { config } = loadFile('caches:\n  a: &times { ttl: 1m }\n  b: *times\n');
  assert.equal(
    config.caches.map((cache) => cache.ttlMs),
    [60_000, 60_000, undefined],
  );
  const many = Array.from({ length: 101 }, (_, at) => `  c${at}: *times`).join('\n');
  assert.is(problemIn(`caches:\n  a: &times { ttl: 1m }\n${many}\n`).includes('more than 100 aliases'), true);
  assert.is(problemsOf({ file: 'caches: &a { b: *a }' }).length > 0, true);
});

test('nesting deeper than the parser can follow is an error like any other', () => {
  assert.is(problemIn('['.repeat(20_000)), 'sidecache.yml:1: is nested too deeply');
});

test('variables are expanded, with defaults, and an escape', () => {
  const env = { TEAM: 'blue', EMPTY: '' };
  const labels = (text: string): string | undefined =>
    load({ file: `metrics: { labels: { team: '${text}' } }`, env }).config.metrics.labels.team;
  assert.is(labels('${TEAM}'), 'blue');
  assert.is(labels('a ${TEAM}-${TEAM} b'), 'a blue-blue b');
  assert.is(labels('${NOPE:-red}'), 'red');
  assert.is(labels('${EMPTY:-red}'), 'red');
  assert.is(labels('${TEAM:-red}'), 'blue');
  assert.is(labels('${NOPE:-}'), '');
  assert.is(labels('${EMPTY}'), '');
  assert.is(labels('$${TEAM}'), '${TEAM}');
  assert.is(labels('$TEAM $5'), '$TEAM $5');
});

test('what a variable holds is not expanded again', () => {
  const { config } = load({ file: 'metrics: { labels: { a: "${A}" } }', env: { A: '${B}' } });
  assert.is(config.metrics.labels.a, '${B}');
});

test('a variable that is not set is an error with key and line', () => {
  assert.is(
    problemIn('\ndrain: ${NOPE}'),
    'drain (sidecache.yml:2): needs the variable NOPE, which is not set; ${NOPE:-…} gives a default',
  );
  assert.match(problemIn('drain: "${}"'), /has a \$\{ that is no \$\{NAME\}/);
});

test('an expanded text takes the type of its option', () => {
  const env = { N: '7', YES: 'true' };
  const { config } = load({
    file: 'connections: ${N}\nlog: { keys: "${YES}" }\nhttp: "127.0.0.1:${N}"',
    env,
  });
  assert.is(config.maxConnections, 7);
  assert.is(config.log.keys, true);
  assert.is(config.http?.port, 7);
});

test('off is off in any version of YAML', () => {
  const file = 'caches: { a: { ttl: off, refresh: false } }\nlog: { keys: off }\nhttp: off';
  for (const head of ['', '%YAML 1.1\n---\n']) {
    const { config } = loadFile(head + file);
    assert.equal(
      [config.caches[0]?.ttlMs, config.caches[0]?.refreshMs, config.log.keys],
      [undefined, undefined, false],
    );
  }
});

test('random text is a configuration or a ConfigError, nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), yamlish()), (file) => {
      for (const problem of problemsOf({ file })) assert.not.match(problem, /[\r\n]/);
    }),
    { numRuns: 500 },
  );
});

test('any value for any option is taken or refused, nothing else', () => {
  const keys = OPTIONS.map((option) => option.path.replace('*', 'a').split('.'));
  const value = fc.oneof(
    fc.constantFrom('off', '1s', '64M', '0600', '127.0.0.1:1', 'http://h/{key}'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 4 }), (settings) => {
      const root = {};
      for (const [path, given] of settings) place(root, path, given);
      problemsOf({ file: JSON.stringify(root) });
      problemsOf({ flags: root });
    }),
    { numRuns: 300 },
  );
});

/** Pieces that mean something to YAML or to us, in any order. */
function yamlish(): fc.Arbitrary<string> {
  const pieces = [
    ...[
      'caches',
      'a',
      'memory',
      'log',
      'loader',
      'url',
      '64M',
      'off',
      ': ',
      ':',
      '\n',
      '\n  ',
      '\n    ',
      '- ',
      '[',
    ],
    ...[
      ']',
      '{',
      '}',
      ', ',
      '&x ',
      '*x',
      '? ',
      '| ',
      '> ',
      '"',
      "'",
      '#',
      '!!binary ',
      '!t ',
      '%YAML 1.1\n---\n',
    ],
    ...[
      '---\n',
      '...\n',
      '<<',
      '~',
      '${A}',
      '${A:-b}',
      '$${',
      '0x1',
      '1e999',
      '\t',
      '\r\n',
      '\0',
      '\uFEFF',
      '__proto__',
    ],
  ];
  return fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join(''));
}

function place(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) root[first] = value;
  else {
    const inner = root[first];
    const next: Record<string, unknown> = typeof inner === 'object' && inner !== null ? { ...inner } : {};
    root[first] = next;
    place(next, rest, value);
  }
}

test.run();
