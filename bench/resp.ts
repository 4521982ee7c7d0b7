// GET and SET over RESP by redis-benchmark: 50 connections to a Unix socket, 256 bytes, without and with pipelining,
// beside Redis, and Valkey where it is installed. All run at once and are loaded in turns; ratios are taken round by
// round.
//
// --node FILE       (repeatable) the daemon on this Node, too; the first one is the one that runs this
// --entries N       keys that there are, all of them stored before; default 100000
// --rounds N, --depths 1,16,64, --requests N (at depth 1)

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { installed } from './installed.ts';
import { asInManifest, type Contender, knownServers, RunningServer, sidecache } from './resp-contender.ts';
import { fill, respSets } from './resp-load.ts';
import { median, range, ratios } from './statistics.ts';

const CONNECTIONS = 50;
const VALUE_BYTES = 256;
/** Room for the entries, and for what is kept beside them, so that nothing is evicted. */
const MEMORY_BYTES_PER_ENTRY = 600;
const COMMANDS = ['get', 'set'] as const;
/** Of each round, in turns: what disturbs the machine for a second disturbs all alike. */
const SLICES = 4;

interface Settings {
  readonly nodes: readonly string[];
  readonly entries: number;
  readonly rounds: number;
  readonly depths: readonly number[];
  readonly requests: number;
}

interface Measured {
  readonly server: RunningServer;
  /** By what was measured, one number a round. */
  readonly perSecond: Map<string, number[]>;
  readonly p99Ms: Map<string, number[]>;
  filledRssBytes: number;
}

export async function resp(options: readonly string[] = []): Promise<void> {
  if (!installed('redis-benchmark')) throw new Error('redis-benchmark is not installed');
  const settings = settingsOf(options);
  const memory = `${Math.ceil(Math.max(64e6, settings.entries * MEMORY_BYTES_PER_ENTRY) / 1e6)}M`;
  const contenders = [
    ...knownServers(),
    ...settings.nodes.map((node) => asInManifest(sidecache(memory, node))),
  ];
  const all: Measured[] = [];
  try {
    for (const contender of contenders) all.push(await started(contender, settings));
    for (const depth of settings.depths) for (const one of all) warmUp(one, depth, settings);
    for (let round = 0; round < settings.rounds; round++) measureRound(all, round, settings);
    print(all, settings);
  } finally {
    for (const { server } of all) await server.stop();
  }
}

function settingsOf(options: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...options],
    options: {
      node: { type: 'string', multiple: true, default: [process.execPath] },
      entries: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: process.env.BENCH_ROUNDS ?? '5' },
      depths: { type: 'string', default: '1,16,64' },
      requests: { type: 'string', default: '150000' },
    },
  });
  return {
    nodes: values.node,
    entries: Number(values.entries),
    rounds: Number(values.rounds),
    depths: values.depths.split(',').map(Number),
    requests: Number(values.requests),
  };
}

async function started(contender: Contender, { entries }: Settings): Promise<Measured> {
  const server = await RunningServer.start(contender);
  // The names that redis-benchmark makes of `-r`.
  const key = (index: number): string => `key:${String(index).padStart(12, '0')}`;
  await fill(server.socket, entries, respSets(key, 'x'.repeat(VALUE_BYTES)));
  const held = await server.ask('*1\r\n$6\r\nDBSIZE\r\n');
  if (held !== `:${entries}\r\n`)
    throw new Error(`${server.name} holds ${held.trim()} of ${entries} entries`);
  return { server, perSecond: new Map(), p99Ms: new Map(), filledRssBytes: server.rssBytes };
}

/** A round that is not measured: what compiles as it runs has done so. */
function warmUp({ server }: Measured, depth: number, settings: Settings): void {
  for (const command of COMMANDS) {
    for (let slice = 0; slice < SLICES; slice++) runSlice(server, command, depth, settings);
  }
}

/** Each slice begins with another one: who runs first is not always the same. */
function measureRound(all: readonly Measured[], round: number, settings: Settings): void {
  for (const depth of settings.depths) {
    for (const command of COMMANDS) {
      const slices = all.map((): Slice[] => []);
      for (let slice = 0; slice < SLICES; slice++) {
        for (let turn = 0; turn < all.length; turn++) {
          const at = (turn + round + slice) % all.length;
          slices[at]!.push(runSlice(all[at]!.server, command, depth, settings));
        }
      }
      all.forEach(({ perSecond, p99Ms }, at) => {
        const seconds = slices[at]!.reduce((sum, slice) => sum + 1 / slice.perSecond, 0);
        add(perSecond, rowOf(command, depth), SLICES / seconds);
        add(p99Ms, rowOf(command, depth), median(slices[at]!.map((slice) => slice.p99Ms)));
      });
    }
  }
}

interface Slice {
  readonly perSecond: number;
  readonly p99Ms: number;
}

function runSlice(
  { socket }: RunningServer,
  command: string,
  depth: number,
  { requests, entries }: Settings,
): Slice {
  // About as long for each depth.
  const count = Math.round((requests * (depth === 1 ? 1 : Math.min(10, 3 + depth / 8))) / SLICES);
  const sized = ['-c', CONNECTIONS, '-n', count, '-d', VALUE_BYTES, '-r', entries, '-P', depth].map(String);
  const { stdout, stderr, status } = spawnSync(
    'redis-benchmark',
    ['-s', socket, ...sized, '-t', command, '--csv'],
    { encoding: 'utf8' },
  );
  const row = stdout
    .trim()
    .split('\n')
    .at(-1)!
    .split(',')
    .map((cell) => cell.replaceAll('"', ''));
  const [, perSecond, , , , , p99Ms] = row;
  if (status !== 0 || !p99Ms) throw new Error(`redis-benchmark failed: ${stderr}${stdout}`);
  return { perSecond: Number(perSecond), p99Ms: Number(p99Ms) };
}

function print(all: readonly Measured[], { entries, rounds, depths }: Settings): void {
  const [first] = all;
  console.log(
    `\nRESP by redis-benchmark, ${CONNECTIONS} connections, ${VALUE_BYTES} B, ${entries} keys, ${rounds} rounds in turns`,
  );
  console.log(`| | | requests/s, median | of ${first!.server.name}, median | range | p99, median | range |`);
  console.log('|---|---|---|---|---|---|---|');
  for (const depth of depths) {
    for (const command of COMMANDS) {
      const row = rowOf(command, depth);
      for (const one of all) console.log(`| ${row} | ${one.server.name} | ${cellsOf(one, first!, row)} |`);
    }
  }
  console.log('\n| | RSS, filled | RSS, at the end |\n|---|---|---|');
  for (const { server, filledRssBytes } of all) {
    console.log(`| ${server.name} | ${megabytes(filledRssBytes)} | ${megabytes(server.rssBytes)} |`);
  }
}

function cellsOf({ perSecond, p99Ms }: Measured, first: Measured, row: string): string {
  const speeds = perSecond.get(row)!;
  const parts = ratios(speeds, first.perSecond.get(row)!);
  const tails = p99Ms.get(row)!;
  return [
    Math.round(median(speeds)),
    median(parts).toFixed(2),
    range(parts, 2),
    `${median(tails).toFixed(2)} ms`,
    range(tails, 2),
  ].join(' | ');
}

function rowOf(command: string, depth: number): string {
  return `${command.toUpperCase()}, depth ${depth}`;
}

function add(to: Map<string, number[]>, row: string, value: number): void {
  to.set(row, [...(to.get(row) ?? []), value]);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
