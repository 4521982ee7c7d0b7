// Runs what the README says a newcomer should type, as typed, and holds it to what it says comes back.

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { parseFile } from '../../src/config/file.ts';
import { loadConfig } from '../../src/config/load.ts';
import { tool } from '../tools.ts';

const README = readFileSync('README.md', 'utf8');

interface Step {
  readonly command: string;
  readonly shows: string[];
}

const test = suite('readme');
const directory = mkdtempSync(join(tmpdir(), 'readme-'));
const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: directory };
const running: ChildProcess[] = [];

/** Builds and starts the daemon, and then the fleet; `R` and `A` are set as a reader sets them. */
test.before(async () => {
  await start('./scripts/start', [], (text) => text.includes('"ready"'));
  const [, program, ...args] = /`node (dist\/\S+) (fleet 3)`/.exec(README)!;
  const shown = await start('node', [program!, ...args.join(' ').split(' '), '--json'], (text) =>
    text.includes('\n'),
  );
  const { router, token } = JSON.parse(shown.split('\n')[0]!);
  Object.assign(env, { R: router, A: `Authorization: Bearer ${token}` });
});

/** Resolves with what it wrote until it was ready. */
function start(
  command: string,
  args: readonly string[],
  isReady: (text: string) => boolean,
  options: SpawnOptions = { env },
): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  return new Promise((ready, failed) => {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk;
      if (isReady(text)) ready(text);
    });
    child.once('exit', (code) => failed(new Error(`${command} ended with ${code}`)));
  });
}

test.after(async () => {
  for (const child of running) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
});

const hasRedisCli = tool('redis-cli') !== undefined;

for (const { command, shows } of steps()) {
  const given = command.startsWith('redis-cli') && !hasRedisCli ? test.skip : test;
  given(`as typed: ${command}`, () => {
    const { stdout, status } = spawnSync('bash', ['-c', command], { env, encoding: 'utf8' });
    assert.is(status, 0);
    let from = 0;
    for (const line of shows) {
      const at = stdout.indexOf(line, from);
      assert.ok(at >= 0, `expected ${line} in:\n${stdout}`);
      from = at + line.length;
    }
  });
}

test('scripts/start listens where the configuration in the directory says, not where it would without one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  writeFileSync(join(folder, 'sidecache.yml'), 'http: off\n');
  let shown = '';
  const options = { cwd: folder, env: { ...env, TMPDIR: folder } };
  const isReady = (text: string): boolean => {
    shown = text;
    return text.includes('"ready"');
  };
  await start(resolve('scripts/start'), [], isReady, options);
  rmSync(folder, { recursive: true, force: true });
  const ready = JSON.parse(shown.split('\n').find((line) => line.includes('"ready"'))!);
  assert.is(ready.http, undefined);
  assert.ok(ready.socket.startsWith(folder));
});

test('the README has commands to type', () => {
  assert.ok(steps().length >= 10);
});

test('its configuration is a good one', () => {
  const [yaml] = [...README.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);
  assert.ok(parse(yaml!).caches.users);
  const file = parseFile('sidecache.yml', yaml!, {});
  const { config } = loadConfig({ flags: {}, env: {}, file, hostname: 'test' });
  assert.is(config.caches.find(({ name }) => name === 'users')?.refreshMs, 60_000);
});

test('every file that it links to is there', () => {
  const links = [...README.matchAll(/\]\(([^)#]+)\)/g)]
    .map((match) => match[1]!)
    .filter((link) => !link.includes('://'));
  assert.ok(links.length > 5);
  for (const link of links) assert.is(spawnSync('test', ['-e', link]).status, 0, link);
});

function steps(): Step[] {
  const found: Step[] = [];
  for (const [, block] of README.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const line of block!.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) found.push({ command: line.slice(2), shows: [] });
      else found.at(-1)!.shows.push(line);
    }
  }
  return found;
}

test.run();
