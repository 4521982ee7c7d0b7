// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what is tested

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OPEN_PATHS, PERMISSIONS } from '../../src/config/config.ts';
import { loadFile, problemIn, problemsOf } from './loading.ts';

const test = suite('fleet values');
const TOKEN = '0123456789abcdef';

const peers = (by: string, value: string): string =>
  `fleet: { listen: 0.0.0.0:7071, token: ${TOKEN}, peers: { ${by}: ${JSON.stringify(value)} } }`;
const fine = (file: string): void => assert.equal(problemsOf({ file }), [], file);

test('fleet.listen takes any host and any port, 0 too', () => {
  for (const address of ['0.0.0.0:7071', '[::]:7071', '127.0.0.1:0', '10.0.0.1:1', 'my-host.local:65535']) {
    fine(`fleet: { listen: "${address}", token: ${TOKEN} }`);
  }
  for (const address of ['7071', ':7071', '0.0.0.0', '0.0.0.0:65536', 'http://h:1', ':::7071']) {
    assert.match(
      problemIn(`fleet: { listen: "${address}", token: ${TOKEN} }`),
      /^fleet\.listen \(sidecache\.yml:1\): ".*" is no host:port; allowed: a host:port such as 0\.0\.0\.0:7071 or \[::\]:7071, or off$/,
      address,
    );
  }
  assert.match(
    problemIn(`fleet: { listen: "*:7071", token: ${TOKEN} }`),
    /"\*:7071" has no host to listen at/,
  );
});

test('http stays on loopback, whatever fleet.listen may be', () => {
  assert.match(
    problemIn('http: 0.0.0.0:7070'),
    /is not loopback; .*the fleet listener is what answers outside/,
  );
});

test('a token has 16 bytes or more, printable and without spaces and commas, and is not shown', () => {
  const withToken = (token: string): string => `fleet: { listen: 0.0.0.0:1, token: [${TOKEN}, "${token}"] }`;
  const cases: [string, RegExp][] = [
    ['tooshort', /part 2 has 8 bytes, too few to be a secret; allowed: tokens, each of 16 to 1024 printable/],
    ['', /part 2 has 0 bytes/],
    ['sixteen bytes or so', /part 2 holds a space, a comma or what is not printable ASCII/],
    ['sixteen,bytes,or,so', /part 2 holds a space, a comma/],
    ['sixteen-bytes-öäü', /part 2 holds a space, a comma or what is not printable ASCII/],
    ['x'.repeat(1025), /part 2 has 1025 bytes/],
  ];
  for (const [token, said] of cases) {
    const problem = problemIn(withToken(token));
    assert.match(problem, /^fleet\.token \(sidecache\.yml:1\): /);
    assert.match(problem, said);
    if (token !== '') assert.not.match(problem, new RegExp(token));
  }
  fine(withToken('x'.repeat(16)));
  fine(withToken('x'.repeat(1024)));
  assert.match(
    problemsOf({ env: { SIDECACHE_FLEET_TOKEN: `${TOKEN},short` } })[0]!,
    /^fleet\.token \(SIDECACHE_FLEET_TOKEN\): part 2 has 5 bytes/,
  );
});

test('an operator has a token or a basic, and what is wrong names the operator and not the secret', () => {
  const cases: [string, RegExp][] = [
    [`[{ token: ${TOKEN} }, { token: hush }]`, /operator 2: token has 4 bytes, too few/],
    ['[{ token: "hush hush hush hush" }]', /operator 1: token holds a space/],
    ['[{ basic: ":hush" }]', /operator 1: basic is no user:password, nor a user alone/],
    ['[{ basic: "hush:" }]', /operator 1: basic is no user:password/],
    ['[{ basic: "" }]', /operator 1: basic is no user:password/],
    ['[{ basic: "ann:hush\\n" }]', /operator 1: basic is no user:password/],
    ['[{ basic: "ann:hush" }, { basic: "ann:hush2" }]', /operator 2 has the same user as one before it/],
    ['[{ }]', /operator 1 needs one of token and basic/],
    [`[{ token: ${TOKEN}, basic: "ann:hush" }]`, /operator 1 needs one of token and basic/],
    ['[{ password: hush }]', /operator 1: a key is not known; allowed: token, basic$/],
    ['[{ ann:hush }]', /operator 1: a key is not known/],
    ['[{ "ann:hush": x }]', /operator 1: a key is not known; allowed: token, basic$/],
    ['[hush]', /operator 1: must be names with values/],
    ['[[hush]]', /operator 1: must be names with values/],
    ['[{ token: [hush] }]', /operator 1: token takes one value, not a list/],
    ['[{ token: "${HUSH}" }]', /operator 1: token needs the variable HUSH, which is not set/],
    ['{ token: hush }', /takes a list/],
    ['hush', /is no list of operators/],
  ];
  for (const [operators, said] of cases) {
    const problem = problemIn(`fleet:\n  operators: ${operators}`);
    assert.match(problem, /^fleet\.operators \(sidecache\.yml:2\): /, operators);
    assert.match(problem, said);
    assert.not.match(problem, /hush/);
  }
  fine(
    'fleet: { listen: 0.0.0.0:0, operators: [{ basic: ann }, { basic: "bob:x:y" }, { token: 0123456789abcdef }] }',
  );
});

test('operators of a variable that cannot be read are refused without showing them', () => {
  for (const text of ['hush', '{"token":"hush"}', '[{"token":"hush"', '"hush"', 'null']) {
    const problems = problemsOf({ env: { SIDECACHE_FLEET_OPERATORS: text } });
    assert.is(problems.length, 1, text);
    assert.match(
      problems[0]!,
      /^fleet\.operators \(SIDECACHE_FLEET_OPERATORS\): is no list of operators; allowed: a list \(as a variable: a JSON array\) of \{ token: … \}/,
    );
    assert.not.match(problems[0]!, /hush/);
  }
});

test('operators of a variable are named as those of a file where one of them is wrong', () => {
  const cases: [string, RegExp][] = [
    ['["hush"]', /operator 1: must be names with values$/],
    ['[["hush"]]', /operator 1: must be names with values$/],
    ['[null]', /operator 1: must be names with values$/],
    [`[{"token":"${TOKEN}"},{"token":7}]`, /operator 2: token has 1 bytes, too few to be a secret/],
    ['[{"token":{"hush":"hush"}}]', /operator 1: token takes one value, not names with values$/],
    ['[{"basic":null}]', /operator 1: basic has no value; leave the key out for the default$/],
    ['[{"hush":"x"}]', /operator 1: a key is not known; allowed: token, basic$/],
  ];
  for (const [text, said] of cases) {
    const problems = problemsOf({ env: { SIDECACHE_FLEET_OPERATORS: text } });
    assert.is(problems.length, 1, text);
    assert.match(problems[0]!, /^fleet\.operators \(SIDECACHE_FLEET_OPERATORS\): /);
    assert.match(problems[0]!, said);
    assert.not.match(problems[0]!, /hush/);
  }
});

test('no secret is ever in a problem, whatever it is and wherever it stands', () => {
  const secret = fc.string({ unit: 'binary-ascii', maxLength: 30 }).map((tail) => `PASSWORD${tail}`);
  fc.assert(
    fc.property(secret, fc.constantFrom('token', 'basic', 'user', 'other'), (text, name) => {
      const file = JSON.stringify({ fleet: { token: [text], operators: [{ [name]: text }] } });
      const env = {
        SIDECACHE_FLEET_TOKEN: text,
        SIDECACHE_FLEET_OPERATORS: JSON.stringify([{ [name]: text }]),
      };
      for (const written of [{ file }, { env }]) {
        for (const problem of problemsOf(written)) assert.not.match(problem, /PASSWORD/);
      }
    }),
  );
});

test('allow and open take what there is, and name it otherwise', () => {
  fine(`fleet: { listen: 0.0.0.0:0, token: ${TOKEN}, allow: [${PERMISSIONS}], open: [${OPEN_PATHS}] }`);
  assert.is(
    problemIn('fleet: { allow: [metrics, everything] }'),
    'fleet.allow (sidecache.yml:1): "everything" is not one of them; allowed: any of invalidate, refresh, metrics, peers, discovery, values, events, as a list or with commas between',
  );
  assert.match(
    problemIn('fleet: { open: "metrics, values" }'),
    /^fleet\.open .* "values" is not one of them; allowed: any of metrics, healthz, readyz/,
  );
  assert.match(problemIn('fleet: { open: { metrics: true } }'), /^fleet\.open .* takes a list/);
});

test('a list says which variable one of its parts needs', () => {
  assert.match(problemIn('fleet: { token: ["${NOPE}"] }'), /^fleet\.token .* needs the variable NOPE/);
});

test('the route of gorouter and the URLs of a list are bases: no user, no query, nothing behind the path', () => {
  for (const url of ['https://cache.example.com', 'http://h:1/', 'https://h/a/b', 'HTTP://[::1]:1']) {
    fine(peers('gorouter', url));
    fine(`fleet: { listen: 0.0.0.0:0, token: ${TOKEN}, peers: { list: ["${url}"] } }`);
  }
  const cases: [string, RegExp][] = [
    ['cache.example.com', /must be an http or https URL/],
    ['ftp://h', /must be an http or https URL/],
    ['https://', /must be an http or https URL/],
    ['https://h:99999', /must be an http or https URL/],
    ['https://ann:hush@h', /must hold no user and password/],
    ['https://ann@h', /must hold no user and password/],
    ['https://h?a=b', /must have no query and no fragment/],
    ['https://h/#', /must have no query and no fragment/],
    ['https://h/{index}', /must not hold spaces, braces/],
    ['https://h/a b', /must not hold spaces, braces/],
    ['https://h\\a', /must not hold spaces, braces, backslashes/],
    ['', /must be an http or https URL/],
  ];
  for (const [url, said] of cases) {
    const problem = problemIn(peers('gorouter', url));
    assert.match(
      problem,
      /^fleet\.peers\.gorouter \(sidecache\.yml:1\): .*allowed: an http or https URL/,
      url,
    );
    assert.match(problem, said);
    assert.not.match(problem, /hush/);
    if (url === '') continue;
    const listed = `fleet: { listen: 0.0.0.0:0, token: ${TOKEN}, peers: { list: [${JSON.stringify(url)}] } }`;
    assert.match(problemIn(listed), /^fleet\.peers\.list /);
    assert.match(problemIn(listed), said);
    assert.not.match(problemIn(listed), /hush/);
  }
});

test('address has {index} in host, port or path', () => {
  for (const url of [
    'http://{index}.shop.apps.internal:7071',
    'http://web-{index}.web:7071',
    'http://127.0.0.1:710{index}',
    'https://h/{index}/cache',
    'https://{index}.h/{index}',
  ]) {
    fine(peers('address', url));
  }
  for (const url of [
    'http://h:1',
    'http://{key}.h',
    'http://h/?i={index}',
    'http://h/#{index}',
    '{index}://h',
    'http{index}://h',
    'http://{index}@h',
    'http://{index}{x}.h',
  ]) {
    assert.match(
      problemIn(peers('address', url)),
      /^fleet\.peers\.address .* must .*with \{index\} in host, port or path/,
      url,
    );
  }
});

test('dns takes a name and a port', () => {
  for (const name of ['shop.apps.internal:7071', 'cache:1', 'cache.ns.svc.cluster.local.:7071', '_x.y:2']) {
    fine(peers('dns', name));
  }
  const cases: [string, RegExp][] = [
    ['shop.apps.internal', /is no host:port/],
    ['http://h:1', /is no host:port/],
    ['shop:0', /has no port that peers could be asked at/],
    ['10.0.0.1:7071', /has no name to look up/],
    ['[::1]:7071', /has no name to look up/],
    ['-:7071', /has no name to look up/],
  ];
  for (const [name, said] of cases) {
    assert.match(problemIn(peers('dns', name)), said, name);
    assert.match(
      problemIn(peers('dns', name)),
      /allowed: a name and a port such as my-app\.apps\.internal:7071$/,
    );
  }
});

test('fleet.sync has bounds', () => {
  assert.is(loadFile(`fleet: { listen: 0.0.0.0:0, token: ${TOKEN}, sync: 100ms }`).config.fleet?.syncMs, 100);
  assert.match(problemIn('fleet: { sync: 99ms }'), /^fleet\.sync .* is too small/);
  assert.match(problemIn('fleet: { sync: 61m }'), /^fleet\.sync .* is too large/);
});

test('secrets of the fleet have no flag', () => {
  for (const name of ['token', 'operators']) {
    assert.equal(problemsOf({ flags: { fleet: { [name]: 'x' } } }), [
      `fleet.${name} (flag --fleet.${name}): is secret and has no flag; use the file or the environment`,
    ]);
  }
});

test.run();
