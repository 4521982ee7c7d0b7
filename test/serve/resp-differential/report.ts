// Prints how sidecache differs from Redis, one line each; for whoever works on it, the tests say no less.
//
// Usage: node --import tsx test/serve/resp-differential/report.ts [SOCKET] [family …] [--seeds N]
// SOCKET: of a server that runs; by default a daemon of its own, and `redis` is a second Redis.

import { Daemon } from '../../daemon/daemon.ts';
import { tool } from '../../tools.ts';
import { compareCase, told } from './compare.ts';
import { CORPUS } from './corpus/index.ts';
import { ListedDifferences } from './differences.ts';
import { findMismatch } from './find-mismatch.ts';
import { RedisServer } from './redis-server.ts';
import { type Protocol, Side } from './side.ts';
import { casesOf } from './step.ts';

const PROTOCOLS: readonly Protocol[] = [2, 3];

const given = process.argv.slice(2);
const seedsAt = given.indexOf('--seeds');
const seeds = seedsAt === -1 ? 0 : Number(given.splice(seedsAt, 2)[1]);
const where = given[0] === 'redis' || given[0]?.startsWith('/') ? given.shift() : undefined;
const families = given.length > 0 ? given : Object.keys(CORPUS);

const program = tool('redis-server')!;
const redis = await RedisServer.start(program);
const other = where === 'redis' ? await RedisServer.start(program) : undefined;
const daemon =
  where === undefined
    ? await Daemon.start({ config: { caches: { default: { writes: 'change' } } } })
    : undefined;
const path = other?.socket ?? daemon?.socket ?? where!;
try {
  const listed = new ListedDifferences();
  for (const name of families) await reportFamily(name, listed);
  for (let seed = 1; seed <= seeds; seed++) await reportSeed(seed, listed);
  for (const { reason } of listed.unmet) console.log(`(not met: ${reason})`);
} finally {
  await redis.stop();
  await other?.stop();
  await daemon?.stop('SIGKILL');
}

async function reportFamily(name: string, listed: ListedDifferences): Promise<void> {
  const lines = new Map<string, string[]>();
  for (const protocol of PROTOCOLS) {
    for (const one of casesOf(CORPUS[name]!)) {
      const found = await compareCase(
        one,
        new Side(redis.socket, protocol),
        new Side(path, protocol),
        listed.allow,
      );
      for (const mismatch of found) {
        const line = `${name}: ${one.name}: ${told(mismatch)}`;
        lines.set(line, [...(lines.get(line) ?? []), `RESP${protocol}`]);
      }
    }
  }
  for (const [line, protocols] of lines) console.log(`[${protocols.join('+')}] ${line}`);
}

async function reportSeed(seed: number, listed: ListedDifferences): Promise<void> {
  const protocol = PROTOCOLS[seed % 2]!;
  const found = await findMismatch(
    seed,
    new Side(redis.socket, protocol),
    new Side(path, protocol),
    listed.allow,
  );
  if (found) console.log(`[RESP${protocol}] seed ${seed}:\n${found}`);
}
