// Several expositions as one: what Prometheus' own tool takes, whatever one of the instances sent.

import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mergeExpositions, type Scraped } from '../../src/metrics/merge.ts';
import { tool } from '../tools.ts';

const test = suite('merged metrics');
const promtool = tool('promtool');

const GAUGE = '# HELP a_things Things.\n# TYPE a_things gauge\n';
const HISTOGRAM = `# HELP b_seconds How long.
# TYPE b_seconds histogram
b_seconds_bucket{le="0.1",cache="users"} 1
b_seconds_bucket{le="+Inf",cache="users"} 3
b_seconds_sum{cache="users"} 4.5
b_seconds_count{cache="users"} 3
`;
const FULL = `${GAUGE}a_things 4\n\n${HISTOGRAM}
# HELP sidecache_build_info The version that runs; always 1.
# TYPE sidecache_build_info gauge
sidecache_build_info{version="1.0.0",node="v20",index="9"} 1

# HELP sidecache_peer_up Whether.
# TYPE sidecache_peer_up gauge
sidecache_peer_up{index="1",instance_id="i-1"} 1
sidecache_peer_up{index="2",instance_id="i-2"} 0
`;

function scraped(n: number, text: string | undefined): Scraped {
  return { index: String(n), instanceId: `i-${n}`, text };
}

const merged = (...all: Scraped[]): string => [...mergeExpositions(all)].join('');

const of = (n: number): string => `index="${n}",instance_id="i-${n}"`;

/** Its lines without HELP and TYPE. */
function samples(text: string, family: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(family));
}

/** What promtool says; empty where it has nothing against it. */
function complaints(text: string): string {
  const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return status === 0 ? stdout + stderr : `exit ${status}: ${stdout}${stderr}`;
}

/** What others say of the same instance, whatever stands beside it. */
const GOOD = [`a_things{${of(0)}} 4`, `a_things{${of(2)}} 4`];

test('each sample says whose it is, a family stands in one place and is described once', () => {
  const text = merged(scraped(0, FULL), scraped(1, FULL));
  assert.equal(samples(text, 'a_things'), [`a_things{${of(0)}} 4`, `a_things{${of(1)}} 4`]);
  assert.equal(
    samples(text, 'b_seconds'),
    [0, 1].flatMap((n) => [
      `b_seconds_bucket{${of(n)},le="0.1",cache="users"} 1`,
      `b_seconds_bucket{${of(n)},le="+Inf",cache="users"} 3`,
      `b_seconds_sum{${of(n)},cache="users"} 4.5`,
      `b_seconds_count{${of(n)},cache="users"} 3`,
    ]),
  );
  for (const family of [
    'a_things',
    'b_seconds',
    'sidecache_build_info',
    'sidecache_peer_up',
    'sidecache_fleet_scraped',
  ])
    for (const kind of ['HELP', 'TYPE'])
      assert.is(text.split(`# ${kind} ${family} `).length, 2, `${kind} ${family}`);
});

test('labels that are about a peer are named so; build_info has the index of whom it is about', () => {
  const text = merged(scraped(0, FULL));
  assert.equal(samples(text, 'sidecache_peer_up'), [
    `sidecache_peer_up{${of(0)},peer_index="1",peer_instance_id="i-1"} 1`,
    `sidecache_peer_up{${of(0)},peer_index="2",peer_instance_id="i-2"} 0`,
  ]);
  assert.equal(samples(text, 'sidecache_build_info'), [
    `sidecache_build_info{${of(0)},version="1.0.0",node="v20"} 1`,
  ]);
});

test('who did not answer is said', () => {
  const text = merged(scraped(0, FULL), scraped(1, undefined), scraped(2, ''));
  assert.equal(samples(text, 'sidecache_fleet_scraped'), [
    `sidecache_fleet_scraped{${of(0)}} 1`,
    `sidecache_fleet_scraped{${of(1)}} 0`,
    `sidecache_fleet_scraped{${of(2)}} 1`,
  ]);
});

test('a daemon that was started anew is not there twice: the one that answered counts', () => {
  const [none, some] = [scraped(0, undefined), scraped(0, `${GAUGE}a_things 4\n`)];
  for (const all of [
    [none, some],
    [some, none],
    [some, some],
  ]) {
    const text = merged(...all);
    assert.equal(samples(text, 'sidecache_fleet_scraped'), [`sidecache_fleet_scraped{${of(0)}} 1`]);
    assert.equal(samples(text, 'a_things'), [`a_things{${of(0)}} 4`]);
  }
});

(promtool ? test : test.skip)('promtool finds nothing wrong with it', () => {
  assert.is(complaints(merged(scraped(0, FULL), scraped(1, FULL), scraped(2, undefined))), '');
});

(promtool ? test : test.skip)('a family that stands in pieces comes together', () => {
  const pieces = `${GAUGE}a_things{of="x"} 1\n${HISTOGRAM}a_things{of="y"} 2\n`;
  const text = merged(scraped(0, pieces), scraped(1, FULL));
  assert.equal(samples(text, 'a_things'), [
    `a_things{${of(0)},of="x"} 1`,
    `a_things{${of(0)},of="y"} 2`,
    `a_things{${of(1)}} 4`,
  ]);
  const last = text.lastIndexOf('a_things');
  assert.ok(last < text.indexOf('b_seconds'), 'one place');
  assert.is(complaints(text), '');
});

const SPOILT: Readonly<Record<string, string>> = {
  'no metrics at all': '<html>\n<body>502 Bad Gateway</body>\n',
  'a value that is no number': `${GAUGE}a_things four\n`,
  'a value in hexadecimal': `${GAUGE}a_things 0x4\n`,
  'no value': `${GAUGE}a_things\n`,
  'a timestamp that is none': `${GAUGE}a_things 4 soon\n`,
  'something behind the timestamp': `${GAUGE}a_things 4 1 1\n`,
  'cut off in the labels': `${GAUGE}a_things{of="x`,
  'a brace too few': `${GAUGE}a_things{of="x" 4\n`,
  'a quote in a label': `${GAUGE}a_things{of="x"y"} 4\n`,
  'an escape that is none': `${GAUGE}a_things{of="\\x"} 4\n`,
  'a label twice': `${GAUGE}a_things{of="x",of="y"} 4\n`,
  'a label that a label is renamed to': `${GAUGE}a_things{index="1",peer_index="2"} 4\n`,
  'a label that is reserved': `${GAUGE}a_things{__name__="x"} 4\n`,
  'a label with a blank': `${GAUGE}a_things{o f="x"} 4\n`,
  'a name with a dash': '# TYPE a-things gauge\na-things 4\n',
  'a sample that nobody described': 'nobody_knows 4\n',
  'another type': '# HELP a_things Things.\n# TYPE a_things counter\na_things 5\n',
  'a type that is none': '# TYPE c_things thing\nc_things 5\n',
  'a type twice': `${GAUGE}# TYPE a_things gauge\n`,
  'help with an escape that is none': '# HELP a_things \\q\n# TYPE c_things gauge\n# HELP c_things \\\n',
  'a gauge of the name of a sum': '# HELP b_seconds_sum X.\n# TYPE b_seconds_sum gauge\nb_seconds_sum 5\n',
  'a histogram of the name of a gauge':
    '# HELP a X.\n# TYPE a histogram\na_bucket{le="1"} 1\n# TYPE a_count gauge\na_count 7\n',
  'a bucket without a bound': `${HISTOGRAM}b_seconds_bucket{cache="x"} 1\n`,
  'a bucket whose bound is no number': `${HISTOGRAM}b_seconds_bucket{cache="x",le="many"} 1\n`,
  'a histogram with a plain sample': `${HISTOGRAM}b_seconds 1\n`,
  'another who-was-scraped':
    '# HELP sidecache_fleet_scraped X.\n# TYPE sidecache_fleet_scraped counter\nsidecache_fleet_scraped{index="0"} 0\n',
  'line ends of another system': `${GAUGE.replaceAll('\n', '\r\n')}a_things 4\r\n`,
  'null bytes': `${GAUGE}a_things{of="\0"} 4\n\0\0\0\n`,
  OpenMetrics: '# TYPE d_things unknown\n# UNIT d_things x\nd_things 4 # {trace="x"} 1\n# EOF\n',
  'a very long line': `${GAUGE}a_things{of="${'x'.repeat(1 << 20)}"} 4 4 4\n`,
  'many quotes': `${GAUGE}a_things{of="${'\\"'.repeat(1 << 16)}} 4\n`,
  'many labels': `${GAUGE}a_things{${'of="x",'.repeat(1 << 14)}} 4\n`,
};

for (const [what, text] of Object.entries(SPOILT)) {
  (promtool ? test : test.skip)(
    `one instance sends ${what}: the others' metrics stand, and promtool takes them`,
    () => {
      for (const order of [
        [0, 1, 2],
        [1, 0, 2],
      ]) {
        const texts = [FULL, text, FULL];
        const all = merged(...order.map((n) => scraped(n, texts[n])));
        // With a bad description coming first, the family may be missing; never a sample of somebody else's in it.
        if (order[0] === 0) {
          for (const line of GOOD) assert.ok(all.includes(`${line}\n`), line);
          assert.is(samples(all, 'b_seconds_count').filter((line) => !line.includes(of(1))).length, 2);
        }
        assert.equal(samples(all, 'sidecache_fleet_scraped').length, 3);
        const said = complaints(all);
        assert.not.match(said, 'error while linting', `${order}`);
        if (order[0] === 0) assert.is(said, '');
      }
    },
  );
}

test('where an instance describes a family otherwise than one before it, its samples of it are left out', () => {
  const counter = '# HELP a_things Things.\n# TYPE a_things counter\na_things 5\n';
  const text = merged(scraped(0, FULL), scraped(1, `${counter}${HISTOGRAM}`), scraped(2, FULL));
  assert.equal(samples(text, 'a_things'), GOOD);
  assert.is(samples(text, 'b_seconds_count').length, 3);
});

(promtool ? test : test.skip)('many instances come in pieces, and the pieces make one text', () => {
  const all = Array.from({ length: 400 }, (_, n) =>
    scraped(n, `${GAUGE}a_things{of="${'x'.repeat(500)}"} 4\n${HISTOGRAM}`),
  );
  const pieces = [...mergeExpositions(all)];
  assert.ok(pieces.filter((piece) => piece.length > 0).length > 4);
  assert.ok(pieces.every((piece) => piece.length < 128 << 10));
  assert.is(samples(pieces.join(''), 'a_things').length, 400);
  assert.is(complaints(pieces.join('')), '');
});

test('what identifies an instance is escaped', () => {
  const text = merged({ index: 'a"b', instanceId: 'c\\d\ne', text: `${GAUGE}a_things 4\n` });
  assert.match(text, 'a_things{index="a\\"b",instance_id="c\\\\d\\ne"} 4\n');
});

test('labels, timestamps and numbers of any form are kept as they came', () => {
  const lines = [
    'a_things{of="\\"\\\\\\n, }{ é"} 4',
    'a_things{of=""} -0.5e-7 1700000000000',
    'a_things{of="1"} NaN',
    'a_things{of="2"} Nan',
    'a_things{of="3"} +Inf',
    'a_things{of="4"} -Inf',
  ];
  const text = merged(scraped(0, GAUGE + lines.join('\n')));
  assert.equal(
    samples(text, 'a_things'),
    lines.map((line) => line.replace('{', `{${of(0)},`)),
  );
  if (promtool) assert.is(complaints(text), '');
});

test('help that only one instance knows is taken from it', () => {
  const text = merged(scraped(0, '# TYPE a_things gauge\na_things 4\n'), scraped(1, FULL));
  assert.ok(text.startsWith('# HELP a_things Things.\n# TYPE a_things gauge\n'));
});

test.run();
