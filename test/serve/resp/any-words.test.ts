// Commands of whatever words: each is answered once, nothing goes wrong unnoticed, and nothing stays held.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { settled } from '../../cache/fake-clock.ts';
import { seededRandom } from '../../store/seeded-random.ts';
import { CommandLab } from './command-lab.ts';

const COMMANDS =
  'setnx setex psetex getset getdel getex mset msetnx append strlen getrange substr setrange incr decr incrby decrby ' +
  'incrbyfloat lcs touch keys scan randomkey rename renamenx copy expire pexpire expireat pexpireat expiretime ' +
  'pexpiretime ttl pttl persist multi exec discard watch unwatch get set del mget exists sidecache.invalidate ' +
  'sidecache.refresh sidecache.fill sidecache.settags sidecache.explain';
const OPTIONS =
  'EX PX EXAT PXAT PERSIST KEEPTTL NX XX GT LT GET REPLACE DB MATCH COUNT TYPE string IDX LEN MINMATCHLEN WITHMATCHLEN ' +
  'KEY TAG PREFIX REQUIRE ALL TIMEOUT 1s SCOPE LOCAL NOTIFY OTHERS WAIT LOADED default users all';
const KEYS = ['a', 'b', 'users:a', 'users:b', 'short:a', 'idle:a', 'none:x', '', 'users:', ':', 'default:a'];
const NUMBERS = [
  '0',
  '1',
  '-1',
  '100',
  '9223372036854775807',
  '-9223372036854775808',
  '1e5',
  '',
  '4194304',
  '99999999',
];
const PATTERNS = ['*', '[a-z]*', 'users:*', '?', '\\', '[', '**b'];

const words = suite('any words');

for (const seed of [1, 2, 3]) {
  words(`are answered, and nothing stays held (seed ${seed})`, async () => {
    const lab = new CommandLab({ memoryBytes: 8 << 20, roomBytes: 2 << 20 });
    const random = seededRandom(seed);
    const pick = (among: readonly string[]): string => among[Math.floor(random() * among.length)]!;
    const bytes = (): string =>
      String.fromCharCode(...Array.from({ length: random() * 20 }, () => Math.floor(random() * 256)));
    const word = (): string => {
      const kind = random();
      if (kind < 0.4) return pick(KEYS);
      if (kind < 0.6) return pick(NUMBERS);
      if (kind < 0.8) return pick(OPTIONS.split(' '));
      if (kind < 0.82) return 'y'.repeat(random() * 70_000);
      return kind < 0.9 ? pick(PATTERNS) : bytes();
    };
    for (let i = 0; i < 3000; i++) {
      const said = lab.asking(pick(COMMANDS.split(' ')), ...Array.from({ length: random() * 6 }, word));
      for (const load of [...lab.loader.open]) {
        const end = random();
        if (end < 0.5) load.answer(bytes());
        else if (end < 0.75) load.absent();
        else load.fail();
      }
      await said;
      if (random() < 0.01) lab.clock.advance(random() * 20_000);
    }
    await lab.asking('DISCARD');
    lab.say('UNWATCH');
    for (const load of [...lab.loader.open]) load.fail();
    await settled();
    for (const load of [...lab.loader.open]) load.fail();
    await settled();
    lab.end();
    assert.ok((lab.say('KEYS', '*') as string[]).length > 0);
  });
}

words.run();
