// How long an acknowledged invalidation takes with many peers a round trip away, and what it costs the daemon asked.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { median } from './statistics.ts';

const ROUND_TRIP_MS = 20;
const CALLS = Number(process.env.BENCH_CALLS ?? 200);
const IN_A_ROW = 20;
const TOKEN = 'measurement-of-calls';

/** With BENCH_PEERS: with so many. */
export async function fleetCalls(): Promise<void> {
  const counts = (process.env.BENCH_PEERS ?? '2,50').split(',').map(Number);
  console.log(`acknowledged invalidations, ${ROUND_TRIP_MS} ms round trip, one call after the other`);
  for (const count of counts) await measure(count);
}

async function measure(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sidecache-bench-'));
  const children: ChildProcess[] = [];
  const run = (args: string[]): ChildProcess => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  try {
    const peers = new URL('./fleet-peers.ts', import.meta.url).pathname;
    const tsx = import.meta.resolve('tsx');
    const urls: string[] = await firstJson(
      run(['--import', tsx, peers, String(count), String(ROUND_TRIP_MS), TOKEN]),
      (line) => Array.isArray(line),
    );
    writeFileSync(join(folder, 'sidecache.json'), JSON.stringify(configuration(folder, urls)));
    const daemon = run([
      ...(process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean),
      new URL('../dist/sidecache.js', import.meta.url).pathname,
      'serve',
    ]);
    await firstJson(daemon, (line) => line.message === 'joined');
    await report(count, urls[0]!, join(folder, 'sidecache.sock'), daemon.pid!);
  } finally {
    for (const child of children) child.kill(process.env.BENCH_NODE_ARGS ? 'SIGTERM' : 'SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

function configuration(folder: string, urls: readonly string[]): object {
  const fleet = { listen: '127.0.0.1:0', token: [TOKEN], sync: '1h', peers: { list: urls } };
  return { socket: join(folder, 'sidecache.sock'), index: '0', fleet };
}

async function report(count: number, peer: string, socketPath: string, pid: number): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const ping = (): Promise<string> => timed(peer, { agent, path: '/ping' });
  const call = (): Promise<string> => timed('', { agent, socketPath, path: '/cache/invalidate?default=1' });
  const pings: number[] = [];
  const calls: number[] = [];
  for (let i = 0; i < 20; i++) await call();
  const beforeMs = cpuMs(pid);
  const check = (answered: string): void => {
    if (answered !== `${count + 1}/${count + 1}`) throw new Error(`Sidecache-Applied: ${answered}`);
  };
  // In turns, each long enough to be measured by itself: what runs between two calls is not theirs.
  for (let i = 0; i < CALLS; i++) {
    const [times, ask] = i % (2 * IN_A_ROW) < IN_A_ROW ? [calls, call] : [pings, ping];
    times.push(await took(ask, times === calls ? check : undefined));
  }
  const cpu = (cpuMs(pid) - beforeMs) / calls.length;
  const [trip, one] = [median(pings), median(calls)];
  console.log(
    `${String(count).padStart(4)} peers: median ${one.toFixed(1)} ms, slowest ${Math.max(...calls).toFixed(1)} ms; ` +
      `round trip ${trip.toFixed(1)} ms; ratio ${(one / trip).toFixed(2)}; CPU ${cpu.toFixed(1)} ms a call`,
  );
  agent.destroy();
}

async function took(
  ask: () => Promise<string>,
  check: (answered: string) => void = () => {},
): Promise<number> {
  const beganMs = performance.now();
  check(await ask());
  return performance.now() - beganMs;
}

/** Resolves with `Sidecache-Applied`, where there is one. */
function timed(url: string, options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = url === '' ? request(options) : request(url, options);
    asked.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.headers['sidecache-applied'] ?? '')));
    });
    asked.on('error', reject).end();
  });
}

/** User and system time of a process so far. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10;
}

// biome-ignore lint/suspicious/noExplicitAny: lines of other programs
function firstJson(child: ChildProcess, isIt: (line: any) => boolean): Promise<any> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text);
      if (isIt(line)) resolve(line);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
}
