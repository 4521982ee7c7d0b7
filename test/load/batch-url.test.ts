// A URL template with {keys}: where they may stand, and how they are written.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../src/errors.ts';
import { compileUrlTemplate, templateProblem } from '../../src/load/url-template.ts';
import { encodePercent } from '../../src/units/percent.ts';

const test = suite('url template of several keys');

test('any keys are those bytes, parted by raw commas, in the one query value, and nothing else changes', () => {
  const { fillMany } = compileUrlTemplate('http://origin:81/a?x=1&ids=[{keys}]&y=2');
  const anyKey = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(fc.array(anyKey, { minLength: 1, maxLength: 5 }), (keys) => {
      const url = new URL(fillMany(keys.map(encodePercent)));
      const [x, ids, y, ...more] = url.search.slice(1).split('&');
      assert.equal([url.host, url.pathname, url.hash, x, y, more], ['origin:81', '/a', '', 'x=1', 'y=2', []]);
      const list = /^ids=\[(.*)\]$/.exec(ids ?? '')?.[1] ?? '';
      const decoded = list.split(',').map((key) => Buffer.from(unescape(key), 'latin1').toString('hex'));
      assert.equal(
        decoded,
        keys.map((key) => key.toString('hex')),
      );
    }),
    { numRuns: 1000 },
  );
});

test('what a template takes, and the length of its URL without keys, are known', () => {
  const many = compileUrlTemplate('http://u:p@o/a?ids={keys}#f');
  assert.equal([many.takesMany, many.bytes], [true, 'http://o/a?ids='.length]);
  assert.is(compileUrlTemplate('http://o/{key}').takesMany, false);
});

for (const [what, url] of [
  ['the path', 'http://o/a/{keys}'],
  ['the host', 'http://{keys}/a?ids={keys}'],
  ['the host alone', 'http://{keys}.example.org/'],
  ['the password', 'http://u:{keys}@o/a'],
  ['the fragment', 'http://o/a#{keys}'],
  ['the name of a query parameter', 'http://o/a?{keys}=1'],
  ['two query values', 'http://o/a?x={keys}&y={keys}'],
  ['one value twice', 'http://o/a?x={keys}{keys}'],
  ['a query value, and {key} in the path', 'http://o/{key}?ids={keys}'],
  ['a query value, and {key} in another', 'http://o/?ids={keys}&id={key}'],
  ['an escape', 'http://o/a?x=%2{keys}'],
  ['a scheme of another kind', 'ftp://o/a?ids={keys}'],
] as const) {
  test(`{keys} in ${what} is refused`, () => {
    const problem = templateProblem(url);
    assert.match(problem ?? '', /^must /);
    assert.not.match(problem ?? '', /:p@|example/);
    assert.throws(
      () => compileUrlTemplate(url),
      (error: unknown) => error instanceof ConfigError,
    );
  });
}

test('{keys} in a query value is accepted', () => {
  for (const url of ['http://o/?ids={keys}', 'https://u:p@o:1/a/b?x=1&ids=x{keys}&y=2']) {
    assert.is(templateProblem(url), undefined, url);
  }
});

test.run();
