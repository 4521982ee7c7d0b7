// docs/fleet.md: its daemons on one machine are a fleet, and the messages that it explains are what daemons say.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read.ts';

const test = suite('docs/fleet.md');
const docs = readFileSync('docs/fleet.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'fleet-docs-'));
test.after(() => rmSync(folder, { recursive: true }));

test('of several on one machine each has a socket, ports and a name of its own, and is in the list', async () => {
  const [, numbers] = /for N in ([\d ]+); do/.exec(docs) ?? [];
  const configs = await Promise.all(numbers!.split(' ').map((N) => configOf({ N })));
  for (const { fleet } of configs) {
    assert.ok(fleet?.peers?.by === 'list');
    assert.is(fleet.peers.urls.length, configs.length);
    assert.ok(fleet.peers.urls.includes(`http://${fleet.listen.host}:${fleet.listen.port}`));
  }
  const own = (config: Config): unknown[] => [
    ...[config.socket, config.index, config.instanceId, config.http?.port, config.fleet?.listen.port],
  ];
  const values = configs.flatMap(own);
  assert.ok(!values.includes(undefined));
  assert.is(new Set(values.map(String)).size, values.length);
});

test('a variable with two tokens is two tokens where the file has it as a text', async () => {
  const FLEET_TOKEN = 'token-of-the-fleet,another-of-the-fleet';
  const { fleet } = await configOf({ N: '0', FLEET_TOKEN });
  assert.equal(fleet?.tokens, FLEET_TOKEN.split(','));
});

test('messages that stand there whole are messages of the code', () => {
  const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join('src', file), 'utf8'))
    .join('\n');
  const [, tables] = /\n## Messages, and what to do\n([\s\S]*?)\n## /.exec(docs)!;
  const first = [...tables!.matchAll(/^\| (`[^|]*)\|/gm)].map(([, cell]) => cell!);
  const messages = first.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, words]) => words!));
  const whole = messages.filter((words) => !/…|[A-Z]{3}|\d/.test(words));
  assert.ok(whole.length > 15);
  assert.equal(
    whole.filter((words) => !words.split(': ').every((part) => source.includes(part))),
    [],
  );
});

/** Of the daemons on one machine. */
async function configOf(env: Record<string, string>): Promise<Config> {
  const [yaml] = [...docs.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, text]) =>
    text!.includes('127.0.0.1:727') ? [text!] : [],
  );
  const file = join(folder, 'fleet.yml');
  writeFileSync(file, yaml!);
  const tokens = { FLEET_TOKEN: 'token-of-the-fleet', OPERATOR_TOKEN: 'token-of-an-operator' };
  const { config, warnings } = await readConfig({
    argvFlags: { config: file },
    env: { ...tokens, ...env },
  });
  assert.equal(warnings, []);
  return config;
}

test.run();
