// Clients that are no packages of npm's: redis-cli, Debian's python3-redis, and hiredis, the C library beneath many.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { library, tool } from '../tools.ts';
import { startTarget, type Target } from './resp-clients/target.ts';

const LIMIT_MS = 30_000;
const sources = join(dirname(fileURLToPath(import.meta.url)), 'resp-clients');

const test = suite<{ target: Target }>('client programs');
const cli = tool('redis-cli');
const compiler = tool('gcc');
const hasHiredis = library('libhiredis-dev', '/usr/include/hiredis/hiredis.h');
// Debian's own Python, whichever other one comes first on PATH: its packages are the ones that are installed.
const python = '/usr/bin/python3';
const hasRedisPy = library('python3-redis', '/usr/lib/python3/dist-packages/redis/__init__.py');

test.before(async (context) => {
  context.target = await startTarget();
});

test.after(async ({ target }) => {
  await target.stop();
});

function run(program: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((done, failed) => {
    const child = execFile(program, args, { timeout: LIMIT_MS }, (error, stdout, stderr) => {
      if (error) failed(new Error(`${program}: ${stdout}${stderr}`));
      else done(stdout);
    });
    child.stdin!.end(input);
  });
}

const withCli = cli ? test : test.skip;
for (const protocol of ['-2', '-3']) {
  const ask = (target: Target, args: readonly string[], input?: string): Promise<string> =>
    run(cli!, ['-s', target.socket, protocol, ...args], input);

  withCli(`redis-cli ${protocol}: commands given one by one, as they are typed`, async ({ target }) => {
    assert.is(await ask(target, ['SET', 'greeting', 'hello world', 'EX', '100']), 'OK\n');
    assert.is(await ask(target, ['GET', 'greeting']), 'hello world\n');
    assert.is(await ask(target, ['GET', 'none']), '\n');
    assert.match(await ask(target, ['NONSENSE']), /^ERR unknown command 'NONSENSE'/);
  });

  withCli(
    `redis-cli ${protocol}: commands read from its input, a transaction among them`,
    async ({ target }) => {
      const input = 'SET n 1\nMULTI\nINCR n\nGET n\nEXEC\nMGET n none\n';
      assert.is(await ask(target, [], input), 'OK\nOK\nQUEUED\nQUEUED\n2\n2\n2\n\n');
    },
  );

  withCli(`redis-cli ${protocol}: --pipe loads 1,000 keys, --scan finds them`, async ({ target }) => {
    const key = (i: number): string => `piped:${String(i).padStart(4, '0')}`;
    const names = Array.from({ length: 1000 }, (_, i) => key(i));
    const sets = names.map((name) => `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$1\r\nx\r\n`);
    assert.match(await ask(target, ['--pipe'], sets.join('')), /errors: 0, replies: 1000\n$/);
    const found = await ask(target, ['--scan', '--pattern', 'piped:*']);
    assert.equal(found.trim().split('\n').sort(), names);
  });
}

const withRedisPy = hasRedisPy ? test : test.skip;
withRedisPy('python3-redis: all that everybody does with it', async ({ target }) => {
  assert.is(await run(python, [join(sources, 'redis-py.py'), target.socket]), 'ok\n');
});

const withHiredis = compiler && hasHiredis ? test : test.skip;
withHiredis('hiredis: a C program does what it does with Redis', async ({ target }) => {
  const folder = mkdtempSync(join(tmpdir(), 'hiredis-'));
  const program = join(folder, 'program');
  try {
    await run(compiler!, ['-O0', '-o', program, join(sources, 'hiredis.c'), '-lhiredis']);
    assert.is(await run(program, [target.socket]), 'ok\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
