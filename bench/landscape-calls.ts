// The landscape of a Cloud Foundry: what discovering it costs in calls, time and memory, cold, warm and asked by many.
// Options: --organizations N --spaces N --applications N --memory SIZE.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FakeCloud } from '../test/cloud-controller/fake/fake-cloud.ts';
import { discovered, LandscapeDaemon } from '../test/daemon/landscape-daemon.ts';

const PAGE = 200;
const BATCH = 100;
const MANY = 200;

export async function landscapeCalls(given: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      organizations: { type: 'string', default: '250' },
      spaces: { type: 'string', default: '1000' },
      applications: { type: 'string', default: '3000' },
      memory: { type: 'string', default: '32M' },
    },
  });
  const [organizations, spaces, applications] = [
    values.organizations,
    values.spaces,
    values.applications,
  ].map(Number) as [number, number, number];
  const cloud = await FakeCloud.start();
  cloud.seed({ organizations, spaces, applications });
  const landscape = await LandscapeDaemon.start(cloud, { config: { memory: values.memory } });
  const { daemon } = landscape;
  let idleBytes = 0;
  const measured = async (name: string, askers: number): Promise<void> => {
    cloud.forget();
    const startedAtMs = performance.now();
    const lists = await Promise.all(Array.from({ length: askers }, () => daemon.request('/discovery')));
    const ms = performance.now() - startedAtMs;
    const refused = lists.filter(({ status }) => status !== 200).length;
    const rssMb = (peakBytes(daemon.pid) - idleBytes) / 1e6;
    console.log(
      `| ${name} | ${cloud.count()} | ${ms.toFixed(0)} ms | ${refused} | + ${rssMb.toFixed(0)} MB |`,
    );
  };
  try {
    await daemon.request('/caches/default/none');
    idleBytes = peakBytes(daemon.pid);
    const expected = callsFor(organizations, spaces, applications);
    console.log(
      `\n${organizations} organizations, ${spaces} spaces, ${applications} apps; page ${PAGE}, batch ${BATCH}: ` +
        `2 + domains 1 + orgs ⌈O/page⌉ + spaces Σ⌈/page⌉ + apps Σ⌈/page⌉ + 2 ⌈A/batch⌉ = ${expected} calls`,
    );
    console.log(`Node ${process.version}, memory ${values.memory}`);
    console.log('| | calls | time | refused | RSS at most |\n|---|---|---|---|---|');
    await measured('cold', 1);
    console.log(`|   of these | ${JSON.stringify(cloud.counts())} | | | |`);
    await measured('warm', 1);
    await measured(`warm, ${MANY} at once`, MANY);
    for (let round = 0; round < 3; round++) {
      await daemon.request('/cache/invalidate?org=1&domain=1&route=1&process=1');
      await measured(`all forgotten, ${MANY} at once`, MANY);
    }
    console.log(`listed: ${(await discovered(daemon)).length}`);
  } finally {
    await landscape.close();
  }
}

function peakBytes(pid: number): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Root and token are asked for once in the daemon's life. */
function callsFor(organizations: number, spaces: number, applications: number): number {
  const pages = (things: number): number => Math.max(1, Math.ceil(things / PAGE));
  const inBatches = (keys: number, things: number): number => {
    let calls = 0;
    for (let left = keys; left > 0; left -= BATCH) calls += pages((things / keys) * Math.min(BATCH, left));
    return calls;
  };
  return (
    3 +
    pages(organizations) +
    inBatches(organizations, spaces) +
    inBatches(spaces, applications) +
    2 * inBatches(applications, applications)
  );
}
