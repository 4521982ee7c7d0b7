// scripts/cf-route against a `cf` that keeps routes as the Cloud Controller does and writes down what it is told.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { advise } from '../../src/fleet/link/probe.ts';
import { createGorouterTransport } from '../../src/fleet/transport/gorouter.ts';

const script = resolve(dirname(fileURLToPath(import.meta.url)), '../../scripts/cf-route');

interface Destination {
  guid: string;
  app: { guid: string; process: { type: string } };
  port: number;
}
interface Route {
  guid: string;
  host: string;
  path: string;
  port: number | null;
  destinations: Destination[];
}
interface Context {
  folder: string;
}

const FAKE_CF = `#!/usr/bin/env node
const fs = require('node:fs');
const file = process.env.FAKE_CF + '/routes.json';
const [verb, path, ...rest] = process.argv.slice(2);
const option = (name) => rest[rest.indexOf(name) + 1];
const method = rest.includes('-X') ? option('-X') : 'GET';
const routes = JSON.parse(fs.readFileSync(file, 'utf8'));
const answer = (it) => console.log(JSON.stringify(it));
const refuse = (title, detail) => answer({ errors: [{ code: 10010, title, detail }] });
const url = new URL(path ?? '', 'http://cf');
const query = (name) => url.searchParams.get(name);

if (verb === 'app') {
  if (path !== 'shop') { console.log("App '" + path + "' not found."); process.exit(1); }
  console.log('app-guid');
} else if (verb !== 'curl') process.exit(99);
else {
  if (method !== 'GET') fs.appendFileSync(process.env.FAKE_CF + '/calls', [method, path, ...(rest.includes('-d') ? [option('-d')] : [])].join(' ') + '\\n');
  const [, kind, guid, part, last] = url.pathname.slice(1).split('/');
  const route = routes.find((one) => one.guid === guid);
  if (kind === 'apps' && part === undefined) answer({
    guid, relationships: { space: { data: { guid: 'space-guid' } } }, included: { organizations: [{ guid: 'org-guid' }] } });
  else if (kind === 'apps' && part === 'routes') answer({ resources: routes.filter((one) => one.destinations.some((d) => d.app.guid === guid)) });
  else if (kind === 'organizations' && last === 'default') answer({ guid: 'default-domain', name: 'example.com' });
  else if (kind === 'organizations') answer({ resources: query('names') === 'other.org' ? [{ guid: 'other-domain' }] : [] });
  else if (kind === 'routes' && guid === undefined && method === 'POST') {
    const { host } = JSON.parse(option('-d'));
    if (host === 'taken') refuse('CF-UnprocessableEntity', 'Route already exists');
    else {
      routes.push({ guid: 'new-route', host, path: '', port: null, destinations: [] });
      answer({ guid: 'new-route' });
    }
  } else if (kind === 'routes' && guid === undefined) answer({ resources: routes.filter((one) => one.host === query('hosts')) });
  else if (part === 'destinations' && method === 'GET') answer({ destinations: route.destinations });
  else if (part === 'destinations' && method === 'POST') {
    for (const one of JSON.parse(option('-d')).destinations) route.destinations.push({ guid: 'new-destination', ...one });
    answer({ destinations: route.destinations });
  } else if (part === 'destinations' && method === 'DELETE') route.destinations = route.destinations.filter((one) => one.guid !== last);
  else refuse('CF-NotFound', 'Unknown request');
  fs.writeFileSync(file, JSON.stringify(routes));
}
`;

const test = suite<Context>('cf-route');

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'sidecache cf '));
  writeFileSync(join(context.folder, 'cf'), FAKE_CF);
  chmodSync(join(context.folder, 'cf'), 0o755);
});

test.after.each(({ folder }) => {
  rmSync(folder, { recursive: true, force: true });
});

test('a route that is not there is created and mapped to the fleet port, and to nothing else', (context) => {
  given(context, [route('shop', destination('own', 8080))]);
  const { status, output } = cfRoute(context, 'shop', 'shop-cache');
  assert.is(status, 0, output);
  assert.equal(ports(context, 'shop-cache'), [7071]);
  assert.equal(ports(context, 'shop'), [8080]);
  assert.match(output, 'create the route shop-cache.example.com');
  assert.match(output, 'map shop-cache.example.com to port 7071 of shop');
  assert.match(output, 'cf restart shop');
});

test('a destination on the wrong port is removed, after the right one is there', (context) => {
  given(context, [route('shop', destination('own', 8080)), route('shop-cache', destination('wrong', 8080))]);
  const { status, output } = cfRoute(context, 'shop', 'shop-cache');
  assert.is(status, 0, output);
  assert.equal(ports(context, 'shop-cache'), [7071]);
  assert.equal(
    calls(context).map((line) => line.split(' ')[0]),
    ['POST', 'DELETE'],
  );
  assert.match(output, 'remove from it: port 8080 of process web');
});

test('a second run changes nothing and asks for no restart', (context) => {
  given(context, [route('shop', destination('own', 8080)), route('shop-cache', destination('fleet', 7071))]);
  const { status, output } = cfRoute(context, 'shop', 'shop-cache');
  assert.is(status, 0, output);
  assert.equal(calls(context), []);
  assert.match(output, 'already');
  assert.not.match(output, 'cf restart');
});

test("another app's destination is left alone and mentioned", (context) => {
  const foreign = { ...destination('foreign', 8080), app: { guid: 'other-app', process: { type: 'web' } } };
  given(context, [route('shop', destination('own', 8080)), route('shop-cache', foreign)]);
  const { status, output } = cfRoute(context, 'shop', 'shop-cache');
  assert.is(status, 0, output);
  assert.equal(ports(context, 'shop-cache'), [8080, 7071]);
  assert.match(output, 'other apps share this route');
});

test("the app's only own route is refused: the app would lose it", (context) => {
  given(context, [route('shop', destination('own', 8080))]);
  const { status, output } = cfRoute(context, 'shop', 'shop');
  assert.is(status, 1);
  assert.match(output, 'map a route of its own to shop first');
  assert.equal(calls(context), []);
});

test('an app without a route is refused: its PORT would become the fleet port', (context) => {
  given(context, []);
  assert.is(cfRoute(context, 'shop', 'shop-cache').status, 1);
  assert.equal(calls(context), []);
});

test('a dry run says what it would do and does nothing', (context) => {
  given(context, [route('shop', destination('own', 8080)), route('old', destination('wrong', 8080))]);
  for (const host of ['shop-cache', 'old']) {
    const { status, output } = cfRoute(context, 'shop', host, '--dry-run');
    assert.is(status, 0, output);
    assert.match(output, `would map ${host}.example.com to port 7071 of shop`);
  }
  assert.equal(calls(context), []);
});

test('another domain and another port are taken as told', (context) => {
  given(context, [route('shop', destination('own', 8080))]);
  const { status, output } = cfRoute(context, 'shop', 'shop-cache', '--domain', 'other.org', '--port=7500');
  assert.is(status, 0, output);
  assert.equal(ports(context, 'shop-cache'), [7500]);
  assert.match(calls(context)[0]!, '"domain":{"data":{"guid":"other-domain"}}');
});

test('what a daemon without its route prints is a command of this script, and its URL and port come back', (context) => {
  given(context, [route('shop', destination('own', 8080))]);
  const url = 'https://shop-cache.other.org';
  const [, command] = /(scripts\/cf-route [^(]+) \(or /.exec(mendOf(url, 7500)) ?? [];
  const { status, output } = cfRoute(context, ...command!.split(' ').slice(1));
  assert.is(status, 0, output);
  assert.equal(ports(context, 'shop-cache'), [7500]);
  assert.match(output, `fleet.peers.gorouter: ${url}, fleet.listen: 0.0.0.0:7500`);
});

test("the platform's refusal ends it, in the platform's words", (context) => {
  given(context, [route('shop', destination('own', 8080))]);
  const { status, output } = cfRoute(context, 'shop', 'taken');
  assert.is(status, 1);
  assert.match(output, 'CF-UnprocessableEntity: Route already exists');
  assert.is(calls(context).length, 1);
});

test('an unknown app or domain is an error that names it', (context) => {
  given(context, []);
  assert.match(cfRoute(context, 'nonsuch', 'shop-cache').output, "App 'nonsuch' not found");
  assert.match(cfRoute(context, 'shop', 'shop-cache', '--domain', 'no.org').output, 'no domain no.org');
});

test('arguments that cannot be right are refused before the platform is asked', (context) => {
  given(context, []);
  const wrong = [
    ['shop'],
    ['shop', 'a', 'b'],
    ['shop', 'shop-cache.example.com'],
    ['shop', '-x'],
    ['shop', 'shop-cache', '--port', '8080'],
    ['shop', 'shop-cache', '--port', '61001'],
    ['shop', 'shop-cache', '--port', '07071'],
    ['shop', 'shop-cache', '--port'],
    ['shop', 'shop-cache', '--domain', 'a b'],
  ];
  for (const args of wrong) assert.is(cfRoute(context, ...args).status, 2, args.join(' '));
});

/** What the daemon of the app `shop` says where its route is missing. */
function mendOf(url: string, port: number): string {
  const clock = { now: () => 0, after: () => ({ cancel: () => {} }) };
  const appGuid = '11111111-2222-3333-4444-555555555555';
  const transport = createGorouterTransport({ url, appGuid, processGuid: '', ownIndex: '0', clock });
  const self = { incarnation: 'i', index: '0', instanceId: 'i', process: '', version: '1' };
  const missing = { result: 'no-route', why: 'there is no route' } as const;
  const probe = advise(missing, { transport, place: transport.own!, self, appName: 'shop', port });
  return 'mend' in probe ? probe.mend : '';
}

function given({ folder }: Context, routes: readonly Route[]): void {
  writeFileSync(join(folder, 'routes.json'), JSON.stringify(routes));
  writeFileSync(join(folder, 'calls'), '');
}

function route(host: string, ...destinations: Destination[]): Route {
  return { guid: `route-${host}`, host, path: '', port: null, destinations };
}

function destination(guid: string, port: number): Destination {
  return { guid, app: { guid: 'app-guid', process: { type: 'web' } }, port };
}

function cfRoute({ folder }: Context, ...args: string[]): { status: number | null; output: string } {
  const path = [folder, dirname(process.execPath), process.env.PATH].join(':');
  const env = { ...process.env, PATH: path, FAKE_CF: folder };
  const { status, stdout, stderr } = spawnSync('bash', [script, ...args], { env, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

function ports({ folder }: Context, host: string): number[] {
  const routes = JSON.parse(readFileSync(join(folder, 'routes.json'), 'utf8')) as Route[];
  return routes.find((one) => one.host === host)?.destinations.map((one) => one.port) ?? [];
}

function calls({ folder }: Context): string[] {
  return readFileSync(join(folder, 'calls'), 'utf8').split('\n').filter(Boolean);
}

test.run();
