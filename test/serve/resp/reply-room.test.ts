// Replies that take memory which the store has to give up for them: what is replied is what was stored, nothing that is held
// for a reply stays held, and whatever goes, the store is whole.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { settled } from '../../cache/fake-clock.ts';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { accountedBytes, emptyStore } from '../../store/shelves.ts';
import { CommandLab } from './command-lab.ts';
import type { Said } from './reply-value.ts';

const test = suite('RESP replies where memory is short');
const LAB = { memoryBytes: 1 << 20, maxValueBytes: 1 << 19, repliesTakeRoom: true };

/** Long enough that replies grow, short enough to be copied, and some that are held. */
function someValue(random: SeededRandom, key: string): string {
  const length = random.percent(10) ? 65_537 + random.below(10_000) : 20_000 + random.below(45_000);
  return `${key}:${random()}:`.padEnd(length, key);
}

type Read = (lab: CommandLab, key: string, other: string) => [said: Said, isGone: boolean];

const READS: Readonly<Record<string, Read>> = {
  GET: (lab, key) => [lab.say('GET', key), false],
  GETEX: (lab, key) => [lab.say('GETEX', key, 'EX', '1000'), false],
  'GETEX PERSIST': (lab, key) => [lab.say('GETEX', key, 'PERSIST'), false],
  GETDEL: (lab, key) => [lab.say('GETDEL', key), true],
  'SET GET': (lab, key) => [lab.say('SET', key, 'short', 'GET'), true],
  GETSET: (lab, key) => [lab.say('GETSET', key, 'short'), true],
  GETRANGE: (lab, key) => [lab.say('GETRANGE', key, '0', '-1') || null, false],
  MGET: (lab, key, other) => {
    const said = lab.say('MGET', other, other, key);
    return [Array.isArray(said) ? said[2]! : said, false];
  },
};

for (const [name, read] of Object.entries(READS)) {
  test(`${name} replies with what was stored under the key, whatever goes for the reply`, () => {
    const lab = new CommandLab(LAB);
    const random = seededRandom(name.length);
    const stored = new Map<string, string>();
    const set = (key: string): void => {
      const value = someValue(random, key);
      assert.is(lab.say('SET', key, value), 'OK');
      stored.set(key, value);
    };
    let found = 0;
    for (let i = 0; i < 600; i++) {
      for (let j = 0; j < 3; j++) {
        const hot = `h${random.below(14)}`;
        if (lab.say('GET', hot) === null) set(hot);
      }
      const key = `k${i}`;
      set(key);
      const [said, isGone] = read(lab, key, `h${random.below(14)}`);
      if (typeof said === 'string' && said.startsWith('-')) assert.match(said, /^-OOM /);
      else if (said !== null) {
        assert.ok(said === stored.get(key), `${key}: ${String(said).slice(0, 40)}`);
        found++;
      }
      if (isGone) stored.delete(key);
    }
    assert.ok(found > 100, `${found} were found`);
    assert.is(lab.store.budget.usedBytes, accountedBytes(lab.store));
    lab.end();
    emptyStore(lab.store);
    assert.is(lab.store.budget.usedBytes, accountedBytes(lab.store));
  });
}

test('what was held for a reply that found no room is let go of', () => {
  const lab = new CommandLab(LAB);
  const used: number[] = [];
  for (let round = 0; round < 8; round++) {
    const keys = ['a', 'b', 'x', 'y'];
    for (const key of keys) lab.say('SET', key, 'v'.repeat(65_522));
    lab.say('SET', 'long', 'l'.repeat(70_000));
    // Each for a turn of its own: one of them needs more room just where the long one stands.
    for (let last = 65_510; last < 65_530; last++) {
      lab.say('SET', 'y', 'v'.repeat(last));
      lab.say('MGET', ...keys, 'long');
    }
    lab.say('DEL', ...keys, 'long');
    used.push(lab.store.budget.usedBytes);
  }
  assert.equal(used.slice(1), used.slice(1).fill(used[0]!));
  lab.end();
});

test('what was held for MGET is let go of where a key behind it is refused', async () => {
  const lab = new CommandLab();
  lab.say('SET', 'long', 'l'.repeat(70_000));
  const used = lab.store.budget.usedBytes;
  const keys = ['users:1', 'users:2', 'long', 'long'];
  assert.match(String(lab.say('MGET', ...keys, 'k'.repeat(70_000))), /^-ERR/);
  for (const load of [...lab.loader.open]) load.answer('l'.repeat(70_000));
  await settled();
  assert.is(lab.say('EXISTS', 'users:1', 'users:2'), 2);
  lab.say('DEL', 'users:1', 'users:2');
  assert.is(lab.store.budget.usedBytes, used);
  lab.say('DEL', 'long', 'users:1');
  assert.ok(lab.store.budget.usedBytes < used - 70_000, 'its pages are still held');
  lab.end();
});

test.run();
