// Miss ratios of the store's eviction beside other policies', entries all of one size: on the traces of a folder beside
// the project where there is one, and on mixes made from a seed. `--trace FILE --capacity N` replays one file.

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { arc } from './hit-ratio/arc.ts';
import { belady } from './hit-ratio/belady.ts';
import { lirs } from './hit-ratio/lirs.ts';
import { lru, s3Fifo, sieve } from './hit-ratio/queues.ts';
import { throughStore } from './hit-ratio/through-store.ts';
import { MIX_NAMES, makeMix, readTrace } from './hit-ratio/traces.ts';
import { wTinyLfu } from './hit-ratio/w-tiny-lfu.ts';

const FOLDER = '../shared/traces';
const SEED = 7;
const MIX_CAPACITIES = [100, 1000];

const ROWS: readonly [trace: string, capacities: readonly number[]][] = [
  ['sprite', [70, 700, 1000]],
  ['multi1', [260, 1000]],
  ['multi3', [745, 1000]],
  ['gli', [250, 1000]],
  ['loop', [512]],
  ['two_pools', [450]],
  ['web07', [205, 2048]],
  ['corda', [905, 9047]],
];

type Policy = (keys: Uint32Array, capacity: number) => number;

const OTHERS: Readonly<Record<string, Policy>> = {
  LRU: lru,
  ARC: arc,
  LIRS: lirs,
  SIEVE: sieve,
  'S3-FIFO': s3Fifo,
  'W-TinyLFU 1 %': wTinyLfu,
};

export async function hitRatio(options: readonly string[] = []): Promise<void> {
  const given = parseArgs({
    args: [...options],
    options: { trace: { type: 'string' }, capacity: { type: 'string' } },
  }).values;
  if (given.trace !== undefined) return replayFile(given.trace, Number(given.capacity));
  if (existsSync(FOLDER)) printTraces();
  else console.log(`No traces in ${FOLDER}.`);
  printMixes();
}

function replayFile(file: string, capacity: number): void {
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new Error('--capacity is a number of entries, 1 or more');
  const keys = readTrace(file);
  const { misses, windowShare, evictionBytes } = throughStore(keys, capacity);
  console.log(`requests       ${keys.length}`);
  console.log(`misses         ${misses}`);
  console.log(`window at last ${windowShare.toFixed(3)}`);
  console.log(`sketch, ghosts ${evictionBytes} bytes`);
  console.log((misses / keys.length).toFixed(4));
}

function printTraces(): void {
  const rows = ROWS.flatMap(([trace, capacities]) => {
    const keys = readTrace(`${FOLDER}/${trace}.u32.gz`);
    return capacities.map((capacity) => measure(trace, keys, capacity));
  });
  print('trace', rows);
}

function printMixes(): void {
  const rows = MIX_NAMES.flatMap((name) => {
    const keys = makeMix(name, SEED);
    return MIX_CAPACITIES.map((capacity) => measure(name, keys, capacity));
  });
  print(`mix, seed ${SEED}`, rows);
}

interface Row {
  name: string;
  capacity: number;
  others: number[];
  own: number;
  least: number;
}

function measure(name: string, keys: Uint32Array, capacity: number): Row {
  const ratio = (misses: number): number => misses / keys.length;
  const others = Object.values(OTHERS).map((policy) => ratio(policy(keys, capacity)));
  const own = ratio(throughStore(keys, capacity).misses);
  return { name, capacity, others, own, least: ratio(belady(keys, capacity)) };
}

function print(title: string, rows: readonly Row[]): void {
  const line = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
  const columns = [title, 'capacity', ...Object.keys(OTHERS), 'sidecache', 'OPT', 'worse than the best by'];
  line(columns);
  line(columns.map(() => '---'));
  for (const { name, capacity, others, own, least } of rows) {
    const worseBy = own - Math.min(...others);
    line([name, capacity, ...[...others, own, least, worseBy].map((ratio) => ratio.toFixed(4))]);
  }
  const mean = (of: (row: Row) => number): string =>
    (rows.reduce((sum, row) => sum + of(row), 0) / rows.length).toFixed(4);
  const means = Object.keys(OTHERS).map((_, i) => mean((row) => row.others[i]!));
  const near = rows.filter((row) => row.own - Math.min(...row.others) <= 0.01).length;
  line(['mean', '', ...means, mean((row) => row.own), mean((row) => row.least), '']);
  console.log(`Within 0.01 of the best other: ${near} of ${rows.length} rows.\n`);
}
