// What Prometheus is told: both formats as their own tools read them, and numbers that add up.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../scripts/command.ts';
import { tool } from '../tools.ts';
import { Daemon, until } from './daemon.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0';

interface Context {
  daemon: Daemon;
  close: () => void;
}

const test = suite<Context>('metrics');
const promtool = tool('promtool');
const prometheus = tool('prometheus');

test.before(async (context) => {
  const origin = createServer((request, response) => {
    response.statusCode = request.url === '/bad' ? 500 : 200;
    response.end('loaded');
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as { port: number };
  const users = { negative: '1m', loader: { url: `http://127.0.0.1:${port}/{key}` } };
  context.close = () => {
    origin.closeAllConnections();
    origin.close();
  };
  context.daemon = await Daemon.start({
    config: { http: '127.0.0.1:0', caches: { users }, metrics: { labels: { team: 'a "b" \\ c' } } },
  });
  const { daemon } = context;
  for (const key of ['a', 'a', 'b', 'bad']) await daemon.request(`/caches/users/${key}`);
  await daemon.put('/caches/default/x', 'x');
  await daemon.request('/caches/default/x');
  await daemon.request('/caches/default/none');
  await daemon.request('/cache/invalidate?users=1&key=b');
});

test.after(async ({ daemon, close }) => {
  await daemon.stop('SIGKILL');
  close();
});

interface Found {
  data?: { result: { value: [number, string] }[] };
}

/** Value of the one sample that has all of these labels. */
function sample(text: string, name: string, ...labels: string[]): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const found = lines.filter((line) => labels.every((label) => line.includes(label)));
  assert.is(found.length, 1, `${name} ${labels}: ${text}`);
  return Number(found[0]!.split(' ').at(-1));
}

(promtool ? test : test.skip)('promtool finds nothing wrong with the text', async ({ daemon }) => {
  const { text, headers } = await daemon.request('/metrics', { overTcp: true });
  assert.match(headers['content-type']!, 'text/plain; version=0.0.4');
  const output = execFileSync(promtool!, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  assert.is(output, '');
});

test('each read is counted once, by its result', async ({ daemon }) => {
  const { text } = await daemon.request('/metrics');
  const reads = (cache: string, result: string): number =>
    sample(text, 'sidecache_requests_total', `cache="${cache}"`, `result="${result}"`);
  assert.equal(
    ['hit', 'stale', 'miss', 'negative', 'error'].map((result) => reads('users', result)),
    [1, 0, 2, 0, 1],
  );
  assert.equal(
    ['hit', 'stale', 'miss', 'negative', 'error'].map((result) => reads('default', result)),
    [1, 0, 1, 0, 0],
  );
  assert.is(sample(text, 'sidecache_load_duration_seconds_count', 'cache="users"'), 3);
  assert.is(sample(text, 'sidecache_entries', 'cache="users"'), 1);
  const changes = (source: string): number =>
    sample(text, 'sidecache_invalidations_total', 'cache="users"', `source="${source}"`);
  assert.equal(['local', 'peer', 'repair'].map(changes), [1, 0, 0]);
  assert.is(sample(text, 'sidecache_invalidated_entries_total', 'cache="users"'), 1);
  assert.is(sample(text, 'sidecache_build_info', 'version='), 1);
});

test('OpenMetrics by Accept: as its grammar wants it', async ({ daemon }) => {
  const { text, headers } = await daemon.request('/metrics', { headers: { accept: OPEN_METRICS } });
  assert.match(headers['content-type']!, 'application/openmetrics-text; version=1.0.0');
  assert.ok(text.endsWith('# EOF\n'));
  assertOpenMetrics(text);
});

test('the format is the one that a scraper likes better', async ({ daemon }) => {
  const ask = async (accept: string): Promise<string> =>
    (await daemon.request('/metrics', { headers: { accept } })).headers['content-type']!;
  assert.match(await ask('text/plain'), 'text/plain');
  assert.match(await ask('*/*'), 'text/plain');
  assert.match(await ask(`${OPEN_METRICS};q=0.5,text/plain;q=0.9`), 'text/plain');
  assert.match(await ask(`${OPEN_METRICS};q=0.9,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`), 'openmetrics');
  assert.match(await ask(`${OPEN_METRICS};q=0`), 'text/plain');
});

test('HEAD and unknown parameters are as everywhere', async ({ daemon }) => {
  const head = await daemon.request('/metrics', { method: 'HEAD' });
  assert.equal([head.status, head.body.length], [200, 0]);
  assert.is((await daemon.request('/metrics?flet=1')).status, 400);
});

(prometheus ? test : test.skip)('a real Prometheus scrapes the OpenMetrics', async ({ daemon }) => {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const port = await freePort();
  const config = {
    global: { scrape_interval: '200ms', scrape_protocols: undefined },
    scrape_configs: [
      { job_name: 'sidecache', static_configs: [{ targets: [`127.0.0.1:${daemon.httpPort}`] }] },
    ],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const child = spawn(
    prometheus!,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  try {
    const query = async (expression: string): Promise<string | undefined> => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const answer = await fetch(url).then(
        (response) => (response.ok ? (response.json() as Promise<Found>) : undefined),
        () => undefined,
      );
      return answer?.data?.result[0]?.value[1];
    };
    let hits: string | undefined;
    await until(async () => {
      hits = await query('sidecache_requests_total{cache="users",result="hit"}');
      return hits !== undefined;
    });
    assert.is(hits, '1');
    assert.is(await query('up{job="sidecache"}'), '1');
    assert.is(await query('sidecache_load_duration_seconds_bucket{cache="users",le="+Inf"}'), '3');
    assert.is(await query('count(sidecache_build_info{team="a \\"b\\" \\\\ c"})'), '1');
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Source: the OpenMetrics 1.0 specification; what of it a counter, gauge or histogram can get wrong. */
function assertOpenMetrics(text: string): void {
  const types = new Map<string, string>();
  const seen = new Set<string>();
  let family = '';
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const described = /^# (HELP|TYPE|UNIT) ([a-z_:][a-z0-9_:]*) (.*)$/.exec(line);
    if (described) {
      const [, what, name, rest] = described;
      if (name !== family) assert.not(types.has(name!), `${name} comes in two places`);
      family = name!;
      if (what === 'TYPE') types.set(name!, rest!);
      continue;
    }
    const found = /^([a-z_:][a-z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*\})? (\S+)$/.exec(
      line,
    );
    assert.ok(found, `no sample: ${line}`);
    const [, name, labels = '', value] = found!;
    assert.not(seen.has(name + labels), `twice: ${line}`);
    seen.add(name + labels);
    assert.ok(Number.isFinite(Number(value)), line);
    const suffixes = { counter: ['_total'], gauge: [''], histogram: ['_bucket', '_sum', '_count'] };
    const type = types.get(family) as keyof typeof suffixes;
    assert.ok(
      suffixes[type]?.some((suffix) => name === family + suffix),
      `${name} is no ${type} ${family}`,
    );
    if (name!.endsWith('_bucket')) assert.match(labels, /le="(\+Inf|[0-9.e-]+)"/);
  }
  assert.ok(types.size > 15);
}

test.run();
