// The command line itself: mistakes, help, where the daemon is looked for.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../src/commands/catalogue.ts';
import { EXIT } from '../../src/commands/exit-codes.ts';
import { WHERE } from '../../src/commands/options.ts';
import { startFakeDaemon } from './fake-daemon.ts';
import { runCommand } from './fake-host.ts';

const test = suite('the command line');

test('a mistake is exit 2, one line, and says what would be right', async () => {
  const mistakes: [string[], string][] = [
    [['foo'], 'there is no command foo; commands: serve, get,'],
    [['gett', 'a', 'b'], 'did you mean get?'],
    [['get', 'users'], 'KEY is missing; usage: sidecache get CACHE KEY'],
    [['get', 'users', '1', '2'], '2 is one word too many'],
    [
      ['get', 'users', '1', '--hepl'],
      'there is no option --hepl (did you mean --help?); see sidecache get --help',
    ],
    [['--verison'], 'there is no option --verison (did you mean --version?); see sidecache --help'],
    [['get', 'users', '1', '--bogus'], 'there is no option --bogus; see sidecache get --help'],
    [['set', 'users', '1', 'v', '--ttl'], '--ttl needs a value'],
    [['set', 'users', '1', 'v', '--ttl', '1s', '--ttl', '2s'], '--ttl can be given once only'],
    [['keys', 'users', '--limit', '0'], '--limit must be a whole number above 0'],
    [['wait', '--timeout', '5'], '--timeout must be a duration such as 500ms'],
    [['get', 'Users', '1'], 'Users is no name for a cache'],
    [['status', '--url', 'localhost:7070'], '--url must be http://HOST:PORT'],
    [['status', '--url', 'http://127.0.0.1:1', '--socket', '/s'], 'give one of them'],
    [['serve', '--caches.users.refesh', '5s'], 'there is no option --caches.users.refesh'],
    [['serve', '--nope'], 'there is no option --nope; see'],
    [['serve', '--mem', '64M'], 'there is no option --mem (did you mean --memory?); see'],
    [['serve', '--memroy', '64M'], '(did you mean --memory?)'],
    [['check', '--caches.my-users.refesh', '5s'], '(did you mean --caches.my-users.refresh?)'],
    [['keys', 'users', '--limt', '5'], '(did you mean --limit?)'],
    [
      ['serve', '--caches.my-users.loader.headers', 'a=b'],
      '(a secret has no flag: set SIDECACHE_CACHES_MY_USERS_LOADER_HEADERS)',
    ],
  ];
  for (const [argv, says] of mistakes) {
    const { exitCode, stdout, stderr } = await runCommand(argv);
    assert.is(exitCode, 2, argv.join(' '));
    assert.is(stdout, '', argv.join(' '));
    assert.ok(stderr.includes(says), `${argv.join(' ')}: ${stderr}`);
    assert.is(stderr.trimEnd().split('\n').length, 1, stderr);
  }
});

test('nothing on the command line is help, on standard output', async () => {
  const { exitCode, stdout, stderr } = await runCommand([]);
  assert.is(exitCode, 0);
  assert.is(stderr, '');
  for (const row of COMMANDS) assert.match(stdout, `sidecache ${row.name} `);
});

test('every command has help with its usage and an example', async () => {
  for (const row of COMMANDS) {
    const { exitCode, stdout } = await runCommand([row.name, '--help']);
    assert.is(exitCode, 0);
    assert.ok(stdout.startsWith(['sidecache', row.name, ...row.words, '[options]'].join(' ')), stdout);
    assert.match(stdout, 'Examples:');
  }
});

test('however help is asked for, it is the same', async () => {
  for (const own of [[], ['get'], ['serve']]) {
    const { stdout } = await runCommand([...own, '--help']);
    for (const word of ['--h', '-h', '--help=true'])
      assert.is((await runCommand([...own, word])).stdout, stdout, [...own, word].join(' '));
  }
});

test('help as a word is --help, of a command too', async () => {
  const same: [string[], string[]][] = [
    [['help'], ['--help']],
    [
      ['help', 'get'],
      ['get', '--help'],
    ],
    [
      ['help', 'serve'],
      ['serve', '-h'],
    ],
  ];
  for (const [words, asked] of same) {
    const { exitCode, stdout } = await runCommand(words);
    assert.is(exitCode, 0, words.join(' '));
    assert.is(stdout, (await runCommand(asked)).stdout);
  }
});

test('help behind a command is a name like any other', async () => {
  const { exitCode, stderr } = await runCommand(['get', 'help']);
  assert.is(exitCode, 2);
  assert.match(stderr, 'KEY is missing');
  const daemon = await startFakeDaemon(() => ({ body: 'v' }));
  for (const argv of [
    ['get', 'users', 'help', '--socket', daemon.socket],
    ['get', '--socket', daemon.socket, 'users', 'help'],
  ]) {
    assert.is((await runCommand(argv)).stdout, 'v');
  }
  await daemon.close();
  assert.match((await runCommand(['status', '--socket', 'help'])).stderr, 'no daemon answers on help');
});

test('docs/command-line.md has every command, every option and every exit code', () => {
  const sections = readFileSync('docs/command-line.md', 'utf8').split(/^## /m);
  for (const row of COMMANDS) {
    const section = sections.find((one) => one.startsWith(`${[row.name, ...row.words].join(' ')}\n`)) ?? '';
    const examples = /```[^`]*sidecache /.test(section);
    assert.ok(examples, `## ${[row.name, ...row.words].join(' ')} with an example`);
    for (const name of Object.keys(row.options)) {
      const common =
        name in WHERE &&
        sections.some((one) => one.startsWith('For all of them') && one.includes(`--${name}`));
      assert.ok(common || section.includes(`--${name}`), `${row.name}: --${name}`);
    }
  }
  const codes = sections.find((one) => one.startsWith('Exit codes')) ?? '';
  for (const code of Object.values(EXIT)) assert.match(codes, `| ${code} |`);
});

test('help of serve lists the configuration, from its one table', async () => {
  const { stdout } = await runCommand(['serve', '--help']);
  assert.match(stdout, '--memory');
  assert.match(stdout, '--caches.<name>.refresh');
  assert.not.match(stdout, '--resp.password');
});

test('no daemon is exit 4, and says where it was looked for and what to do', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['status', '--socket', '/nowhere/s.sock', '--json']);
  assert.is(exitCode, 4);
  const line = 'no daemon answers on /nowhere/s.sock (is it running? start one with `sidecache serve`)';
  assert.is(stderr, `sidecache: ${line}\n`);
  assert.equal(JSON.parse(stdout), { error: line, exit_code: 4 });
});

test('the socket is the flag’s, else SIDECACHE_SOCKET, else sidecache.sock in TMPDIR, else in /tmp', async () => {
  const looked = async (argv: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> => {
    const { stderr } = await runCommand(['status', ...argv], { env });
    return /answers on (\S+)/.exec(stderr)?.[1];
  };
  const env = { SIDECACHE_SOCKET: '/nowhere/e.sock', TMPDIR: '/nowhere/t/' };
  assert.is(await looked(['--socket', '/nowhere/f.sock'], env), '/nowhere/f.sock');
  assert.is(await looked([], env), '/nowhere/e.sock');
  assert.is(await looked([], { TMPDIR: env.TMPDIR }), '/nowhere/t/sidecache.sock');
});

test('an option may stand before the command', async () => {
  const daemon = await startFakeDaemon(() => ({ body: 'v' }));
  const { exitCode, stdout } = await runCommand(['--socket', daemon.socket, 'get', 'users', '1']);
  await daemon.close();
  assert.is(exitCode, 0);
  assert.is(stdout, 'v');
});

test('what the daemon says cannot reach the terminal’s controls', async () => {
  const body = { detail: 'no\x1b[2J\nsidecache: all is well' };
  const daemon = await startFakeDaemon(() => ({ status: 500, body }));
  const { exitCode, stderr } = await runCommand(['status', '--socket', daemon.socket]);
  await daemon.close();
  assert.is(exitCode, 1);
  assert.is(stderr, 'sidecache: no\\x1b[2J; sidecache: all is well\n');
});

test.run();
