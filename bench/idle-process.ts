// The idle process: how soon it is ready and how much memory it takes, beside a bare node process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median, range } from './statistics.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SETTLE_MS = 1000;

interface Round {
  readyMs: number;
  beforeKb: number;
  afterKb: number;
  bareKb: number;
}

export async function idleProcess(): Promise<void> {
  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push({ ...(await measureDaemon()), bareKb: await measureBare() });
  const row = (name: string, values: number[], unit: string, digits: number): void =>
    console.log(`| ${name} | ${median(values).toFixed(digits)} ${unit} | ${range(values, digits)} |`);
  console.log(`\nThe idle process, Node ${process.version}, ${ROUNDS} rounds in turns`);
  console.log('| | median | range |');
  console.log('|---|---|---|');
  row(
    'ready after',
    rounds.map(({ readyMs }) => readyMs),
    'ms',
    0,
  );
  row(
    'bare node, RSS',
    rounds.map(({ bareKb }) => bareKb / 1024),
    'MB',
    1,
  );
  row(
    'idle, RSS',
    rounds.map(({ beforeKb }) => beforeKb / 1024),
    'MB',
    1,
  );
  row(
    'idle, of bare',
    rounds.map(({ beforeKb, bareKb }) => beforeKb / bareKb),
    'x',
    2,
  );
  row(
    'after a read, a load, a scrape, RSS',
    rounds.map(({ afterKb }) => afterKb / 1024),
    'MB',
    1,
  );
  row(
    'after them, of bare',
    rounds.map(({ afterKb, bareKb }) => afterKb / bareKb),
    'x',
    2,
  );
}

async function measureDaemon(): Promise<Omit<Round, 'bareKb'>> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const origin = createServer((_request, response) => response.end('value')).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  writeFileSync(
    join(directory, 'sidecache.yml'),
    `caches: { origin: { loader: { url: "http://127.0.0.1:${port}/{key}" } } }`,
  );
  const startedMs = performance.now();
  const daemon = spawn(process.execPath, [resolve('dist/sidecache.js'), 'serve'], {
    cwd: directory,
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((ready) =>
    daemon.stdout.on('data', (text: Buffer) => text.includes('"ready"') && ready()),
  );
  const readyMs = performance.now() - startedMs;
  await settle();
  const beforeKb = rssKb(daemon.pid!);
  const socketPath = join(directory, 'sidecache.sock');
  for (const path of ['/caches/default/none', '/caches/origin/key', '/metrics']) await get(socketPath, path);
  await settle();
  const afterKb = rssKb(daemon.pid!);
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await ended;
  origin.close();
  rmSync(directory, { recursive: true, force: true });
  return { readyMs, beforeKb, afterKb };
}

async function measureBare(): Promise<number> {
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)']);
  await settle();
  const kb = rssKb(bare.pid!);
  bare.kill();
  return kb;
}

function get(socketPath: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, path, agent: false }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    request.on('error', reject);
    request.end();
  });
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

function rssKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
