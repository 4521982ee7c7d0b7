// HTTP hits of 256 bytes over 50 keep-alive connections, beside a bare node:http handler, nginx and Varnish.
// All contenders run at once and are loaded in turns by wrk; the ratio to the bare handler is taken round by round.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MeasuredServer } from './server.ts';
import { median, range, ratios } from './statistics.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const VALUE = 'x'.repeat(256);
const PATH = '/caches/default/greeting';

interface Contender {
  readonly name: string;
  readonly server: MeasuredServer;
  readonly perSecond: number[];
  readonly p99Ms: number[];
}

export async function httpHits(): Promise<void> {
  const contenders: Contender[] = [];
  try {
    for (const [name, start] of Object.entries(STARTS)) {
      const server = await start();
      if (server) contenders.push({ name, server, perSecond: [], p99Ms: [] });
      else console.log(`not measured: ${name} is not installed`);
    }
    for (const { server } of contenders) load(server, 1);
    for (let round = 0; round < ROUNDS; round++) for (const contender of contenders) measure(contender);
    print(contenders);
  } finally {
    for (const { server } of contenders) await server.stop();
  }
}

const STARTS: Readonly<Record<string, () => Promise<MeasuredServer | undefined>>> = {
  'bare node:http': () => MeasuredServer.start(17301, bareHandler),
  sidecache: startSidecache,
  nginx: async () => (installed('nginx') ? MeasuredServer.start(17303, nginx) : undefined),
  varnish: async () => (installed('varnishd') ? MeasuredServer.start(17304, varnish) : undefined),
};

function bareHandler(): string[] {
  const code = `const body = Buffer.alloc(256, 'x');
    require('node:http').createServer((request, response) => response.end(body)).listen(17301, '127.0.0.1');`;
  return [process.execPath, '-e', code];
}

async function startSidecache(): Promise<MeasuredServer> {
  const file = resolve('dist/sidecache.js');
  if (!existsSync(file)) throw new Error('there is no dist/sidecache.js: npm run build');
  const server = await MeasuredServer.start(17302, () => [
    process.execPath,
    file,
    'serve',
    '--http',
    '127.0.0.1:17302',
  ]);
  const stored = await fetch(`http://127.0.0.1:17302${PATH}`, { method: 'PUT', body: VALUE });
  if (stored.status !== 201) throw new Error(`sidecache answered ${stored.status}`);
  return server;
}

function nginx(directory: string): string[] {
  mkdirSync(join(directory, 'caches/default'), { recursive: true });
  writeFileSync(join(directory, PATH), VALUE);
  const conf = `worker_processes 1; daemon off; master_process off; pid nginx.pid; error_log stderr crit;
    events { worker_connections 256; }
    http { access_log off; keepalive_requests 100000000; open_file_cache max=10;
      server { listen 127.0.0.1:17303; root ${directory}; } }`;
  writeFileSync(join(directory, 'nginx.conf'), conf);
  return ['nginx', '-p', directory, '-c', 'nginx.conf', '-e', 'stderr'];
}

function varnish(directory: string): string[] {
  // The bare handler as its backend: what is measured is the hit.
  const vcl = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "17301"; }
    sub vcl_backend_response { set beresp.ttl = 1h; }`;
  writeFileSync(join(directory, 'default.vcl'), vcl);
  return [
    'varnishd',
    '-j',
    'none',
    '-F',
    '-n',
    join(directory, 'varnish'),
    '-a',
    '127.0.0.1:17304',
    '-f',
    join(directory, 'default.vcl'),
    '-s',
    'malloc,64m',
  ];
}

function measure(contender: Contender): void {
  const { perSecond, p99Ms } = load(contender.server, SECONDS);
  contender.perSecond.push(perSecond);
  contender.p99Ms.push(p99Ms);
}

function load(server: MeasuredServer, seconds: number): { perSecond: number; p99Ms: number } {
  const url = `http://127.0.0.1:${server.port}${PATH}`;
  const { stdout, status, error } = spawnSync('wrk', ['-t1', '-c50', `-d${seconds}s`, '--latency', url], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`wrk failed: ${error?.message ?? stdout}`);
  if (/Non-2xx/.test(stdout)) throw new Error(`not every answer was good: ${stdout}`);
  const [, number, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout)!;
  const inMs = { us: 0.001, ms: 1, s: 1000 }[unit!]!;
  return { perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]), p99Ms: Number(number) * inMs };
}

function print(contenders: readonly Contender[]): void {
  const bare = contenders[0]!;
  console.log(
    `\nHTTP hits, 256 B, 50 connections, Node ${process.version}, ${ROUNDS} rounds of ${SECONDS} s in turns`,
  );
  console.log('| | requests/s, median | of bare node:http, median | range | p99, median | RSS |');
  console.log('|---|---|---|---|---|---|');
  for (const { name, server, perSecond, p99Ms } of contenders) {
    const parts = ratios(perSecond, bare.perSecond);
    const cells = [
      Math.round(median(perSecond)).toString(),
      median(parts).toFixed(2),
      range(parts, 2),
      `${median(p99Ms).toFixed(1)} ms`,
      `${Math.round(server.rssKb / 1024)} MB`,
    ];
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

function installed(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}
