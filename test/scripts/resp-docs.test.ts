// docs/resp.md: its commands are those that there are, and what it says to type is typed at a daemon.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { RawClient } from '../serve/resp-differential/raw-client.ts';
import { skip, tool } from '../tools.ts';

const test = suite('docs/resp.md');
const run = promisify(execFile);
const docs = readFileSync('docs/resp.md', 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'resp-docs-'));
const socket = join(directory, 'sidecache.sock');
const users: Readonly<Record<string, string>> = { '/users/42': 'Ann' };
let origin: Server;
let daemon: Daemon;

test.before(async () => {
  origin = createServer(({ url }, answer) => {
    const user = users[url!];
    answer.statusCode = user === undefined ? 404 : 200;
    answer.end(user);
  });
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', listening));
  const { port } = origin.address() as AddressInfo;
  const config = join(directory, 'sidecache.yml');
  writeFileSync(config, block('yaml').replace('127.0.0.1:8080', `127.0.0.1:${port}`));
  daemon = await startDaemon({ flags: { config, socket, drain: '0ms' }, env: {}, log: () => {} });
});

test.after(async () => {
  await daemon.close();
  origin.close();
  rmSync(directory, { recursive: true, force: true });
});

test('its commands are those that there are', async () => {
  const client = await RawClient.connect(socket);
  const said = await client.send('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', '*');
  client.close();
  assert.is(said.type, '*');
  const names = said.type === '*' ? said.items.map((item) => ('text' in item ? item.text : '')) : [];
  // Of a command that is nothing without a part, its parts are listed.
  const wanted = names.filter(
    (name) => name === 'command' || !names.some((other) => other.startsWith(`${name}|`)),
  );
  const [, table] = docs.split('\n## Commands\n');
  const listed = [...table!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!.toLowerCase().replace(' ', '|'));
  assert.equal(listed.slice(1).sort(), wanted.sort());
});

const cli = tool('redis-cli');

(cli ? test : test.skip)('what is typed is answered so', async () => {
  const typed = [...docs.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, lines]) => stepsOf(lines!));
  assert.ok(typed.length > 8);
  for (const { command, shows } of typed) {
    const asked = run(cli!, ['-3', '--no-raw', '-s', socket]);
    asked.child.stdin!.end(command);
    const { stdout } = await asked;
    let from = 0;
    for (const line of shows) {
      const at = stdout.indexOf(line, from);
      assert.ok(at >= 0, `${command}: expected ${line} in\n${stdout}`);
      from = at + line.length;
    }
  }
});

test('Node', async () => {
  const env = { ...process.env, SIDECACHE_SOCKET: socket };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', block('js')], { env });
  assert.is(stdout, 'hello\n');
});

/** Node and Python read what was stored there. */
test.before(async () => {
  const client = await RawClient.connect(socket);
  await client.send('SET', 'greeting', 'hello');
  client.close();
});

const python = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import redis']).status === 0,
);

if (!python) skip('python3-redis', 'not installed');

(python ? test : test.skip)('Python', async () => {
  const env = { ...process.env, SIDECACHE_SOCKET: socket };
  assert.is((await run(python!, ['-c', block('python')], { env })).stdout, 'hello\n');
});

function block(language: string): string {
  const [, text] = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(docs) ?? [];
  assert.ok(text, language);
  return text!;
}

function stepsOf(lines: string): { command: string; shows: string[] }[] {
  const steps: { command: string; shows: string[] }[] = [];
  for (const line of lines.trimEnd().split('\n')) {
    if (line.startsWith('> ')) steps.push({ command: line.slice(2), shows: [] });
    else steps.at(-1)!.shows.push(line);
  }
  return steps;
}

test.run();
