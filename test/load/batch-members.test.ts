// The members of a JSON object, whatever the chunks its bytes come in.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JsonMembers } from '../../src/load/json-members.ts';

const test = suite('json members');

type Member = [name: string | undefined, text: string];

/** Undefined: it is no JSON object. `cuts` are where its chunks end. */
function members(
  text: string | Buffer,
  cuts: readonly number[] = [],
  maxNameBytes = 1000,
): Member[] | undefined {
  const bytes = Buffer.from(text);
  const found: [string | undefined, Buffer[]][] = [];
  const reader = {
    begin: (name: string | undefined) => void found.push([name, []]),
    append: (part: Uint8Array) => void found.at(-1)?.[1].push(Buffer.from(part)),
  };
  const json = new JsonMembers(reader, maxNameBytes);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    if (!json.write(bytes.subarray(from, end))) return undefined;
    from = end;
  }
  return json.isWhole ? found.map(([name, parts]) => [name, Buffer.concat(parts).toString()]) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });
const anyObject = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());

test('any object is cut into its members, however it is written and wherever its chunks end', () => {
  fc.assert(
    fc.property(anyObject, cuts, fc.constantFrom(0, 1, '\t'), (object, at, indent) => {
      const text = JSON.stringify(object, undefined, indent);
      const expected = JSON.parse(text);
      const found = members(text, at);
      assert.equal(
        found?.map(([name]) => name),
        Object.keys(expected),
      );
      for (const [name, value] of found ?? []) assert.equal(JSON.parse(value), expected[name!]);
    }),
    { numRuns: 500 },
  );
});

test('what is taken for an object is what JSON.parse takes for one', () => {
  const pieces = fc.constantFrom(
    ...['{', '}', '[', ']', ',', ':', '"a"', '"', '\\', '\\u00e9', '\\u00', '\\n', '\\x', ' ', '\n', '\v'],
    ...['0', '00', '1', '-', '+', '.', 'e', 'E5', '1.5', '-0', '1e+9', 'true', 'false', 'null', 'nul', 'é'],
    ...['\u0000', '{}', '{"a":', '"b":1', '[]', '[1]'],
  );
  const almost = fc.array(pieces, { maxLength: 8 }).map((parts) => `{"k":${parts.join('')}}`);
  const anything = fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(almost, anything), cuts, (text, at) => {
      assert.is(members(text, at) !== undefined, isObject(parsed(text)), text);
    }),
    { numRuns: 6000 },
  );
});

test('an object with one byte changed, or one missing, is taken as JSON.parse takes it', () => {
  fc.assert(
    fc.property(anyObject, fc.nat(), fc.integer({ min: -1, max: 0x7e }), (object, position, code) => {
      const text = JSON.stringify(object);
      const at = position % text.length;
      const other = code < 0 ? '' : String.fromCharCode(code);
      const changed = Buffer.from(text.slice(0, at) + other + text.slice(at + 1)).toString();
      assert.is(members(changed) !== undefined, isObject(parsed(changed)), changed);
    }),
    { numRuns: 2000 },
  );
});

test('numbers keep every digit they were written with', () => {
  const text = '{"a":12345678901234567890,"b":1.0,"c":-0,"d":1E400 ,"e" : 0.1e-7\n}';
  for (let cut = 0; cut <= text.length; cut++) {
    assert.equal(members(text, [cut]), [
      ['a', '12345678901234567890'],
      ['b', '1.0'],
      ['c', '-0'],
      ['d', '1E400'],
      ['e', '0.1e-7'],
    ]);
  }
});

test('names are text, whatever they are and however they are escaped', () => {
  assert.equal(
    members('{"__proto__":1,"constructor":{"__proto__":2},"\\u0061\\"\\n":3,"é\\ud83d\\ude00":4,"":5}'),
    [
      ['__proto__', '1'],
      ['constructor', '{"__proto__":2}'],
      ['a"\n', '3'],
      ['é😀', '4'],
      ['', '5'],
    ],
  );
});

test('a name that is too long, or no UTF-8, has no text, and its value is told all the same', () => {
  assert.equal(members('{"abc":1,"abcd":[2]}', [], 5), [
    ['abc', '1'],
    [undefined, '[2]'],
  ]);
  const broken = Buffer.from('{"a\xff":1}', 'latin1');
  assert.equal(members(broken), [[undefined, '1']]);
});

test('levels are bounded', () => {
  const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  assert.is(members(nested(1000))?.length, 1);
  assert.is(members(nested(1001)), undefined);
});

test('white space alone, nothing, and what follows the object are no object', () => {
  for (const text of ['', ' ', '{', '{}x', '{}{}', '[]', '"a"', '1', 'null', '\ufeff{}']) {
    assert.is(members(text), undefined, text);
  }
  assert.equal(members(' {} \r\n'), []);
});

test.run();
