// The Node and Python snippets of docs/reading.md, run as they stand there against a daemon.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Daemon, startDaemon } from '../../src/daemon.ts';

const test = suite('docs/reading.md');
const run = promisify(execFile);
const docs = readFileSync('docs/reading.md', 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'reading-'));
const socketPath = join(directory, 'sidecache.sock');
let daemon: Daemon;

test.before(async () => {
  daemon = await startDaemon({ flags: { socket: socketPath, drain: '0ms' }, env: {}, log: () => {} });
  await put('hello');
});

test.after(async () => {
  await daemon.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Found by TMPDIR, as after ./scripts/start, and by SIDECACHE_SOCKET, as on Kubernetes. */
const WAYS = [{ TMPDIR: directory }, { SIDECACHE_SOCKET: socketPath }];

test('Node', async () => {
  for (const env of WAYS) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', snippet('js')], { env });
    assert.is(stdout, 'hello\n');
  }
});

test('Python', async () => {
  if (await isMissing('python3')) return console.log('SKIP python: there is no python3 here');
  for (const env of WAYS) {
    const all = { ...process.env, ...env };
    assert.is((await run('python3', ['-c', snippet('python')], { env: all })).stdout, 'hello\n');
  }
});

function snippet(language: string): string {
  const [, code] = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(docs) ?? [];
  assert.ok(code, language);
  return code!;
}

async function isMissing(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => false,
    () => true,
  );
}

function put(value: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/caches/default/greeting', method: 'PUT' }, (answer) => {
      answer.resume().once('end', () => resolve());
    });
    asked.once('error', reject).end(value);
  });
}

test.run();
