// Sequences of commands at random over few keys and few values, so that they meet one another; the same for a seed.

import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { AT_MS, AT_S } from './far-time.ts';
import { lineOf, type Step } from './step.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e', '', 'k\x00\xff'];
const VALUES = [
  ...['', '0', '1', '-1', '7', '10', '3.5', '-0.25', '1e3', 'text', 'abcabc', 'xaybzc', ' 1', '007'],
  ...['9223372036854775807', '-9223372036854775808', '\x00\xff\r\n', 'x'.repeat(45), 'ab'.repeat(60)],
];
const WHOLE = [
  '0',
  '1',
  '-1',
  '5',
  '-7',
  '100',
  '9223372036854775807',
  '-9223372036854775808',
  'x',
  '1.5',
  '',
];
const INDEXES = ['0', '1', '-1', '3', '-4', '10', '-100', '200', 'x'];
const FLOATS = ['1', '0.5', '-1.25', '1e2', '3.0', '0', 'x', 'inf', '1e-5'];
/** Far enough away that none of them comes about while a sequence runs, or long past. */
const SECONDS = ['100', '5000', '0', '-1', 'x', '9223372036854775807'];
const MILLISECONDS = ['100000', '5000000', '0', '-1', 'x', '9223372036854775807'];
const AT_SECONDS = [String(AT_S + 20), String(AT_S + 21), '1', '0', '-1'];
const AT_MILLISECONDS = [String(AT_MS + 20000), String(AT_MS + 20500), '1', '0', '-1'];

type Words = readonly string[];
type Make = (random: SeededRandom) => Words;

const key: Make = (random) => [random.pick(KEYS)];
const value: Make = (random) => [random.pick(VALUES)];

const MAKES: readonly Make[] = [
  ...times(6, of('GET', key)),
  ...times(5, of('SET', key, value)),
  ...times(6, of('SET', key, value, setOptions)),
  of('SETNX', key, value),
  of('SETEX', key, from(SECONDS), value),
  of('PSETEX', key, from(MILLISECONDS), value),
  of('GETSET', key, value),
  of('GETDEL', key),
  ...times(3, of('GETEX', key, getexOptions)),
  of('MGET', some(key)),
  of('MSET', some(key, value)),
  of('MSETNX', some(key, value)),
  ...times(2, of('APPEND', key, value)),
  of('STRLEN', key),
  ...times(2, of('GETRANGE', key, from(INDEXES), from(INDEXES))),
  of('SUBSTR', key, from(INDEXES), from(INDEXES)),
  ...times(2, of('SETRANGE', key, from(INDEXES), value)),
  ...times(2, of('INCR', key)),
  of('DECR', key),
  ...times(2, of('INCRBY', key, from(WHOLE))),
  of('DECRBY', key, from(WHOLE)),
  ...times(3, of('INCRBYFLOAT', key, from(FLOATS))),
  ...times(2, of('LCS', key, key, lcsOptions)),
  ...times(2, of('DEL', some(key))),
  of('UNLINK', some(key)),
  of('EXISTS', some(key)),
  of('TOUCH', some(key)),
  of('TYPE', key),
  of('OBJECT', () => ['ENCODING'], key),
  of('KEYS', from(['*', 'a*', '?', '[a-c]', '', 'k*', '[^a]'])),
  of(
    'SCAN',
    () => ['0', 'COUNT', '1000'],
    from(['', 'x']),
    () => [],
  ),
  of('RANDOMKEY'),
  of('DBSIZE'),
  of('FLUSHDB'),
  of('RENAME', key, key),
  of('RENAMENX', key, key),
  ...times(2, of('COPY', key, key, perhaps('REPLACE'))),
  ...times(2, of('EXPIRE', key, from(SECONDS), expireOptions)),
  of('PEXPIRE', key, from(MILLISECONDS), expireOptions),
  ...times(2, of('EXPIREAT', key, from(AT_SECONDS), expireOptions)),
  of('PEXPIREAT', key, from(AT_MILLISECONDS), expireOptions),
  of('EXPIRETIME', key),
  of('PEXPIRETIME', key),
  ...times(2, of('TTL', key)),
  of('PTTL', key),
  of('PERSIST', key),
  ...times(3, of('MULTI')),
  ...times(5, of('EXEC')),
  of('DISCARD'),
  ...times(2, of('WATCH', some(key))),
  of('UNWATCH'),
  of('PING'),
  of('ECHO', value),
  of('SELECT', () => ['0']),
  of('RESET'),
  of('NOSUCH', value),
];

/** `count` steps on one connection or two. Now and then a word is missing or too many. */
export function generate(seed: number, count: number, connections: 1 | 2 = 2): Step[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const args = spoilt(random.pick(MAKES)(random), random);
    const connection = connections === 2 && random.percent(20) ? 2 : 1;
    return { connection, how: 'exact', args, text: lineOf(args) };
  });
}

function spoilt(words: Words, random: SeededRandom): Words {
  if (!random.percent(3) || words[0] === 'RESET') return words;
  return random.percent(50) && words.length > 1 ? words.slice(0, -1) : [...words, random.pick(VALUES)];
}

function of(name: string, ...parts: readonly Make[]): Make {
  return (random) => [name, ...parts.flatMap((part) => part(random))];
}

function from(words: Words): Make {
  return (random) => [random.pick(words)];
}

function some(...parts: readonly Make[]): Make {
  return (random) => times(1 + random.below(3), parts).flatMap((all) => all.flatMap((part) => part(random)));
}

function perhaps(word: string): Make {
  return (random) => (random.percent(40) ? [word] : []);
}

function setOptions(random: SeededRandom): Words {
  const options = [
    perhaps('GET'),
    (r: SeededRandom) => (r.percent(40) ? [r.pick(['NX', 'XX'])] : []),
    setTime,
  ];
  return options.flatMap((option) => option(random));
}

function setTime(random: SeededRandom): Words {
  const [word, time] = lifetime(random);
  // A key that is set into the past is there until it is looked at: DBSIZE would be a matter of luck.
  const set = Number(time) === 1 ? [] : [word!, time!];
  return random.pick([[], ['KEEPTTL'], set]);
}

function getexOptions(random: SeededRandom): Words {
  return random.pick([() => [], () => ['PERSIST'], lifetime])(random);
}

function lifetime(random: SeededRandom): Words {
  const forms: readonly [string, Words][] = [
    ['EX', SECONDS],
    ['PX', MILLISECONDS],
    ['EXAT', AT_SECONDS],
    ['PXAT', AT_MILLISECONDS],
  ];
  const [word, times] = random.pick(forms);
  return [word, random.pick(times)];
}

function expireOptions(random: SeededRandom): Words {
  return random.percent(50) ? [] : [random.pick(['NX', 'XX', 'GT', 'LT'])];
}

function lcsOptions(random: SeededRandom): Words {
  return random.pick([[], ['LEN'], ['IDX'], ['IDX', 'WITHMATCHLEN'], ['IDX', 'MINMATCHLEN', '2']]);
}

function times<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}
