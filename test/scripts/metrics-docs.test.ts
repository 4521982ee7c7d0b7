// docs/metrics.md names what a real scrape has: every metric with its type, and none besides.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { type Daemon, startDaemon } from '../../src/daemon.ts';

const test = suite('docs/metrics.md');
const docs = readFileSync('docs/metrics.md', 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'metrics-'));
const socketPath = join(directory, 's');
let daemon: Daemon;
let scraped: Map<string, string>;

test.before(async () => {
  // With a loader, an app, a fleet and a landscape: without them there are no metrics of loads, of the app, of peers and APIs.
  const nobody = 'http://127.0.0.1:9';
  const caches = { users: { loader: { url: `${nobody}/{key}` }, notify: { url: nobody } } };
  const env = {
    SIDECACHE_FLEET_LISTEN: '127.0.0.1:0',
    SIDECACHE_FLEET_TOKEN: 'token-of-the-documentation',
    SIDECACHE_FLEET_PEERS_LIST: nobody,
    SIDECACHE_PRESET: 'cloudfoundry',
    SIDECACHE_CLOUDFOUNDRY_API: nobody,
    SIDECACHE_CLOUDFOUNDRY_REFRESH_TOKEN: 'token-of-nobody',
  };
  daemon = await startDaemon({ flags: { socket: socketPath, drain: '0ms', caches }, env, log: () => {} });
  const text = `${await scrape('/metrics')}\n${await scrape('/metrics?fleet=1')}`;
  const types = text.matchAll(/^# TYPE (\S+) (\S+)$/gm);
  scraped = new Map([...types].map(([, name, type]) => [name!, type!]));
});

test.after(async () => {
  await daemon.close();
  rmSync(directory, { recursive: true, force: true });
});

test('every metric of a scrape is there with its type, and no other', () => {
  const listed = [...docs.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => [name, type]);
  assert.ok(scraped.size > 15);
  assert.equal(listed.sort(), [...scraped].sort());
});

test('the alerts are YAML, and ask for metrics that are there', () => {
  const [, yaml] = /```yaml\n(groups:\n[\s\S]*?)```/.exec(docs) ?? [];
  const { rules } = parse(yaml!).groups[0] as { rules: { alert: string; expr: string }[] };
  assert.is(rules.length, 15);
  for (const { alert, expr } of rules) {
    const names = [...expr.matchAll(/\b(?:sidecache|process|nodejs)_\w+/g)].map(([name]) => name);
    assert.ok(names.length > 0 || expr.startsWith('up{'), alert);
    for (const name of names)
      assert.ok(
        scraped.has(name) || scraped.get(name.replace(/_(?:sum|count)$/, '')) === 'histogram',
        `${alert}: ${name}`,
      );
  }
});

async function scrape(path: string): Promise<string> {
  const [answer] = (await once(get({ socketPath, path }), 'response')) as [IncomingMessage];
  return Buffer.concat(await answer.toArray()).toString();
}

test.run();
