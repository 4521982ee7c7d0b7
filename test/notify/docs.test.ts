// The handler of docs/notify.md beside a daemon with the configuration of docs/notify.md, both as they stand there.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConfig } from '../../src/config/read.ts';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { parseAppUrl } from '../../src/notify/app-url.ts';
import { createPoster } from '../../src/notify/post.ts';
import { systemClock } from '../../src/system-clock.ts';
import { body, change } from './scripted-app.ts';

const RESYNC_ID = 'mwrc0123456789ab-0';
const JSON_TYPE = { 'content-type': 'application/json' };
const folder = mkdtempSync(join(tmpdir(), 'sidecache-notify-'));
const files = { js: join(folder, 'server.mjs'), yaml: join(folder, 'sidecache.yml') };
const logged: string[] = [];
let app: ChildProcess;
let complaints: Interface;
let daemon: Daemon;
let publicUrl: string;
let notifyPort: string;

const test = suite('docs/notify.md');
const docs = readFileSync('docs/notify.md', 'utf8');

test.before(async () => {
  writeFileSync(files.js, snippet('js'));
  writeFileSync(files.yaml, snippet('yaml'));
  const env = { PATH: process.env.PATH, TMPDIR: folder, PORT: '0', NOTIFY_PORT: '0' };
  app = spawn(process.execPath, [files.js], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  complaints = createInterface(app.stderr!).on('line', (line) => logged.push(line));
  const lines = createInterface(app.stdout!)[Symbol.asyncIterator]();
  const said = [String((await lines.next()).value), String((await lines.next()).value)];
  const port = (what: string): string => /[0-9]+$/.exec(said.find((line) => line.includes(what))!)![0];
  publicUrl = `http://127.0.0.1:${port('the app listens')}`;
  notifyPort = port('the daemon is heard');
  daemon = await startDaemon({
    flags: { config: files.yaml, drain: '0ms' },
    env: { TMPDIR: folder, NOTIFY_PORT: notifyPort },
    log: () => {},
  });
});

test.after(async () => {
  await daemon.close();
  app.kill();
  await once(app, 'exit');
  rmSync(folder, { recursive: true });
});

test('a call without a body makes the app read anew, and forgets what the app makes of it', async () => {
  await call('PUT', '/caches/pages/1', { 'content-type': 'text/html' }, 'made of the old list');
  const answer = await call('POST', '/cache/refresh?users=1');
  assert.is(answer.headers['sidecache-applied'], '1/1');
  assert.type((await list()).readAt, 'number');
  assert.is((await call('GET', '/caches/pages/1')).statusCode, 404);
});

test('an object that is sent as JSON is what the app holds', async () => {
  const answer = await call('POST', '/api/v1/refresh', JSON_TYPE, '{"k":"v"}');
  assert.is(answer.headers['sidecache-applied'], '1/1');
  assert.equal(await list(), { k: 'v' });
});

test('what cannot be used is confirmed, logged, and changes nothing', async () => {
  const before = await list();
  const useless: [string, string][] = [
    ['application/json', '{'],
    ['application/json', 'null'],
    ['application/json', '7'],
    ['application/x-www-form-urlencoded', '{"k":"w"}'],
  ];
  for (const [type, text] of useless) {
    const answer = await call('POST', '/api/v1/refresh', { 'content-type': type }, text);
    assert.is(answer.headers['sidecache-applied'], '1/1', text);
  }
  assert.equal(await list(), before);
  while (logged.length < useless.length) await once(complaints, 'line');
  assert.ok(logged.every((line) => line.includes('cannot be used')));
});

test('a resync makes it read anew; any other path is none of its', async () => {
  const url = `http://127.0.0.1:${notifyPort}`;
  const poster = createPoster(parseAppUrl(`${url}/api/v1/refresh_all`), 30_000, systemClock, RESYNC_ID);
  assert.equal(await poster.post(change('0abc-1', { body: body('{"k":"v"}') })), { ok: true });
  assert.equal(await poster.post({ kind: 'resync' }), { ok: true });
  assert.type((await list()).readAt, 'number');
  poster.close();
  assert.is((await fetch(`${url}/`)).status, 404);
});

test('nobody tells the app anything on the port that its route leads to', async () => {
  const before = await list();
  await fetch(`${publicUrl}/api/v1/refresh_all`, { method: 'POST', body: '{"k":"w"}', headers: JSON_TYPE });
  assert.equal(await list(), before);
});

test('the app listens where the configuration says, where nothing else is set', async () => {
  const { config } = await readConfig({ argvFlags: { config: files.yaml }, env: { PORT: '8080' } });
  const { port, pathname } = new URL(config.notify!.url);
  assert.ok(snippet('js').includes(`process.env.NOTIFY_PORT || ${port}, '127.0.0.1'`));
  assert.ok(snippet('js').includes(`'${pathname}'`));
});

function snippet(language: string): string {
  const [, code] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(docs) ?? [];
  assert.ok(code, language);
  return code!;
}

async function list(): Promise<Record<string, unknown>> {
  return (await (await fetch(publicUrl)).json()) as Record<string, unknown>;
}

function call(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  sent = '',
): Promise<IncomingMessage> {
  const socketPath = join(folder, 'sidecache.sock');
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer));
    });
    asked.once('error', reject).end(sent);
  });
}

test.run();
