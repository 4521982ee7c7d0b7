// What an entry costs: whole-process RSS over the idle one, by entry, for 1,000,000 entries of 14-byte keys and
// 100-byte values, beside Redis and memcached, one after another in one run.
//
// --entries N, --by resp|http (how the daemon is filled), --node FILE, --memory AMOUNT (of the daemon and memcached)

import { parseArgs } from 'node:util';
import { installed } from './installed.ts';
import { asInManifest, type Contender, knownServers, RunningServer, sidecache } from './resp-contender.ts';
import { fill, httpPuts, memcachedSets, respSets, type Writes } from './resp-load.ts';

const VALUE = 'v'.repeat(100);
const SETTLE_MS = 3000;

interface Filled {
  readonly contender: Contender;
  readonly writes: Writes;
  /** What is asked for the number of entries held, and where it stands in the answer. */
  readonly count: readonly [request: string, held: RegExp];
}

export async function memory(options: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: {
      entries: { type: 'string', default: '1000000' },
      by: { type: 'string', default: 'resp' },
      node: { type: 'string', default: process.execPath },
      memory: { type: 'string', default: '1G' },
    },
  });
  const entries = Number(values.entries);
  console.log(`\nMemory of ${entries} entries, 14-byte keys, 100-byte values`);
  console.log('| | idle | filled | an entry, over idle | filled in |\n|---|---|---|---|---|');
  const rows = [...knownServers().map(overResp), ...memcached(values.memory)];
  const plain = sidecache(values.memory, values.node);
  const own = [plain, asInManifest(plain)].map(values.by === 'http' ? overHttp : overResp);
  for (const row of [...rows, ...own]) {
    console.log(`| ${row.contender.name} | ${await measured(row, entries)} |`);
  }
}

async function measured({ contender, writes, count }: Filled, entries: number): Promise<string> {
  const server = await RunningServer.start(contender);
  try {
    await settle();
    const idleBytes = server.rssBytes;
    const startedMs = performance.now();
    await fill(server.socket, entries, writes);
    const tookS = (performance.now() - startedMs) / 1000;
    await settle();
    const filledBytes = server.rssBytes;
    const [request, held] = count;
    const said = await server.ask(request);
    const stored = Number(held.exec(said)?.[1]);
    if (stored !== entries)
      throw new Error(`${contender.name} holds ${stored} of ${entries} entries: ${said}`);
    const each = (filledBytes - idleBytes) / entries;
    return `${megabytes(idleBytes)} | ${megabytes(filledBytes)} | ${each.toFixed(0)} B | ${tookS.toFixed(1)} s`;
  } finally {
    await server.stop();
  }
}

/** 14 bytes. */
function key(index: number): string {
  return `key:${String(index).padStart(10, '0')}`;
}

function overResp(contender: Contender): Filled {
  return { contender, writes: respSets(key, VALUE), count: ['*1\r\n$6\r\nDBSIZE\r\n', /^:(\d+)/] };
}

function overHttp(contender: Contender): Filled {
  const ready = [Buffer.from('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'), 'HTTP/1.1 200'] as const;
  const request = 'GET /caches HTTP/1.1\r\nHost: localhost\r\n\r\n';
  return {
    contender: { ...contender, ready },
    writes: httpPuts(key, VALUE),
    count: [request, /"entries": ?(\d+)/],
  };
}

function memcached(amount: string): Filled[] {
  if (!installed('memcached')) {
    console.log('not measured: memcached is not installed');
    return [];
  }
  const megabytesOf = amount.endsWith('G') ? Number.parseFloat(amount) * 1024 : Number.parseFloat(amount);
  const contender: Contender = {
    name: 'memcached',
    command: (_folder, socket) => [
      ...['memcached', '-s', socket, '-m', String(megabytesOf), '-u', process.env.USER ?? 'root'],
    ],
    ready: [Buffer.from('version\r\n'), 'VERSION'],
  };
  return [{ contender, writes: memcachedSets(key, VALUE), count: ['stats\r\n', /STAT curr_items (\d+)/] }];
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
