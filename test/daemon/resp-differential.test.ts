// What Redis 7 answers, sidecache answers: a corpus of cases, and sequences at random, on both, over RESP2 and RESP3.
// Two Redis servers run it first: they must agree, or the test says nothing.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Allowed, compareCase, told } from '../serve/resp-differential/compare.ts';
import { CORPUS } from '../serve/resp-differential/corpus/index.ts';
import { ListedDifferences } from '../serve/resp-differential/differences.ts';
import { findMismatch } from '../serve/resp-differential/find-mismatch.ts';
import { RedisServer } from '../serve/resp-differential/redis-server.ts';
import { type Protocol, Side } from '../serve/resp-differential/side.ts';
import { casesOf, type Family } from '../serve/resp-differential/step.ts';
import { tool } from '../tools.ts';
import { Daemon } from './daemon.ts';

const PROTOCOLS: readonly Protocol[] = [2, 3];
/** 300 commands each. */
const SEEDS = Array.from({ length: Number(process.env.RESP_SEEDS ?? 40) }, (_, i) => i + 1);

const test = suite<{ redis: RedisServer; other: RedisServer }>('RESP beside Redis');
const program = tool('redis-server');
const given = program ? test : test.skip;
const none: Allowed = () => false;

test.before(async (context) => {
  if (!program) return;
  context.redis = await RedisServer.start(program);
  context.other = await RedisServer.start(program);
});

test.after(async ({ redis, other }) => {
  await redis?.stop();
  await other?.stop();
});

async function mismatches(family: Family, redis: string, ours: string, allowed: Allowed): Promise<string[]> {
  const found: string[] = [];
  for (const protocol of PROTOCOLS) {
    for (const one of casesOf(family)) {
      const sides = [new Side(redis, protocol), new Side(ours, protocol)] as const;
      const different = await compareCase(one, ...sides, allowed);
      found.push(...different.map((mismatch) => `RESP${protocol}, ${one.name}: ${told(mismatch)}`));
    }
  }
  return found;
}

async function mismatchOfSeeds(
  redis: string,
  ours: string,
  allowed: Allowed,
  connections: 1 | 2 = 2,
): Promise<string | undefined> {
  for (const seed of SEEDS) {
    const protocol = PROTOCOLS[seed % 2]!;
    const sides = [new Side(redis, protocol), new Side(ours, protocol)] as const;
    const found = await findMismatch(seed, ...sides, allowed, connections);
    if (found) return `RESP${protocol}, seed ${seed}:\n${found}`;
  }
  return undefined;
}

given('two Redis servers agree on every case', async ({ redis, other }) => {
  for (const [name, family] of Object.entries(CORPUS)) {
    assert.equal(await mismatches(family, redis.socket, other.socket, none), [], name);
  }
});

given('two Redis servers agree on sequences at random', async ({ redis, other }) => {
  assert.is(await mismatchOfSeeds(redis.socket, other.socket, none), undefined);
});

given('a server that lacks a command is told apart, by that command alone', async ({ redis }) => {
  const lacking = await RedisServer.start(program!, ['--rename-command', 'APPEND', '']);
  try {
    const found = await mismatchOfSeeds(redis.socket, lacking.socket, none);
    assert.is(found?.match(/^ {2}\d> /gm)?.length, 1, found);
    assert.match(found!, /^ {2}\d> APPEND .*\n.* ours: -ERR unknown command 'APPEND'/m);
    const strings = await mismatches(CORPUS.strings!, redis.socket, lacking.socket, none);
    assert.ok(
      strings.length > 0 && strings.every((line) => /APPEND|GET|OBJECT|STRLEN|EXISTS|TTL|INCR/.test(line)),
    );
  } finally {
    await lacking.stop();
  }
});

// --- the daemon

/** A SET of what was missed is a fill by default, and is void when another changed the key; a change is never void. */
const CONFIGS = { 'SET is a fill': {}, 'SET is a change': { caches: { default: { writes: 'change' } } } };

for (const [name, config] of Object.entries(CONFIGS)) {
  given(
    `${name}: sidecache answers every case as Redis does, but for the listed differences`,
    async ({ redis }) => {
      const daemon = await Daemon.start({ config });
      const listed = new ListedDifferences();
      try {
        const found: string[] = [];
        for (const family of Object.values(CORPUS)) {
          found.push(...(await mismatches(family, redis.socket, daemon.socket, listed.allow)));
        }
        assert.equal(found, []);
        const unmet = listed.unmet.map(({ reason }) => reason);
        assert.equal(unmet, [], 'differences that are listed and not met');
      } finally {
        await daemon.stop();
      }
    },
  );

  const connections = name === 'SET is a fill' ? 1 : 2;
  given(
    `${name}: sidecache answers sequences at random as Redis does, ${connections} at a time`,
    async ({ redis }) => {
      const daemon = await Daemon.start({ config });
      try {
        const listed = new ListedDifferences();
        assert.is(await mismatchOfSeeds(redis.socket, daemon.socket, listed.allow, connections), undefined);
      } finally {
        await daemon.stop();
      }
    },
  );
}

test.run();
