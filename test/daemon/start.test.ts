// scripts/start, as a newcomer uses it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command } from '../scripts/command.ts';
import { environment, ROOT } from '../scripts/manifest.ts';
import { tool } from '../tools.ts';

interface Context {
  folder: string;
  start: Command;
}

const test = suite<Context>('scripts/start');

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "a newcomer's "));
  const env = { ...environment(context.folder, 0), START: join(ROOT, 'scripts/start') };
  context.start = new Command('exec "$START" --http 127.0.0.1:0', { cwd: context.folder, env });
});

test.after.each(async ({ folder, start }) => {
  start.stop('SIGKILL');
  await start.ended;
  rmSync(folder, { recursive: true, force: true });
});

(tool('curl') ? test : test.skip)('the three commands it suggests work as printed', async ({ start }) => {
  await start.next(/^ {2}curl .*\/metrics/);
  const [put, get, metrics] = start.lines.filter((line) => line.startsWith('  curl '));
  assert.match(bash(`${put} -sS -w '%{http_code}'`), /201$/);
  const answer = bash(`${get} -sS`);
  assert.match(answer, /cache-status: sidecache; hit/i);
  assert.match(answer, /hello$/);
  assert.match(bash(`${metrics} -sS`), 'sidecache_build_info');
});

test('the ready line comes before what to try, and nothing before the log', async ({ start }) => {
  await start.next(/^Try, /);
  const ready = start.lines.findIndex((line) => line.includes('"ready"'));
  assert.ok(ready >= 0 && ready < start.lines.findIndex((line) => line.startsWith('Try, ')));
  for (const line of start.lines.slice(0, ready + 1)) assert.type(JSON.parse(line), 'object');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} to it is ${signal} to the daemon: exit 0`, async ({ start }) => {
    await start.next(/^Try, /);
    start.kill(signal);
    assert.is(await start.ended, 0);
  });
}

function bash(command: string): string {
  return execFileSync('bash', ['-c', command], { encoding: 'utf8' });
}

test.run();
