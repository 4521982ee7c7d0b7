// A target from parameters and back.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestError } from '../../src/errors.ts';
import { type Parameter, parseParameters } from '../../src/landscape/parameters.ts';
import type { Target } from '../../src/landscape/target.ts';
import { parseTarget, TARGET_PARAMETERS, targetKey } from '../../src/landscape/target-form.ts';

const test = suite('target form');

function refusal(...parameters: Parameter[]): string {
  try {
    parseTarget(parameters);
  } catch (error) {
    if (error instanceof RequestError && error.code === 'bad_query') return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(parameters)} was not refused`);
}

function parameters(key: string): Parameter[] {
  const parsed = parseParameters(key);
  assert.ok(parsed, key);
  return parsed;
}

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const expression = fc.constantFrom('a+', '.*', '(x|y)/z', '[a-z]{2,3}', 'ä+&=%', 'a\\.b', '\\-+', '(?i)q');
const place = fc.oneof(
  fc.constant([undefined, undefined] as const),
  name.map((one) => [one, undefined] as const),
  expression.map((one) => [undefined, one] as const),
);
const anyTarget: fc.Arbitrary<Target> = fc
  .record({
    api: fc.option(name, { nil: undefined }),
    org: place,
    space: place,
    application: place,
    path: fc.constantFrom('/metrics', '/', '/a/b?c=d&e=%20', '/é'),
    protocol: fc.constantFrom('http' as const, 'https' as const),
    preferredRouteRegex: fc.array(expression, { maxLength: 4 }),
    internalRoutePort: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    kubernetesAnnotations: fc.boolean(),
  })
  .map(({ org, space, application, ...rest }) => {
    const target = {
      ...rest,
      name: '',
      orgName: org[0],
      orgRegex: org[1],
      spaceName: space[0],
      spaceRegex: space[1],
      applicationName: application[0],
      applicationRegex: application[1],
    };
    return { ...target, name: targetKey(target) };
  });

test('a target is what its canonical text says, whatever is in it', () => {
  fc.assert(
    fc.property(anyTarget, (target) => {
      assert.equal(parseTarget(parameters(targetKey(target))), target);
    }),
    { numRuns: 1000 },
  );
});

test('the same parameters in another order, or with defaults said, are one text', () => {
  const shuffled = anyTarget.chain((target) => {
    const said = parameters(targetKey(target));
    const given = (wanted: string): boolean => said.some(([parameter]) => parameter === wanted);
    const defaults: Parameter[] = [
      ...(given('path') ? [] : [['path', '/metrics'] as const]),
      ...(given('protocol') ? [] : [['protocol', 'https'] as const]),
      ...(given('kubernetesAnnotations') ? [] : [['kubernetesAnnotations', '0'] as const]),
    ];
    const order = new Map<Parameter, number>();
    return fc.array(fc.nat(), { minLength: 40, maxLength: 40 }).map((random) => {
      const all = [...said, ...defaults];
      all.forEach((one, at) => {
        // The order of the route expressions says something.
        order.set(one, one[0] === 'preferredRouteRegex' ? 0 : random[at]!);
      });
      return { target, all: all.sort((one, other) => order.get(one)! - order.get(other)!) };
    });
  });
  fc.assert(
    fc.property(shuffled, ({ target, all }) => {
      assert.is(targetKey(parseTarget(all)), target.name);
    }),
    { numRuns: 500 },
  );
});

test('80: without parameters a target is every app, over https at /metrics', () => {
  const { name: text, ...target } = parseTarget([]);
  assert.not.equal(text, '');
  assert.equal(target, {
    api: undefined,
    orgName: undefined,
    orgRegex: undefined,
    spaceName: undefined,
    spaceRegex: undefined,
    applicationName: undefined,
    applicationRegex: undefined,
    path: '/metrics',
    protocol: 'https',
    preferredRouteRegex: [],
    internalRoutePort: undefined,
    kubernetesAnnotations: false,
  });
});

test('a configured target keeps the name that it has there', () => {
  assert.is(parseTarget([['orgName', 'o']], 'mine').name, 'mine');
  assert.is(parseTarget([['orgName', 'o']]).name, 'orgName=o');
});

test('both of a pair are refused by their names', () => {
  for (const level of ['org', 'space', 'application']) {
    const said = refusal([`${level}Name`, 'a'], [`${level}Regex`, 'b']);
    assert.match(said, `${level}Name or ${level}Regex`);
  }
});

test('a parameter that is repeated, empty or not known is refused by its name', () => {
  for (const parameter of TARGET_PARAMETERS) {
    assert.match(refusal([parameter, '']), `${parameter} is empty`);
    if (parameter !== 'preferredRouteRegex') {
      const value = { path: '/', protocol: 'http', internalRoutePort: '1' }[parameter as string] ?? '1';
      assert.match(refusal([parameter, value], [parameter, value]), `give ${parameter} once`);
    }
  }
  for (const unknown of ['orgname', 'name', '__proto__', 'constructor', '']) {
    const said = refusal([unknown, 'x']);
    assert.match(said, JSON.stringify(unknown));
    assert.match(said, TARGET_PARAMETERS.join(', '));
  }
  assert.match(refusal(['overrideRouteAndPath', 'x']), 'Prometheus');
});

test('a bad value is refused with what is allowed', () => {
  for (const path of ['metrics', '/a b', '/a\n', '/a#b', `/${'x'.repeat(1000)}`]) {
    assert.match(refusal(['path', path]), /path must begin with \//);
  }
  for (const protocol of ['HTTPS', 'ftp']) assert.match(refusal(['protocol', protocol]), 'http or https');
  for (const port of ['0', '65536', '-1', '1e3', '08', '1.5']) {
    assert.match(refusal(['internalRoutePort', port]), 'from 1 to 65535');
  }
  for (const value of ['yes', 'TRUE', '2']) {
    assert.match(refusal(['kubernetesAnnotations', value]), 'true, false, 1 or 0');
  }
  assert.match(refusal(['orgName', 'x'.repeat(256)]), 'orgName must have at most 255');
  assert.match(refusal(['orgName', '\ud800']), 'orgName must be Unicode');
});

test('an expression that does not compile, or is too long, is refused by its parameter', () => {
  const wrong = ['(', '[', 'a**', 'a)|(b', '\\Qa\\E', '\\z', 'a++', 'x'.repeat(1001)];
  for (const parameter of ['orgRegex', 'spaceRegex', 'applicationRegex', 'preferredRouteRegex']) {
    for (const value of wrong) assert.match(refusal([parameter, value]), `${parameter} must be a regular`);
    assert.ok(parseTarget([[parameter, 'x'.repeat(1000)]]));
  }
});

test('what is refused is shown as one short line', () => {
  const said = refusal(['protocol', `a\n${'x'.repeat(9000)}`]);
  assert.ok(said.length < 200 && !said.includes('\n'), said);
});

test('a target that would not fit into a key is refused', () => {
  const many = Array.from({ length: 20 }, () => ['preferredRouteRegex', 'é'.repeat(900)] as const);
  assert.match(refusal(...many), 'in all');
  assert.match(refusal(...many.concat(many)), '20 times');
});

test.run();
