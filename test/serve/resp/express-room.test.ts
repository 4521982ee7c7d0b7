// The short way for SET where memory is short: which entries go may differ from what the ordinary way would let go, but what
// is there is what was set last, within the bounds, and every byte is counted.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { accountedBytes, emptyStore } from '../../store/shelves.ts';
import { command, Served } from './served.ts';

const test = suite('RESP express where memory is short');

const MEMORY_BYTES = 1 << 20;
/** `kept` evicts nothing. */
const SHARES = {
  own: { shareBytes: 200_000, evictable: true },
  kept: { shareBytes: 100_000, evictable: false },
};
const CACHES = ['', '', 'own:', 'kept:', 'short:'];
const LENGTHS = [0, 1, 10, 100, 300, 511, 512, 1000, 4000, 4095, 4096, 5000];
const KEY_LENGTHS = [1, 2, 20, 63, 64, 200, 255, 256, 300, 3000];
const OK = '+OK\r\n';

/** Values set, by key as clients write it: undefined where the last write was refused or the key deleted. */
type Known = Map<string, string>;

interface Step {
  readonly bytes: string;
  /** Looks at the one reply to it. */
  readonly check: (said: string) => void;
}

class World {
  readonly #random: SeededRandom;
  readonly #known: Known = new Map();
  readonly #keys: string[];
  readonly isStored = { written: 0, refused: 0, there: 0, gone: 0 };

  constructor(random: SeededRandom, keys: number) {
    this.#random = random;
    const length = (): number => (random.percent(70) ? 20 : random.pick(KEY_LENGTHS));
    this.#keys = Array.from({ length: keys }, (_, i) =>
      `${random.pick(CACHES)}${i.toString(36)}`.padEnd(length(), '-'),
    );
    this.#keys.push(`own:${'o'.repeat(65_536)}`, 'l'.repeat(65_536));
  }

  step(): Step {
    const random = this.#random;
    const chance = random() * 1000;
    // The two long ones seldom: each takes the place of many.
    const key =
      this.#keys[
        random.percent(1)
          ? this.#keys.length - 1 - random.below(2)
          : Math.floor(random() ** 3 * this.#keys.length)
      ]!;
    if (chance < 600) return this.#set(key);
    if (chance < 950) return this.#get(key);
    if (chance < 980) return this.#drop(command('DEL', key), (known) => known === key);
    if (chance < 991) return this.#drop(...this.#prefix(key));
    if (chance < 994) return { bytes: command('SIDECACHE.REFRESH', 'own'), check: () => {} };
    if (chance < 995) return this.#drop(command('SIDECACHE.INVALIDATE', 'all'), () => true);
    return random.percent(20)
      ? this.#drop(command('FLUSHALL'), (known) => !known.includes(':'))
      : this.#get(key);
  }

  #set(key: string): Step {
    const random = this.#random;
    const value = String.fromCharCode(97 + random.below(26)).repeat(random.pick(LENGTHS));
    const known = this.#known;
    return {
      bytes: command('SET', key, value),
      check: (said) => {
        if (said === OK) {
          known.set(key, value);
          this.isStored.written++;
          return;
        }
        assert.match(said, /^-(OOM|ERR|FULL)/);
        assert.ok(key.startsWith('kept:'), `refused ${key.length}: ${said}`);
        this.isStored.refused++;
      },
    };
  }

  #get(key: string): Step {
    return {
      bytes: command('GET', key),
      check: (said) => {
        const value = this.#known.get(key);
        if (said === '$-1\r\n' && (value === undefined || !key.startsWith('kept:'))) {
          this.isStored.gone++;
          return;
        }
        assert.ok(value !== undefined, `${key} came back`);
        assert.is(said, `$${value.length}\r\n${value}\r\n`, key);
        this.isStored.there++;
      },
    };
  }

  #prefix(key: string): [string, (known: string) => boolean] {
    const at = key.indexOf(':') + 1;
    const begins = key.slice(0, at + 1);
    const concerns = (known: string): boolean => known.startsWith(begins) && (at > 0 || !known.includes(':'));
    return [
      command(
        'SIDECACHE.INVALIDATE',
        at === 0 ? 'default' : key.slice(0, at - 1),
        'PREFIX',
        key.slice(at, at + 1),
      ),
      concerns,
    ];
  }

  #drop(bytes: string, concerns: (key: string) => boolean): Step {
    return {
      bytes,
      check: (said) => {
        assert.not(said.startsWith('-'), `${bytes}: ${said}`);
        for (const key of this.#known.keys()) if (concerns(key)) this.#known.delete(key);
      },
    };
  }
}

/** The replies one by one. */
function repliesIn(said: string): string[] {
  const replies: string[] = [];
  for (let at = 0; at < said.length; ) {
    const to = endOf(said, at);
    replies.push(said.slice(at, to));
    at = to;
  }
  return replies;
}

/** Where the reply ends that begins there. */
function endOf(said: string, at: number): number {
  let to = said.indexOf('\r\n', at) + 2;
  const count = Number(said.slice(at + 1, to - 2));
  if (said[at] === '$' && count >= 0) return to + count + 2;
  if (said[at] === '*') for (let i = 0; i < count; i++) to = endOf(said, to);
  return to;
}

function checkBounds({ lab }: Served): void {
  const { store } = lab;
  assert.ok(store.budget.usedBytes <= store.budget.limitBytes);
  assert.is(store.budget.usedBytes, accountedBytes(store));
  for (const { bytes, shareBytes } of store.caches) assert.ok(bytes <= (shareBytes ?? MEMORY_BYTES));
}

for (const isExpress of [true, false]) {
  for (const keys of [1500, 30_000]) {
    test(`${isExpress ? 'the short' : 'the ordinary'} way among ${keys} keys: what is there was set last, and is counted`, async () => {
      for (let seed = 1; seed <= 2; seed++) {
        const random = seededRandom(seed);
        const served = new Served(isExpress, { memoryBytes: MEMORY_BYTES, shares: SHARES });
        const { lab } = served;
        const client = served.connect();
        const world = new World(random, keys);
        for (let turn = 0; turn < 120; turn++) {
          const steps = Array.from({ length: 1 + random.below(100) }, () => world.step());
          const bytes = Buffer.from(steps.map((step) => step.bytes).join(''));
          let said = '';
          for (let from = 0; from < bytes.length; from += 30_000)
            said += client.say(bytes.subarray(from, from + 30_000));
          // What concerns many entries waits, and what is behind it.
          for (let wait = 0; wait < 1000 && repliesIn(said).length < steps.length; wait++) {
            await new Promise(setImmediate);
            said += client.takesSlowly(false);
          }
          const replies = repliesIn(said);
          assert.is(replies.length, steps.length);
          for (const [i, step] of steps.entries()) step.check(replies[i]!);
          checkBounds(served);
          lab.clock.advance(random.below(3000));
        }
        const { written, refused, there, gone } = world.isStored;
        const counted = lab.caches.all.reduce((sum, { counters }) => sum + counters.writes, 0);
        assert.is(counted, written);
        assert.ok(refused > 0 && there > 100 && gone > 100, JSON.stringify(world.isStored));
        const evicted = lab.store.caches.reduce(
          (sum, { evictions }) => sum + evictions.memory + evictions.share,
          0,
        );
        assert.ok(evicted > 20, `memory was short: ${evicted} went`);
        if (isExpress)
          assert.ok(served.expressed > 100_000, `only ${served.expressed} bytes went the short way`);
        client.close();
        emptyStore(lab.store);
        assert.is(lab.store.budget.usedBytes, 0);
        assert.equal(lab.defects, []);
      }
    });
  }
}

test.run();
