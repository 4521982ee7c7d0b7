import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Terms } from '../../src/cache/loader.ts';
import { parseTerms } from '../../src/load/cache-control.ts';

const test = suite('cache control');
const MAX_MS = 2 ** 31 * 1000;

function terms(headers: Record<string, string>, mode: 'honour' | 'ignore' = 'honour'): Terms {
  return parseTerms((name) => headers[name] ?? null, mode);
}

function fresh(cacheControl: string): number | undefined {
  return terms({ 'cache-control': cacheControl }).freshMs;
}

const SILENT: Terms = {
  freshMs: undefined,
  staleWhileRevalidateMs: undefined,
  staleIfErrorMs: undefined,
  ageMs: 0,
  unstorable: undefined,
};

test('an origin that says nothing sets no terms', () => {
  assert.equal(terms({}), SILENT);
});

test('all three times are read, in milliseconds', () => {
  const said = terms({
    'cache-control': 'max-age=60, stale-while-revalidate=30, stale-if-error=86400',
    age: '7',
  });
  assert.equal(said, {
    ...SILENT,
    freshMs: 60_000,
    staleWhileRevalidateMs: 30_000,
    staleIfErrorMs: 86_400_000,
    ageMs: 7000,
  });
});

test('s-maxage wins over max-age wherever it stands', () => {
  assert.is(fresh('max-age=60, s-maxage=5'), 5000);
  assert.is(fresh('s-maxage=5, max-age=1'), 5000);
});

test('names are case-insensitive, values may be quoted, blanks do not matter', () => {
  assert.is(fresh('MAX-Age="60"'), 60_000);
  assert.is(fresh('  public ,max-age = 60 ,, '), 60_000);
});

test('a comma or a directive within quotes is not one', () => {
  assert.is(fresh('ext="a, max-age=1, \\"b", max-age=60'), 60_000);
  assert.is(terms({ 'cache-control': 'ext="no-store"' }).unstorable, undefined);
});

test('an unterminated quote does not hide what follows it', () => {
  assert.is(terms({ 'cache-control': 'ext="oops, no-store' }).unstorable, 'no-store');
});

test('of contradicting values the shortest counts', () => {
  assert.is(fresh('max-age=60, max-age=10, max-age=30'), 10_000);
});

test('a time that is no number counts as none at all', () => {
  for (const value of ['abc', '-1', '1.5', '', '"', '1e3', '0x10'])
    assert.is(fresh(`max-age=${value}`), 0, value);
  assert.is(fresh('max-age'), 0);
});

test('a time too large for anything is capped', () => {
  assert.is(fresh(`max-age=${'9'.repeat(400)}`), MAX_MS);
});

test('no-cache is never fresh and never served stale while it is reloaded', () => {
  const said = terms({
    'cache-control': 'no-cache, max-age=60, stale-while-revalidate=60, stale-if-error=9',
  });
  assert.equal([said.freshMs, said.staleWhileRevalidateMs, said.staleIfErrorMs], [0, 0, 9000]);
});

test('must-revalidate is never served stale', () => {
  const said = terms({
    'cache-control': 'max-age=60, stale-while-revalidate=60, stale-if-error=60, must-revalidate',
  });
  assert.equal([said.freshMs, said.staleWhileRevalidateMs, said.staleIfErrorMs], [60_000, 0, 0]);
});

test('no-store, Set-Cookie and Vary: * are not stored', () => {
  assert.is(terms({ 'cache-control': 'No-Store' }).unstorable, 'no-store');
  assert.is(terms({ 'set-cookie': 'a=b' }).unstorable, 'set-cookie');
  assert.is(terms({ vary: 'accept, *' }).unstorable, 'vary');
});

test('private, and Vary over what is sent the same each time, are stored', () => {
  assert.is(terms({ 'cache-control': 'private', vary: 'accept, origin' }).unstorable, undefined);
});

test('ignore ignores Cache-Control with its no-store, and Age, but neither Set-Cookie nor Vary: *', () => {
  assert.equal(terms({ 'cache-control': 'no-store, max-age=5', age: '9' }, 'ignore'), SILENT);
  assert.is(terms({ 'set-cookie': 'a=b' }, 'ignore').unstorable, 'set-cookie');
  assert.is(terms({ vary: '*' }, 'ignore').unstorable, 'vary');
});

test('of several ages the first counts, and nonsense counts as none', () => {
  assert.is(terms({ age: '10, 20' }).ageMs, 10_000);
  assert.is(terms({ age: '-5' }).ageMs, 0);
});

test('no header makes the parser throw, hang or leave its bounds', () => {
  const piece = fc.constantFrom(
    ...[
      'max-age',
      's-maxage',
      'stale-if-error',
      'no-cache',
      '=',
      '"',
      '\\',
      ',',
      ' ',
      '60',
      '-1',
      '9e9',
      '\t',
      'é',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, text, text, (cacheControl, age, vary) => {
      const said = terms({ 'cache-control': cacheControl, age, vary });
      const times = [said.freshMs, said.staleWhileRevalidateMs, said.staleIfErrorMs, said.ageMs];
      return times.every((ms) => ms === undefined || (ms >= 0 && ms <= MAX_MS && Number.isInteger(ms)));
    }),
    { numRuns: 3000 },
  );
});

test('16 KiB of anything repeated are parsed in no time', () => {
  for (const piece of [',', '"', '=', 'a=",', 'a="\\', 'a="\\"', ' ', 'a ', 'a,', 'max-age=1,']) {
    let leastMs = Number.POSITIVE_INFINITY;
    // The machine may pause: what is slow is so each time.
    for (let time = 0; time < 10 && leastMs >= 200; time++) {
      const startedAtMs = performance.now();
      fresh(piece.repeat(16_384 / piece.length));
      leastMs = Math.min(leastMs, performance.now() - startedAtMs);
    }
    assert.ok(leastMs < 200, JSON.stringify(piece));
  }
});

test.run();
