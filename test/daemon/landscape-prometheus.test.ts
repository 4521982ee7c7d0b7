// A real Prometheus that discovers by /discovery what it is to scrape, and promtool on the same configuration.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../scripts/command.ts';
import { tool } from '../tools.ts';
import { type Json, until } from './daemon.ts';
import { addApplication, LandscapeDaemon, smallCloud } from './landscape-daemon.ts';

const LIMIT_MS = 60_000;
const JOB = 'cloudfoundry';

interface Context {
  landscape: LandscapeDaemon;
  folder: string;
  file: string;
}

const test = suite<Context>('discovery by Prometheus');
const prometheus = tool('prometheus');
const promtool = tool('promtool');

test.before(async (context) => {
  const cloud = await smallCloud();
  const { name: domain } = cloud.addDomain('apps.internal', { internal: true });
  const [space] = cloud.spaces.values();
  cloud.addApplication(space!, { name: 'inside', instances: 2, routes: [{ host: 'inside', domain }] });
  // What a label, or a path, must not be broken by.
  cloud.addApplication(space!, {
    name: 'odd "name" \\ ü',
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/m?a=1&b-c=2' },
    routes: [{ host: 'odd', domain: 'apps.example.org' }],
  });
  context.landscape = await LandscapeDaemon.start(cloud, {
    cloudfoundry: { targets: [{ kubernetesAnnotations: true, path: '/own' }, { path: '/prometheus' }] },
    config: { http: '127.0.0.1:0' },
  });
  context.folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  context.file = join(context.folder, 'prometheus.yml');
  writeFileSync(context.file, JSON.stringify(configuration(context.landscape)));
});

test.after(async ({ landscape, folder }) => {
  await landscape.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As the docs have it. */
function configuration({ daemon }: LandscapeDaemon): object {
  return {
    // Nobody is scraped within the test: there are no such hosts.
    global: { scrape_interval: '1h' },
    scrape_configs: [
      {
        job_name: JOB,
        http_sd_configs: [{ url: `${daemon.httpUrl}/discovery`, refresh_interval: '1s' }],
        relabel_configs: [
          { source_labels: ['__meta_cf_orgName'], target_label: 'org' },
          { source_labels: ['__meta_promregator_target_spaceName'], target_label: 'space' },
          { source_labels: ['__meta_cf_applicationName'], target_label: 'app' },
          { source_labels: ['__meta_cf_instanceId'], target_label: 'instance' },
        ],
      },
    ],
  };
}

(promtool ? test : test.skip)(
  'row 83: promtool takes the configuration, and finds what is discovered',
  async (context) => {
    const run = promisify(execFile);
    const { stdout } = await run(promtool!, ['check', 'config', context.file]);
    assert.match(stdout, 'SUCCESS');
    let targets: Json[] = [];
    // It always waits for the whole of its time.
    for (const time of ['2s', '10s', '30s']) {
      const flags = ['check', 'service-discovery', `--timeout=${time}`, context.file, JOB];
      const found = await run(promtool!, flags).catch(({ stdout }) => ({ stdout }));
      targets = parsed(found.stdout);
      if (targets.length > 0) break;
    }
    assert.equal(targets.map(({ labels }) => labels.app).sort(), [
      ...['inside', 'inside', 'odd "name" \\ ü'],
      ...['odd "name" \\ ü', 'shop', 'shop'],
    ]);
    assert.ok(targets.every(({ error }) => error === undefined));
  },
);

(prometheus ? test : test.skip)(
  'a real Prometheus lists what is discovered, and follows it',
  async (context) => {
    const { landscape, folder, file } = context;
    await withPrometheus(file, join(folder, 'data'), async (port, isAlive) => {
      let targets: Json[] = [];
      const listed = async (count: number): Promise<void> => {
        await until(
          async () => {
            targets = await targetsOf(port);
            return targets.length === count || !isAlive();
          },
          () => `not ${count} targets: ${JSON.stringify(targets)}`,
          LIMIT_MS,
        );
        assert.is(targets.length, count);
      };
      await listed(6);
      assert.equal(targets.map(({ scrapeUrl }) => scrapeUrl.replace(':443/', '/')).sort(), [
        ...['http://0.inside.apps.internal:8080/prometheus', 'http://1.inside.apps.internal:8080/prometheus'],
        ...['https://odd.apps.example.org/m?a=1', 'https://odd.apps.example.org/prometheus'],
        ...['https://shop.apps.example.org/prometheus', 'https://shop.apps.example.org/prometheus'],
      ]);
      const shop = targets.filter(({ labels }) => labels.app === 'shop');
      const [application] = landscape.cloud.applications.values();
      assert.equal(shop.map(({ labels }) => labels).sort(byInstance), [
        { app: 'shop', instance: `${application!.guid}:0`, job: JOB, org: 'my-org', space: 'my-space' },
        { app: 'shop', instance: `${application!.guid}:1`, job: JOB, org: 'my-org', space: 'my-space' },
      ]);
      addApplication(landscape.cloud, 'new');
      await landscape.daemon.request('/cache/invalidate?org=1');
      await listed(7);
      await landscape.cloud.goDown();
      await landscape.daemon.request('/cache/invalidate?org=1');
      // The second is asked for after the first was taken.
      await until(async () => (await partialAnswers(landscape)) >= 2 || !isAlive(), undefined, LIMIT_MS);
      assert.is((await targetsOf(port)).length, 7, 'an API that is down takes nobody out of the list');
    });
  },
);

function parsed(text: string): Json[] {
  try {
    return JSON.parse(text) ?? [];
  } catch {
    return [];
  }
}

const byInstance = (one: Json, other: Json): number => one.instance.localeCompare(other.instance);

async function withPrometheus(
  file: string,
  data: string,
  run: (port: number, isAlive: () => boolean) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child: ChildProcess = spawn(prometheus!, flags, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    await run(port, () => child.exitCode === null);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function targetsOf(port: number): Promise<Json[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/targets?state=active`).catch(() => undefined);
  const said = (await answer?.json().catch(() => undefined)) as Json;
  return said?.data?.activeTargets ?? [];
}

/** Answers to Prometheus, the only one who asks, in which something was missing. */
async function partialAnswers({ daemon }: LandscapeDaemon): Promise<number> {
  const { text } = await daemon.request('/metrics');
  return Number(/^sidecache_discovery_answers_total\{result="partial"\} (\d+)$/m.exec(text)?.[1]);
}

test.run();
