// Whether two replies to the same command are the same: to the byte, but for what no two servers can have in common.

import { AT_MS, AT_S } from './far-time.ts';
import { isBranch, show, type Tree } from './reply-tree.ts';
import { type How, nameOf, type Step } from './step.ts';

type Same = (redis: Tree, ours: Tree) => boolean;

/** Times differ by what passes between two servers' answers. */
const BY_COMMAND: Readonly<Record<string, Same>> = {
  TTL: (a, b) => near(a, b, 1),
  PTTL: (a, b) => near(a, b, 500),
  EXPIRETIME: (a, b) => near(a, b, isFarAway(a, AT_S) ? 0 : 1),
  PEXPIRETIME: (a, b) => near(a, b, isFarAway(a, AT_MS) ? 0 : 500),
  'OBJECT IDLETIME': (a, b) => near(a, b, 1),
  KEYS: sameSet,
  SCAN: samePage,
  RANDOMKEY: sameShape,
  TIME: sameShape,
  'CLIENT ID': sameShape,
  'MEMORY USAGE': sameShape,
};

const ENDS_A_QUEUE = new Set(['EXEC', 'DISCARD', 'RESET']);

/** Judges a connection's replies in order; it has to know what was queued, to judge the replies of EXEC. */
export class Judge {
  /** Of each connection between MULTI and EXEC. */
  readonly #queued = new Map<number, Step[]>();

  /** What Redis and the other answered to the step. */
  same(step: Step, redis: readonly Tree[], ours: readonly Tree[]): boolean {
    const queued = this.#follow(step, redis[0]);
    if (redis.length !== ours.length) return false;
    const others = step.how === 'frames' ? likeOrder(redis, ours) : ours;
    return redis.every((tree, i) => {
      const other = others[i]!;
      if (!queued || !isBranch(tree) || !isBranch(other)) return sameReply(step, tree, other);
      return sameReplies(queued, tree.items, other.items);
    });
  }

  /** The steps whose replies this one's consists of, when it is an EXEC. */
  #follow({ connection, ...step }: Step, redis: Tree | undefined): Step[] | undefined {
    const queue = this.#queued.get(connection);
    const name = nameOf({ connection, ...step });
    const text = redis && !isBranch(redis) ? redis.text : '';
    if (text === 'QUEUED') queue?.push({ connection, ...step });
    else if (name === 'MULTI' && text === 'OK') this.#queued.set(connection, []);
    else if (ENDS_A_QUEUE.has(name) && !text.startsWith('ERR wrong number')) this.#queued.delete(connection);
    return name === 'EXEC' ? queue : undefined;
  }
}

function sameReplies(steps: readonly Step[], redis: readonly Tree[], ours: readonly Tree[]): boolean {
  return redis.length === ours.length && redis.every((tree, i) => sameReply(steps[i], tree, ours[i]!));
}

/** Subscribing replies more than once, so that a queue may have fewer steps than replies. */
function sameReply(step: Step | undefined, redis: Tree, ours: Tree): boolean {
  if (!step) return equal(redis, ours);
  return (BY_HOW[step.how] ?? BY_COMMAND[nameOf(step)] ?? equal)(redis, ours);
}

const BY_HOW: Partial<Record<How, Same>> = { shape: sameShape };

function equal(a: Tree, b: Tree): boolean {
  if (a.type !== b.type) return false;
  if (!isBranch(a) || !isBranch(b)) return 'text' in a && 'text' in b && a.text === b.text;
  return a.items.length === b.items.length && a.items.every((item, i) => equal(item, b.items[i]!));
}

/** The same types; items are compared as far as both have them. An error is compared by its text. */
function sameShape(a: Tree, b: Tree): boolean {
  if (a.type === '-') return equal(a, b);
  if (a.type !== b.type) return false;
  return (
    !isBranch(a) || !isBranch(b) || a.items.every((item, i) => !b.items[i] || sameShape(item, b.items[i]))
  );
}

function sameSet(a: Tree, b: Tree): boolean {
  if (!isBranch(a) || !isBranch(b)) return equal(a, b);
  return a.type === b.type && a.items.map(show).sort().join() === b.items.map(show).sort().join();
}

/** Small sets are one page, in an order of the server's own; of others, `scan` compares the whole round. */
function samePage(a: Tree, b: Tree): boolean {
  if (!isBranch(a) || !isBranch(b) || a.items.length !== 2) return equal(a, b);
  return b.items.length === 2 && equal(a.items[0]!, b.items[0]!) && sameSet(a.items[1]!, b.items[1]!);
}

/** It was given as it is, and not as so much from now. */
function isFarAway(tree: Tree, from: number): boolean {
  return !isBranch(tree) && Number(tree.text) >= from;
}

function near(a: Tree, b: Tree, by: number): boolean {
  if (a.type !== ':' || b.type !== ':' || Number(a.text) < 0 || Number(b.text) < 0) return equal(a, b);
  return Math.abs(Number(a.text) - Number(b.text)) <= by;
}

/** Patterns that match the same message are told of in any order. */
function likeOrder(redis: readonly Tree[], ours: readonly Tree[]): readonly Tree[] {
  const left = ours.filter(isPatternMessage);
  return ours.map((tree, i) => {
    if (!isPatternMessage(tree)) return tree;
    const at = left.findIndex((one) => equal(redis[i]!, one));
    return left.splice(Math.max(at, 0), 1)[0]!;
  });
}

function isPatternMessage(tree: Tree): boolean {
  return isBranch(tree) && tree.items[0] !== undefined && show(tree.items[0]) === '"pmessage"';
}
