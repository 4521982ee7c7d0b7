import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConfig, readDegraded } from '../../src/config/read.ts';
import { ConfigError } from '../../src/errors.ts';

interface Context {
  directory: string;
}

const test = suite<Context>('read');

test.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'sidecache-read-'));
});

test.after.each(async ({ directory }) => {
  await rm(directory, { recursive: true });
});

test('sidecache.yml of the working directory is found', async ({ directory }) => {
  await writeFile(join(directory, 'sidecache.yml'), 'drain: 1s');
  await writeFile(join(directory, 'sidecache.json'), '{ "drain": "2s" }');
  const { config, sources } = await readConfig({ argvFlags: {}, env: {}, directory });
  assert.is(config.drainMs, 1000);
  assert.is(sources.get('drain'), `file ${directory}/sidecache.yml:1`);
});

test('--config goes before SIDECACHE_CONFIG, and both before what lies around', async ({ directory }) => {
  const at = (name: string): string => join(directory, name);
  await writeFile(at('sidecache.yml'), 'drain: 1s');
  await writeFile(at('a.json'), '{ "drain": "2s" }');
  await writeFile(at('b.yml'), 'drain: 3s');
  const env = { SIDECACHE_CONFIG: at('a.json') };
  assert.is((await readConfig({ argvFlags: {}, env, directory })).config.drainMs, 2000);
  const loaded = await readConfig({ argvFlags: { config: at('b.yml') }, env, directory });
  assert.is(loaded.config.drainMs, 3000);
  assert.is(loaded.sources.get('config'), 'flag --config');
});

test('a named file that is not there, or too large, is a ConfigError', async ({ directory }) => {
  const large = join(directory, 'large.yml');
  await writeFile(large, '#'.repeat(1024 * 1024 + 1));
  for (const config of [join(directory, 'nope.yml'), directory, large]) {
    const error = await problemsOf({ config });
    assert.is(error.length, 1);
    assert.match(
      error[0]!,
      /^config \(flag --config\): ".*" (cannot be read: |has 1048577 bytes; allowed: at most 1 MiB)/,
    );
  }
});

test('a file that cannot be read does not hide what else is wrong', async ({ directory }) => {
  const problems = await problemsOf({ config: join(directory, 'nope.yml'), drain: 'soon' });
  assert.is(problems.length, 2);
});

test('of a bad file enough is left to answer on the socket', async ({ directory }) => {
  await writeFile(join(directory, 'sidecache.yml'), 'socket: /tmp/other.sock\ncaches: { a: { ttl: 1 } }');
  const config = await readDegraded({ argvFlags: {}, env: { VCAP_APPLICATION: '{}' }, directory });
  assert.is(config.socket, '/tmp/other.sock');
  assert.is(config.onBadConfig, 'degrade');
});

test('a certificate that is not there is a problem of the configuration, with its key and line', async ({
  directory,
}) => {
  const [config, ca] = [join(directory, 'sidecache.yml'), join(directory, 'ca.pem')];
  await writeFile(
    config,
    `caches:\n  users:\n    loader:\n      url: "https://h/{key}"\n      ca: ${JSON.stringify(ca)}\n`,
  );
  const where = `caches.users.loader.ca (${config}:5)`;
  assert.equal(await problemsOf({ config }), [`${where}: "${ca}" cannot be read: there is no such file`]);
  await writeFile(ca, '');
  assert.equal(await problemsOf({ config }), []);
});

test('a file that is not there is said to be so, once', async () => {
  assert.equal(await problemsOf({ config: '/nowhere/s.yml' }), [
    'config (flag --config): "/nowhere/s.yml" cannot be read: there is no such file',
  ]);
});

async function problemsOf(argvFlags: Record<string, unknown>): Promise<readonly string[]> {
  try {
    await readConfig({ argvFlags, env: {} });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test.run();
