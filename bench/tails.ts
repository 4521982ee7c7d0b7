// How evenly the daemon answers as its entries grow: hits at a fixed rate with 1,000 entries and with 1,000,000, in turns
// of one run, and the longest pauses of its main thread while it fills, reads, expires and drops a whole cache.
//
// Of collections, `by the clock` has the time in it in which the machine let others work; `worked` is what the main thread
// had of a processor between the looks around one, so no less than the collection's own. `stolen` is the part of the
// processors' time that the machine below a virtual one gave to others.
//
// --entries N, --rate READS_PER_SECOND, --seconds N (of each), --connections N, --node FILE

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Latencies, pacedReads } from './paced-reads.ts';
import { processorTime, stolenSince } from './processor-time.ts';
import { asInManifest, RunningServer, sidecache } from './resp-contender.ts';
import { fill, respSets } from './resp-load.ts';
import { median, range, ratios } from './statistics.ts';

const VALUE = 'v'.repeat(100);
const REPLY_BYTES = `$100\r\n${VALUE}\r\n`.length;
const FEW = 1000;
const ROUNDS = 6;
/** Longer than it takes to say so of all of them. */
const ENDS_IN_MS = 60_000;

interface Pauses {
  readonly longestMs: number;
  readonly over5: number;
  readonly longestCollectionMs: number;
  readonly collectionsOver5: number;
  /** The same of what the main thread worked, at most. */
  readonly longestOwnMs: number;
  readonly ownOver5: number;
  readonly collections: number;
  /** Of all of V8's heap, and not of what is young only. */
  readonly wholeCollections: number;
}

export async function tails(options: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: {
      entries: { type: 'string', default: '1000000' },
      rate: { type: 'string', default: '50000' },
      seconds: { type: 'string', default: '60' },
      connections: { type: 'string', default: '20' },
      node: { type: 'string', default: process.execPath },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'bench-tails-'));
  const connections = Number(values.connections);
  const few = await Observed.start(values.node, join(folder, 'few.json'), FEW, connections);
  const many = await Observed.start(
    values.node,
    join(folder, 'many.json'),
    Number(values.entries),
    connections,
  );
  try {
    headPauses(values.entries);
    await few.fill();
    await many.pausesWhile('filling', () => many.fill());
    const rounds = await readInTurns(few, many, Number(values.rate), Number(values.seconds) / ROUNDS);
    report(rounds, values.rate, connections);
    headPauses(values.entries);
    await many.pausesWhile('half of them are given an end', () => many.giveEnds(0.5));
    await many.pausesWhile('they go', () => many.untilEnded(0.5));
    await many.fill();
    await many.pausesWhile('dropping all of them', () => many.flush());
  } finally {
    await few.stop();
    await many.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function headPauses(entries: string): void {
  console.log(`\nPauses of the main thread with ${entries} entries, ms`);
  console.log(
    '| while | pause, longest | over 5 ms | collection, longest by the clock | over 5 ms | longest worked | over 5 ms | all | of the whole heap | stolen |\n' +
      '|---|---|---|---|---|---|---|---|---|---|',
  );
}

type Round = { few: Latencies; many: Latencies };

async function readInTurns(few: Observed, many: Observed, rate: number, seconds: number): Promise<Round[]> {
  const rounds: Round[] = [];
  await many.pausesWhile(`${rate} reads a second`, async () => {
    for (let i = 0; i < ROUNDS; i++) {
      const [first, second] = i % 2 === 0 ? [few, many] : [many, few];
      const one = await first.read(rate, seconds);
      const two = await second.read(rate, seconds);
      rounds.push(i % 2 === 0 ? { few: one, many: two } : { few: two, many: one });
    }
  });
  return rounds;
}

function report(rounds: readonly Round[], rate: string, connections: number): void {
  console.log(`\nHits at ${rate} a second, ${connections} connections, ms; ${ROUNDS} rounds in turns`);
  console.log('| | 1,000 entries | many | ratio, median of rounds | range |\n|---|---|---|---|---|');
  for (const share of ['p50', 'p99', 'p999'] as const) {
    const few = rounds.map((round) => round.few[share]);
    const many = rounds.map((round) => round.many[share]);
    const ratio = ratios(many, few);
    const cells = [
      median(few).toFixed(2),
      median(many).toFixed(2),
      median(ratio).toFixed(2),
      range(ratio, 2),
    ];
    console.log(`| ${share} | ${cells.join(' | ')} |`);
  }
}

/** A daemon with the observer of pauses in it. */
class Observed {
  readonly #server: RunningServer;
  readonly #file: string;
  readonly #entries: number;
  readonly #connections: number;

  private constructor(server: RunningServer, file: string, entries: number, connections: number) {
    this.#server = server;
    this.#file = file;
    this.#entries = entries;
    this.#connections = connections;
  }

  static async start(node: string, file: string, entries: number, connections: number): Promise<Observed> {
    const { name, command } = asInManifest(sidecache('1G', node));
    const observed = (folder: string, socket: string): string[] => {
      const [env, ...rest] = command(folder, socket);
      const fileAt = rest.findIndex((word) => word.endsWith('sidecache.js'));
      const observer = ['--require', resolve('bench/pauses.cjs')];
      return [env!, `BENCH_PAUSES=${file}`, ...rest.slice(0, fileAt), ...observer, ...rest.slice(fileAt)];
    };
    return new Observed(await RunningServer.start({ name, command: observed }), file, entries, connections);
  }

  fill(): Promise<void> {
    return fill(this.#server.socket, this.#entries, respSets(key, VALUE));
  }

  read(readsPerSecond: number, seconds: number): Promise<Latencies> {
    return pacedReads({
      path: this.#server.socket,
      connections: this.#connections,
      readsPerSecond,
      seconds,
      // Steps that have no divisor in common with the entries: all are read, in no order of memory.
      request: (n) => get(key((n * 7919) % this.#entries)),
      replyBytes: REPLY_BYTES,
    });
  }

  /** Has a part of the entries end in the same moment. */
  async giveEnds(part: number): Promise<void> {
    const endsAtMs = Date.now() + ENDS_IN_MS;
    const request = (n: number): string => command('PEXPIREAT', key(n), String(endsAtMs));
    await fill(this.#server.socket, Math.floor(this.#entries * part), { request, answer: /:1\r\n/g });
  }

  /** Waits until that part is gone. */
  untilEnded(part: number): Promise<void> {
    return this.#until(this.#entries - Math.floor(this.#entries * part));
  }

  /** Drops everything; the answer must not wait for it. */
  async flush(): Promise<void> {
    const startedMs = performance.now();
    await this.#server.ask(command('FLUSHALL'));
    console.log(
      `| FLUSHALL answered after ${(performance.now() - startedMs).toFixed(1)} ms | | | | | | | | | |`,
    );
    await this.#until(0);
    await new Promise((later) => setTimeout(later, 3000));
  }

  async pausesWhile(what: string, work: () => Promise<unknown>): Promise<void> {
    await this.#pauses();
    const before = processorTime();
    await work();
    const stolen = stolenSince(before);
    const all = await this.#pauses();
    const pauses = [all.longestMs.toFixed(1), all.over5];
    const byClock = [all.longestCollectionMs.toFixed(1), all.collectionsOver5];
    const worked = [all.longestOwnMs.toFixed(1), all.ownOver5];
    const cells = [...pauses, ...byClock, ...worked, all.collections, all.wholeCollections, stolen];
    console.log(`| ${what} | ${cells.join(' | ')} |`);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async #until(entries: number): Promise<void> {
    while ((await this.#server.ask(command('DBSIZE'))) !== `:${entries}\r\n`) {
      await new Promise((later) => setTimeout(later, 200));
    }
  }

  async #pauses(): Promise<Pauses> {
    rmSync(this.#file, { force: true });
    process.kill(this.#server.pid, 'SIGUSR2');
    for (;;) {
      try {
        return JSON.parse(readFileSync(this.#file, 'utf8')) as Pauses;
      } catch {
        await new Promise((later) => setTimeout(later, 20));
      }
    }
  }
}

/** 14 bytes. */
function key(index: number): string {
  return `key:${String(index).padStart(10, '0')}`;
}

function get(name: string): string {
  return `*2\r\n$3\r\nGET\r\n$${name.length}\r\n${name}\r\n`;
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
