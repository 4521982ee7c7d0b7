// docs/landscape.md: its commands are run as typed against a stand-in cloud, and its tables are those of the code.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { LANDSCAPE_OPTIONS } from '../../src/config/options-landscape.ts';
import { PRESET_CACHES, presetDefault } from '../../src/config/preset.ts';
import { readConfig } from '../../src/config/read.ts';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { LANDSCAPE_CACHES } from '../../src/landscape/keys.ts';
import { TARGET_PARAMETERS } from '../../src/landscape/target-form.ts';
import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';

const test = suite('docs/landscape.md');
const run = promisify(execFile);
const docs = readFileSync('docs/landscape.md', 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'landscape-docs-'));
const env = { ...process.env, TMPDIR: directory };
let cloud: FakeCloud;
let daemon: Daemon;

test.before(async () => {
  cloud = await FakeCloud.start();
  const space = cloud.addSpace(cloud.addOrganization('my-org'), 'my-space');
  cloud.addOrganization('Team A/B');
  cloud.addApplication(space, {
    name: 'my-app',
    instances: 2,
    labels: { team: 'checkout' },
    routes: [{ host: 'my-app', domain: 'apps.example.com', port: 8080 }],
  });
  const [username, password] = [...cloud.uaa.users][0]!;
  const config = join(directory, 'sidecache.yml');
  // As the page has it, but for where the API is and who asks.
  const [, yaml] = /```yaml\n(preset: cloudfoundry\n[\s\S]*?)```/.exec(docs)!;
  writeFileSync(
    config,
    yaml!
      .replace(/api: \S+/, `api: ${cloud.url}`)
      .replace(/username: \S+/, `username: ${JSON.stringify(username)}`),
  );
  const variables = { TMPDIR: directory, CF_PASSWORD: password };
  daemon = await startDaemon({ flags: { config, drain: '0ms' }, env: variables, log: () => {} });
});

test.after(async () => {
  await daemon.close();
  await cloud.close();
  rmSync(directory, { recursive: true, force: true });
});

test('each command answers as it stands there, guids apart', async () => {
  const [, block] = /```console\n([\s\S]*?)```/.exec(docs)!;
  const steps = block!.trimEnd().split(/^\$ /m).slice(1);
  assert.ok(steps.length > 5);
  for (const step of steps) {
    const [command, shown] = step.split('\n');
    const { stdout } = await run('bash', ['-c', command!], { env });
    assert.is(withoutGuids(stdout), withoutGuids(shown!), command);
  }
});

test('its targets find the app, and the labels are those of the table', async () => {
  const found = JSON.parse(await discovery('')) as { labels: Record<string, string> }[];
  assert.is(found.length, 2);
  const labels = Object.keys(found[0]!.labels);
  const listed = rows('label').flatMap(([cell]) =>
    [...cell!.matchAll(/`(__\w+)`/g)].map(([, name]) => name!),
  );
  assert.equal(listed.sort(), labels.sort());
});

test('what it says of an answer is so: no such name is 404, another form 400', async () => {
  const status = async (path: string): Promise<string> =>
    (await curl(`http://x${path}`, '-o', '/dev/null', '-w', '%{http_code}')).trim();
  assert.is(await status('/caches/org/nobody'), '404');
  assert.is(await status('/caches/space/my-org'), '400');
  assert.is(await status('/caches/route/nobody'), '200');
  assert.is(await status('/caches/org/@default/my-org'), '200');
  assert.is(await status('/discovery?overrideRouteAndPath=1'), '400');
  assert.is(await status('/discovery?target=target-1'), '200');
});

test('all keys that the encoding in JavaScript gives are those of the names', async () => {
  const key = encodeURIComponent(['Team A/B'].map(encodeURIComponent).join('/'));
  assert.is(JSON.parse(await curl(`http://x/caches/org/${key}`)).name, 'Team A/B');
  const names = encodeURIComponent(['my-org', 'my-space'].map(encodeURIComponent).join('/'));
  assert.is(JSON.parse(await curl(`http://x/caches/space/${names}`)).name, 'my-space');
});

test('credentials of a user-provided service become variables as docs/cloud-foundry.md has it', async () => {
  const page = readFileSync('docs/cloud-foundry.md', 'utf8');
  const [, command] = /```bash\n(credential\(\)[\s\S]*?)```/.exec(page)!;
  const bound = { name: 'landscape', credentials: { username: 'reader', password: 'of $reader "x"' } };
  const services = { 'user-provided': [{ name: 'other', credentials: {} }, bound] };
  const show = 'printf "%s\\n" "$SIDECACHE_CLOUDFOUNDRY_USERNAME" "$SIDECACHE_CLOUDFOUNDRY_PASSWORD"';
  const { stdout } = await run('bash', ['-c', `${command}\n${show}`], {
    env: { ...env, VCAP_SERVICES: JSON.stringify(services) },
  });
  assert.equal(stdout.trimEnd().split('\n'), ['reader', 'of $reader "x"']);
});

test('the variables that docs/cloud-foundry.md has in a manifest are a whole configuration', async () => {
  const page = readFileSync('docs/cloud-foundry.md', 'utf8');
  const [, yaml] = /```yaml\n( +env:\n +SIDECACHE_PRESET[\s\S]*?)```/.exec(page)!;
  const { env: variables } = parse(yaml!) as { env: Record<string, string> };
  const VCAP_APPLICATION = JSON.stringify({ application_id: 'aa', cf_api: 'https://api.example.com' });
  const { config, warnings } = await readConfig({ argvFlags: {}, env: { ...variables, VCAP_APPLICATION } });
  assert.equal(warnings, []);
  assert.is(config.landscape?.apis[0]?.url, 'https://api.example.com');
  assert.is(config.landscape?.targets[0]?.orgName, 'my-org');
});

test('Prometheus takes its configurations', async () => {
  const configurations = [...docs.matchAll(/```yaml\n(scrape_configs:\n[\s\S]*?)```/g)].map(
    ([, yaml]) => yaml!,
  );
  assert.is(configurations.length, 2);
  for (const [i, yaml] of configurations.entries()) {
    const file = join(directory, `prometheus-${i}.yml`);
    const token = join(directory, 'token');
    writeFileSync(token, 'token');
    writeFileSync(file, yaml.replace(/credentials_file: [^ }]+/, `credentials_file: ${token}`));
    if (await isMissing('promtool')) return console.log('SKIP promtool: there is none here');
    await run('promtool', ['check', 'config', file]);
  }
});

test('every cache has its keys in the table, in the order of the code', () => {
  const listed = rows('cache').flatMap(([cell]) => /`(\w+)`/.exec(cell!)?.[1] ?? []);
  assert.equal(listed, [...LANDSCAPE_CACHES]);
  assert.equal(listed, [...PRESET_CACHES]);
});

test('every parameter of a target is in the table', () => {
  const listed = rows('parameter').flatMap(([cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
  );
  assert.equal(listed.sort(), [...TARGET_PARAMETERS].sort());
});

test('every option that one of Promregator becomes is there', () => {
  const cells = rows('Promregator (its default)').map(([, ours]) => ours!);
  const named = cells.flatMap((cell) =>
    [...cell.matchAll(/`(cloudfoundry\.\w+)`/g)].map(([, path]) => path!),
  );
  const known = LANDSCAPE_OPTIONS.map(({ path }) => path);
  assert.ok(named.length > 8);
  assert.equal(
    named.filter((path) => !known.includes(path)),
    [],
  );
});

test('the defaults that it names are those of the code', () => {
  const named = [...docs.matchAll(/`(cloudfoundry\.\w+)` \(`?(\w+)`?\)/g)];
  assert.ok(named.length > 2);
  for (const [, path, value] of named) {
    assert.is(LANDSCAPE_OPTIONS.find((option) => option.path === path)?.default, value, path);
  }
});

test('the times that it says are the same as before are', () => {
  const row = (key: string): string => {
    const found = rows('Promregator (its default)').find(([, ours]) =>
      ours!.includes(`caches.<name>.${key}`),
    );
    return found![0]!;
  };
  for (const key of ['refresh', 'expiry'] as const) {
    let names: string[] = [];
    const said = new Map<string, number>();
    for (const [, name, seconds] of row(key).matchAll(/`[\w.]*\.(\w+)`|\((\d+) s\)/g)) {
      if (name !== undefined) names.push(name);
      else {
        for (const each of names) said.set(each, Number(seconds) * 1000);
        names = [];
      }
    }
    for (const [name, ms] of said) assert.is(presetDefault(name, key), ms, `${name} ${key}`);
    assert.ok(said.size >= 6);
  }
});

test('the calls that it counts are those that a cold discovery makes', () => {
  const [, orgs, spaces, apps] = /For ([\d,]+) orgs, ([\d,]+) spaces and ([\d,]+) apps/
    .exec(docs)!
    .map(number);
  const pages = (things: number, batches: number): number => batches * Math.ceil(things / batches / 200);
  const batches = (things: number): number => Math.ceil(things / 100);
  const calls =
    3 +
    Math.ceil(orgs! / 200) +
    // Unevenly filled batches: each has the things of its own hundred.
    perBatch(orgs!, spaces!) +
    perBatch(spaces!, apps!) +
    2 * pages(apps!, batches(apps!));
  assert.is(calls, number(/ = (\d+)\. A larger page/.exec(docs)![1]!));
});

/** Requests for what is in `containers`, evenly spread: each hundred of them on pages of its own. */
function perBatch(containers: number, things: number): number {
  let requests = 0;
  for (let left = containers; left > 0; left -= 100) {
    requests += Math.ceil((Math.min(100, left) * things) / containers / 200);
  }
  return requests;
}

function number(text: string): number {
  return Number(text.replaceAll(',', ''));
}

function isMissing(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => false,
    () => true,
  );
}

/** The cells of the table whose first column is called so. */
function rows(first: string): string[][] {
  const at = docs.indexOf(`| ${first} |`);
  assert.ok(at >= 0, first);
  const [table] = docs.slice(at).split('\n\n');
  return table!
    .split('\n')
    .slice(2)
    .map((row) => row.slice(1, -1).split('|'));
}

function discovery(query: string): Promise<string> {
  return curl(`http://x/discovery${query}`);
}

async function curl(...args: string[]): Promise<string> {
  const socket = join(directory, 'sidecache.sock');
  return (await run('curl', ['-sS', '-g', '--unix-socket', socket, ...args])).stdout;
}

function withoutGuids(text: string): string {
  return text.trim().replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, 'a guid');
}

test.run();
