// Which names a target means.

import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestError } from '../../src/errors.ts';
import { firstMatch, MATCHING_LIMIT_MS, matcher } from '../../src/landscape/matching.ts';

const test = suite('matching');

const NAMES = ['Alpha', 'alphabet', 'BETA', 'x', 'Ärger', 'ärger', 'a.b', '🚀app', ''];

function meant(name: string | undefined, expression: string | undefined): string[] {
  const meantBy = matcher(name, expression)(NAMES);
  return NAMES.filter((_, at) => meantBy[at]);
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RequestError && error.code === 'bad_query') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('80: neither a name nor an expression means all', () => {
  assert.equal(meant(undefined, undefined), NAMES);
});

test('80: a name means itself whatever the case, letters that are not ASCII too', () => {
  assert.equal(meant('ALPHA', undefined), ['Alpha']);
  assert.equal(meant('ÄRGER', undefined), ['Ärger', 'ärger']);
  assert.equal(meant('a.b', undefined), ['a.b']);
  assert.equal(meant('.*', undefined), []);
});

test('80: an expression means whole names alone, whatever the case', () => {
  assert.equal(meant(undefined, 'alpha'), ['Alpha']);
  assert.equal(meant(undefined, 'alpha.*'), ['Alpha', 'alphabet']);
  assert.equal(meant(undefined, 'x|a'), ['x']);
  assert.equal(meant(undefined, 'b.*|x'), ['BETA', 'x']);
  assert.equal(meant(undefined, '^beta$'), ['BETA']);
  assert.equal(meant(undefined, 'ärger'), ['Ärger', 'ärger']);
  assert.equal(meant(undefined, ''), ['']);
});

test('what Java takes and JavaScript would not is taken where it means the same', () => {
  assert.equal(meant(undefined, '(?i)ALPHA'), ['Alpha']);
  assert.equal(meant(undefined, 'a[\\w\\-]+'), ['Alpha', 'alphabet']);
  assert.equal(meant(undefined, '\\p{L}+'), ['Alpha', 'alphabet', 'BETA', 'x', 'Ärger', 'ärger']);
  assert.equal(meant(undefined, '.app'), ['🚀app']);
  assert.equal(matcher(undefined, '\\\\Q\\-')(['\\q-', 'q-']), [true, false]);
});

test('what would mean something else than in Java is refused', () => {
  for (const expression of [
    '\\Qa.b\\E',
    '\\Aalpha\\z',
    '\\hx',
    'x(?i)y',
    '\\p{L}\\-',
    '\\p{IsAlpha}+',
    '[a-z&&[^x]]',
  ]) {
    assert.match(
      refusal(() => matcher(undefined, expression, 'orgRegex')),
      'orgRegex must be a regular',
    );
  }
});

test('an expression matches as the same one that JavaScript knows, between ^ and $', () => {
  const piece = fc.constantFrom('a', 'B', '.', '[ab]', '(a|b)', 'a*', 'b?', '\\w', '|', '^', '$', '\\.');
  const expressions = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  const names = fc.array(fc.string({ unit: fc.constantFrom('a', 'A', 'b', '.', '\n') }), { maxLength: 8 });
  fc.assert(
    fc.property(expressions, names, (expression, given) => {
      const same = new RegExp(`^(?:${expression})$`, 'iu');
      assert.equal(
        matcher(undefined, expression)(given),
        given.map((name) => same.test(name)),
      );
    }),
    { numRuns: 300 },
  );
});

test('names and expressions are text to what matches them, whatever they hold', () => {
  const given = ['`$1`', "'];throw 1;['", '</script>', '\u2028', '\ud800', '__proto__', '\\'];
  assert.equal(
    matcher(undefined, "'\\];throw 1;\\['")(given),
    given.map((name) => name === "'];throw 1;['"),
  );
});

test('an expression that backtracks without end is interrupted, and says so', () => {
  const hostile = matcher(undefined, '(a+)+$', 'orgRegex');
  const names = [`${'a'.repeat(60)}!`];
  const startedAt = performance.now();
  const said = refusal(() => hostile(names));
  const tookMs = performance.now() - startedAt;
  assert.match(said, /^orgRegex: .*\(a\+\)\+\$.*100 ms/);
  // Without an end it would take years; the machine may pause.
  assert.ok(tookMs >= MATCHING_LIMIT_MS * 0.9 && tookMs < MATCHING_LIMIT_MS * 20, `${tookMs} ms`);
  assert.equal(matcher(undefined, '(a+)+$')(['aaa']), [true]);
});

test('the names of one call share one limit', () => {
  // Each alone takes a fraction of it.
  const names = Array.from({ length: 3000 }, (_, at) => `${'a'.repeat(18)}${at}`);
  const hostile = matcher(undefined, '(a+)+b', 'orgRegex');
  assert.match(
    refusal(() => hostile(names)),
    '100 ms',
  );
});

test('an expression that is too large when it is used is refused, not thrown out of the process', () => {
  for (const expression of ['(?:(?:a{0,999}){0,999}){0,999}', '(?:\\p{L}{999}){999}']) {
    const names = [`${'a'.repeat(300)}!`];
    try {
      assert.equal(matcher(undefined, expression)(names).length, 1);
    } catch (error) {
      assert.instance(error, RequestError);
    }
  }
});

test('of several expressions the place of the first that matches is given', () => {
  const first = firstMatch(['z', 'a.*', 'alpha'], 'preferredRouteRegex');
  assert.equal(first(['alpha', 'Z', 'q']), [1, 0, -1]);
  assert.equal(firstMatch([], 'preferredRouteRegex')(['a']), [-1]);
  assert.equal(first([]), []);
});

test.run();
