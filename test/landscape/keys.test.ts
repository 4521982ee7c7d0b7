// Keys of the landscape's caches.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestError } from '../../src/errors.ts';
import {
  foldKey,
  formatKey,
  isCanonical,
  LANDSCAPE_CACHES,
  type LandscapeCache,
  type LandscapeKey,
  parseKey,
} from '../../src/landscape/keys.ts';

const test = suite('landscape keys');

function parse(cache: LandscapeCache, key: string): LandscapeKey {
  return parseKey(cache, Buffer.from(key));
}

function folded(text: string): string {
  const bytes = Buffer.from(text);
  foldKey(bytes, 0, bytes.length);
  return bytes.toString();
}

function refusal(cache: LandscapeCache, key: string | Buffer): string {
  try {
    parseKey(cache, Buffer.from(key));
  } catch (error) {
    if (error instanceof RequestError && error.code === 'bad_key') return error.message;
    throw error;
  }
  throw new Error(`${cache} ${key} was not refused`);
}

const names = (count: number): fc.Arbitrary<string[]> =>
  fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), {
    minLength: count,
    maxLength: count,
  });
const api = fc.option(fc.constantFrom('eu', 'us-10', '@odd/name'), { nil: undefined });

function named(cache: LandscapeCache, levels: number): fc.Arbitrary<[LandscapeCache, LandscapeKey]> {
  return fc
    .tuple(names(levels), api, fc.boolean())
    .filter(([, , list]) => !list || !['route', 'process'].includes(cache))
    .map(([given, of, list]) => {
      const key = { kind: 'names', api: of, names: list ? given.slice(1) : given, list } as const;
      return [cache, key];
    });
}

const guid = fc.tuple(fc.uuid(), api).map(([value, of]) => ({ kind: 'guid', api: of, guid: value }) as const);
const anyNamed = fc.oneof(
  named('org', 1),
  named('space', 2),
  named('application', 3),
  named('domain', 1),
  named('route', 3),
  guid.map((key): [LandscapeCache, LandscapeKey] => ['process', key]),
);
const parameters = fc.array(
  fc.tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' })),
  {
    minLength: 1,
    maxLength: 5,
  },
);
const anyResolver = fc.oneof(
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 50 })
    .map((name) => ({ kind: 'target', name }) as const),
  parameters.map((given) => ({ kind: 'parameters', parameters: given }) as const),
);

test('any names come back from the canonical key, but for the case of their letters', () => {
  fc.assert(
    fc.property(anyNamed, ([cache, key]) => {
      const text = formatKey(key);
      assert.equal(folded(text), text);
      assert.equal(formatKey(parse(cache, text)), text);
      assert.equal(JSON.stringify(parse(cache, text)), JSON.stringify(key).toLowerCase());
    }),
    { numRuns: 500 },
  );
});

test('names of targets and parameters come back as they are, case included', () => {
  fc.assert(
    fc.property(anyResolver, (key) => {
      assert.equal(parse('resolver', formatKey(key)), key);
    }),
    { numRuns: 500 },
  );
});

test('80: names that differ in the case of ASCII letters or escapes are one key after folding', () => {
  fc.assert(
    fc.property(anyNamed, fc.func(fc.boolean()), ([, key], isRaised) => {
      const text = formatKey(key);
      const raised = [...text].map((letter, at) => (isRaised(at) ? letter.toUpperCase() : letter)).join('');
      assert.equal(folded(raised), text);
    }),
  );
  assert.equal(folded('My-Org/A%2FB'), folded('my-org/a%2fb'));
});

/** And their neighbours. */
const letters = fc
  .array(fc.constantFrom(0, 0x40, 0x41, 0x42, 0x59, 0x5a, 0x5b, 0x60, 0x61, 0x7a, 0x7b, 0xc1, 0xda, 0xff), {
    maxLength: 60,
  })
  .map((bytes) => Uint8Array.from(bytes));

test('folding changes nothing outside of its range, and no byte but A to Z', () => {
  fc.assert(
    fc.property(letters, fc.nat(60), fc.nat(60), (bytes, one, other) => {
      const [start, end] = [Math.min(one, other, bytes.length), Math.min(Math.max(one, other), bytes.length)];
      const changed = Uint8Array.from(bytes);
      foldKey(changed, start, end);
      bytes.forEach((byte, at) => {
        const isLetter = /[A-Z]/.test(String.fromCharCode(byte)) && at >= start && at < end;
        assert.is(changed[at], isLetter ? byte + 32 : byte);
      });
    }),
  );
});

test('a star alone at the end is the list, an escaped one a name', () => {
  assert.equal(parse('org', '*'), { kind: 'names', api: undefined, names: [], list: true });
  assert.equal(parse('org', '%2A'), { kind: 'names', api: undefined, names: ['*'], list: false });
  assert.equal(parse('space', 'o/*'), { kind: 'names', api: undefined, names: ['o'], list: true });
  assert.equal(parse('application', 'o/s*/a*'), {
    kind: 'names',
    api: undefined,
    names: ['o', 's*', 'a*'],
    list: false,
  });
  assert.equal(parse('domain', '*'), { kind: 'names', api: undefined, names: [], list: true });
  assert.match(refusal('space', '*/s'), '%2A');
  assert.match(refusal('application', 'o/*/*'), '%2A');
  assert.match(refusal('route', '*'), '%2A');
});

test('89: another API stands before the names behind an @, and a name that begins so is escaped', () => {
  assert.equal(parse('space', '@eu/o/*'), { kind: 'names', api: 'eu', names: ['o'], list: true });
  assert.equal(parse('route', '@eu/my-guid'), { kind: 'guid', api: 'eu', guid: 'my-guid' });
  assert.equal(parse('org', '%40eu'), { kind: 'names', api: undefined, names: ['@eu'], list: false });
  assert.equal(formatKey({ kind: 'names', api: undefined, names: ['@eu'], list: false }), '%40eu');
  assert.match(refusal('org', '@eu'), '0 components');
  assert.match(refusal('org', '@/o'), 'name of an API');
  assert.match(refusal('space', 'o/@s/x'), '3 components');
});

test('a route and a process are asked for by guid or by names', () => {
  for (const cache of ['route', 'process'] as const) {
    assert.equal(parse(cache, 'a-1'), { kind: 'guid', api: undefined, guid: 'a-1' });
    assert.equal(parse(cache, 'o/s/a'), {
      kind: 'names',
      api: undefined,
      names: ['o', 's', 'a'],
      list: false,
    });
    assert.match(refusal(cache, 'o/s'), '2 components');
    assert.match(refusal(cache, 'one%2Cother'), 'letters, digits');
  }
});

test('another spelling of the same names is read alike, and known for what it is', () => {
  const canonical = Buffer.from('my-org/%c3%a4%20%2a');
  const key = parse('space', canonical.toString());
  assert.ok(isCanonical(canonical, key));
  assert.ok(isCanonical(Buffer.from('My-Org/%C3%A4%20%2A'), key));
  for (const spelling of ['my%2Dorg/ä%20%2a', 'my-org/%c3%a4 %2a', 'm%79-org/%c3%a4%20%2a']) {
    assert.equal(parse('space', spelling), key);
    assert.not.ok(isCanonical(Buffer.from(spelling), key));
  }
  assert.ok(isCanonical(Buffer.from('orgName=A'), parse('resolver', 'orgName=A')));
});

test('a refusal names the cache, what is wrong and the form', () => {
  assert.match(refusal('org', 'o/s'), /cache org is my-org, or \* for all: this one has 2 components/);
  assert.match(refusal('application', 'a'), /my-org\/my-space\/my-app.*one component/);
  assert.match(refusal('space', 'o/'), 'empty');
  assert.match(refusal('space', '/s'), 'empty');
  assert.match(refusal('org', ''), 'empty');
  assert.match(refusal('org', 'a%2'), 'hexadecimal');
  assert.match(refusal('org', 'a%zz'), 'hexadecimal');
  assert.match(refusal('org', '%ff'), 'UTF-8');
  assert.match(refusal('org', Buffer.of(0xc3)), 'UTF-8');
  assert.match(refusal('org', 'x'.repeat(256)), '255');
  assert.match(refusal('resolver', ''), 'empty');
  assert.match(refusal('resolver', 'orgName'.concat('=a&b')), 'name=value');
  assert.match(refusal('resolver', '=a'), 'name=value');
});

test('any bytes are parsed or refused, and no key of one cache is read as one of another form', () => {
  const pieces = fc.constantFrom('a', '/', '*', '@', '%', '%2', '%2f', '%FF', '=', '&', 'ü', '\0', '');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array)),
    fc.array(pieces, { maxLength: 8 }).map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(fc.constantFrom(...LANDSCAPE_CACHES), bytes, (cache, key) => {
      let parsed: LandscapeKey;
      try {
        parsed = parseKey(cache, key);
      } catch (error) {
        return error instanceof RequestError && error.code === 'bad_key';
      }
      const canonical = formatKey(parsed);
      assert.equal(formatKey(parse(cache, canonical)), canonical);
      return true;
    }),
    { numRuns: 3000 },
  );
});

test.run();
