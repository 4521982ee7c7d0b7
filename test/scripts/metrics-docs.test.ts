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
  // With a loader: caches without one have no metrics of loads.
  const caches = { users: { loader: { url: 'http://127.0.0.1:9/{key}' } } };
  daemon = await startDaemon({ flags: { socket: socketPath, drain: '0ms', caches }, env: {}, log: () => {} });
  const types = (await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
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
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(docs) ?? [];
  const { rules } = parse(yaml!).groups[0] as { rules: { alert: string; expr: string }[] };
  assert.is(rules.length, 5);
  for (const { alert, expr } of rules) {
    const names = [...expr.matchAll(/\b(?:sidecache|process|nodejs)_\w+/g)].map(([name]) => name);
    assert.ok(names.length > 0 || expr.startsWith('up{'), alert);
    for (const name of names) assert.ok(scraped.has(name), `${alert}: ${name}`);
  }
});

async function scrape(): Promise<string> {
  const [answer] = (await once(get({ socketPath, path: '/metrics' }), 'response')) as [IncomingMessage];
  return Buffer.concat(await answer.toArray()).toString();
}

test.run();
