// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what is tested
// Holds what of a landscape's configuration is refused, and that what is said names the place and no secret.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { API_FIELDS } from '../../src/config/api-fields.ts';
import { parseFile } from '../../src/config/file.ts';
import { loadConfig } from '../../src/config/load.ts';
import { TARGET_FIELDS } from '../../src/config/target-fields.ts';
import { ConfigError } from '../../src/errors.ts';
import { TARGET_PARAMETERS } from '../../src/landscape/target-form.ts';
import { problemIn, problemsOf } from './loading.ts';

const test = suite('landscape rules');

const PRESET = 'preset: cloudfoundry\ncloudfoundry:\n';
const FINE = `${PRESET}  api: https://api.h\n  refresh_token: hush\n`;
const WAYS = 'username and password, or client_id and client_secret, or refresh_token';

/** What is said of `settings` besides an API, without what stands before it. */
const withApi = (settings: string): readonly string[] =>
  problemsOf({ file: `${PRESET}  api: https://api.h\n  ${settings.replaceAll(', ', '\n  ')}` });

const target = (written: string): string => problemIn(`${FINE}  targets:\n    - ${written}`);
const further = (written: string): readonly string[] =>
  problemsOf({ file: `${FINE}  apis:\n    - ${written}` });

test('without an API and VCAP_APPLICATION the URL is missing, where the preset stands', () => {
  assert.is(
    problemIn(`${PRESET}  refresh_token: hush`),
    'cloudfoundry.api (sidecache.yml:1): is missing; preset: cloudfoundry needs the URL of an API, and VCAP_APPLICATION names none',
  );
  for (const vcap of ['{}', '{"cf_api":7}', '{"cf_api":"api.h"}', '{"cf_api":"https://a:b@h"}', 'no JSON']) {
    const env = { VCAP_APPLICATION: vcap };
    const problems = problemsOf({ file: `${PRESET}  refresh_token: hush`, env });
    assert.is(problems.length, 1, vcap);
    assert.match(problems[0]!, /^cloudfoundry\.api .* is missing/);
  }
});

test('an API is a base URL, and one with a password is not shown', () => {
  for (const [url, said] of [
    ['api.h', 'must be an http or https URL'],
    ['https://ann:hush@h', 'must hold no user and password'],
    ['https://h?hush', 'must have no query and no fragment'],
  ] as const) {
    const problem = problemIn(`${PRESET}  api: ${url}\n  refresh_token: hush`);
    assert.ok(problem.startsWith('cloudfoundry.api (sidecache.yml:3): "'), problem);
    assert.ok(
      problem.endsWith(
        `${said}; allowed: an http or https URL without user, password and query, such as https://api.example.org`,
      ),
      problem,
    );
  }
  assert.not.match(problemIn(`${PRESET}  api: https://ann:hush@h\n  refresh_token: x`), /hush/);
});

test('without credentials all ways to give them are named', () => {
  assert.is(
    problemIn(`${PRESET}  api: https://api.h`),
    `cloudfoundry (sidecache.yml:1): has no credentials; set ${WAYS}`,
  );
});

test('half of a set of credentials says which half is missing', () => {
  const cases = [
    ['username', 'password'],
    ['password', 'username'],
    ['client_id', 'client_secret'],
    ['client_secret', 'client_id'],
  ];
  for (const [set, missing] of cases) {
    assert.equal(withApi(`${set}: hush`), [`cloudfoundry.${set} (sidecache.yml:4): needs ${missing}`]);
  }
});

test('of two sets of credentials one is too many', () => {
  const user = 'username: u, password: hush';
  const client = 'client_id: c, client_secret: hush';
  assert.equal(withApi(`${user}, ${client}`), [
    `cloudfoundry.client_id (sidecache.yml:6): cannot be besides username; set one of ${WAYS}`,
  ]);
  assert.equal(withApi(`${user}, refresh_token: hush`), [
    `cloudfoundry.refresh_token (sidecache.yml:6): cannot be besides username; set one of ${WAYS}`,
  ]);
  assert.equal(withApi('refresh_token: hush, client_secret: hush'), [
    `cloudfoundry.refresh_token (sidecache.yml:4): cannot be besides client_secret; set one of ${WAYS}`,
  ]);
  for (const fine of [user, client, 'refresh_token: hush']) assert.equal(withApi(fine), []);
});

test('a secret that cannot be sent is refused without showing it, and nothing more is said', () => {
  assert.equal(withApi('username: u, password: "hush\\n"'), [
    'cloudfoundry.password (sidecache.yml:5): will not do; allowed: 1 to 8192 characters, none of them a control character',
  ]);
});

test('secrets have no flag', () => {
  for (const name of ['password', 'client_secret', 'refresh_token', 'apis']) {
    assert.equal(problemsOf({ file: FINE, flags: { cloudfoundry: { [name]: 'hush' } } }), [
      `cloudfoundry.${name} (flag --cloudfoundry.${name}): is secret and has no flag; use the file or the environment`,
    ]);
  }
});

test('a proxy is a URL with nothing behind its port, and its password is not shown', () => {
  const allowed = 'allowed: an http or https URL such as http://user:password@proxy.example.org:3128, or off';
  for (const [url, shown, said] of [
    ['socks5://ann:hush@h:1', 'socks5://[redacted]@h:1', 'must be an http or https URL'],
    ['http://ann:hush@h/path', 'http://[redacted]@h/path', 'must have nothing behind host and port'],
    ['http://h:1?a', 'http://h:1?a', 'must have nothing behind host and port'],
    ['http://ann:%hush@h', 'http://[redacted]@h', 'must have its user and password percent-encoded'],
  ]) {
    assert.equal(withApi(`refresh_token: x, proxy: "${url}"`), [
      `cloudfoundry.proxy (sidecache.yml:5): "${shown}" ${said}; ${allowed}`,
    ]);
  }
  for (const url of ['http://h:3128', 'https://u:p%40@h/', 'off']) {
    assert.equal(withApi(`refresh_token: x, proxy: ${url}`), []);
  }
});

test('numbers and times have bounds', () => {
  const cases: [set: string, said: string][] = [
    ['timeout: 9ms', '"9ms" is too small; allowed: a duration from 10ms to 10m'],
    ['tries: 0', '"0" is too small; allowed: a whole number from 1 to 10'],
    ['tries: 11', '"11" is too large; allowed: a whole number from 1 to 10'],
    ['rate: 0', '"0" is too small; allowed: a whole number from 1 to 10000, or off'],
    ['concurrency: 257', '"257" is too large; allowed: a whole number from 1 to 256'],
    ['page_size: 5001', '"5001" is too large; allowed: a whole number from 1 to 5000'],
    ['batch_size: 501', '"501" is too large; allowed: a whole number from 1 to 500'],
    ['batch_window: 6s', '"6s" is too large; allowed: a duration from 0ms to 5s'],
    ['verify_tls: maybe', '"maybe" is neither; allowed: true or false'],
    ['own: maybe', '"maybe" is neither; allowed: true or false'],
  ];
  for (const [set, said] of cases) {
    const [problem = '', ...others] = withApi(`refresh_token: x, ${set}`);
    assert.equal(others, []);
    assert.ok(problem.startsWith(`cloudfoundry.${set.split(':')[0]} (sidecache.yml:5): ${said}`), problem);
  }
});

test('a ca has to be readable, and of use', () => {
  const problems = (text: string): readonly string[] => {
    const file = parseFile('sidecache.yml', text, {});
    try {
      loadConfig({ flags: {}, env: {}, file, hostname: 'h', unreadable: () => 'there is no such file' });
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  };
  assert.equal(problems(`${FINE}  ca: /ca.pem`), [
    'cloudfoundry.ca (sidecache.yml:5): "/ca.pem" cannot be read: there is no such file',
  ]);
  assert.equal(
    problems(`${FINE}  apis:\n    - { name: eu, api: "https://eu", refresh_token: x, ca: /ca.pem }`),
    ['cloudfoundry.apis (sidecache.yml:6): API 1: ca "/ca.pem" cannot be read: there is no such file'],
  );
  assert.is(
    problemIn(`${PRESET}  api: http://h\n  refresh_token: x\n  ca: /ca.pem`),
    'cloudfoundry.ca (sidecache.yml:5): is of no use, as api is http: and not https:',
  );
});

test('a further API needs a name, a URL and credentials of its own', () => {
  const allowed = `allowed: name, ${API_FIELDS.map(({ path }) => path).join(', ')}`;
  const at = 'cloudfoundry.apis (sidecache.yml:6): API 1';
  const cases: [written: string, said: string[]][] = [
    ['{ }', ['name is missing', 'api is missing']],
    ['{ name: eu, api: "https://eu" }', [`has no credentials; set ${WAYS}`]],
    ['{ name: eu, api: "https://eu", username: hush }', ['username needs password']],
    [
      '{ name: eu, api: "https://eu", username: u, password: hush, client_id: c }',
      [`client_id cannot be besides username; set one of ${WAYS}`],
    ],
    [
      '{ name: default, api: "https://eu", refresh_token: hush }',
      ['name "default" is the first API, the one of cloudfoundry.api'],
    ],
    [
      '{ name: EU, api: "https://eu", refresh_token: hush }',
      ['name "EU" will not do; allowed: a lower-case letter, then at most 62 of a-z 0-9 _ -'],
    ],
    [
      '{ name: eu, api: "https://a:hush@eu", refresh_token: hush }',
      [
        'api "https://[redacted]@eu" must hold no user and password; allowed: an http or https URL without user, password and query, such as https://api.example.org',
      ],
    ],
    [
      '{ name: eu, api: "http://eu", refresh_token: x, ca: /ca.pem }',
      ['ca is of no use, as api is http: and not https:'],
    ],
    [
      '{ name: eu, api: "https://eu", refresh_token: x, pasword: hush }',
      [`pasword is not known (did you mean password?); ${allowed}`],
    ],
    ['{ name: eu, api: "https://eu", password:hush }', [`a key is not known; ${allowed}`]],
    [
      '{ name: eu, api: "https://eu", password: }',
      ['password has no value; leave the key out for the default'],
    ],
    ['{ name: eu, api: "https://eu", password: [hush] }', ['password takes one value, not a list']],
    [
      '{ name: eu, api: "https://eu", password: "${HUSH}" }',
      ['password needs the variable HUSH, which is not set; ${HUSH:-…} gives a default'],
    ],
    ['hush', ['must be names with values']],
    ['[hush]', ['must be names with values']],
  ];
  for (const [written, said] of cases) {
    assert.equal(
      further(written),
      said.map((text) => `${at}: ${text}`),
    );
  }
});

test('every API and every target has a name of its own', () => {
  const api = (name: string): string => `{ name: ${name}, api: "https://h", refresh_token: x }`;
  assert.equal(further(`${api('eu')}\n    - ${api('us')}\n    - ${api('eu')}`), [
    'cloudfoundry.apis (sidecache.yml:8): API 3: name "eu" is the name of one before it',
  ]);
  assert.is(
    target('{ }\n    - { name: a }\n    - { name: A }\n    - { name: target-1 }'),
    'cloudfoundry.targets (sidecache.yml:9): target 4: name "target-1" is the name of one before it',
  );
});

test('a target names an API that there is', () => {
  assert.is(
    problemIn(
      `${FINE}  apis:\n    - { name: europe, api: "https://h", refresh_token: x }\n  targets:\n    - { api: default }\n    - { api: eurpe }`,
    ),
    'cloudfoundry.targets (sidecache.yml:9): target 2: api "eurpe" is no API (did you mean europe?); allowed: default, europe',
  );
  assert.is(
    target('{ api: eu }'),
    'cloudfoundry.targets (sidecache.yml:6): target 1: api "eu" is no API; allowed: default',
  );
});

test('a name and an expression for the same thing cannot be in one target', () => {
  for (const thing of ['org', 'space', 'application']) {
    assert.is(
      target(`{ ${thing}Regex: a, ${thing}Name: a }`),
      `cloudfoundry.targets (sidecache.yml:6): target 1: ${thing}Regex cannot be besides ${thing}Name; remove one of them`,
    );
  }
});

test('an expression that does not compile says where it stands and why', () => {
  const allowed = 'allowed: 1 to 1000 characters of a regular expression as JavaScript knows them';
  for (const field of ['orgRegex', 'spaceRegex', 'applicationRegex']) {
    assert.is(
      target(`orgName: a\n    - ${field}: "a("`),
      `cloudfoundry.targets (sidecache.yml:7): target 2: ${field} "a(" is no regular expression: unterminated group; ${allowed}`,
    );
  }
  assert.is(
    target('{ preferredRouteRegex: [a, "[b"] }'),
    `cloudfoundry.targets (sidecache.yml:6): target 1: preferredRouteRegex "[b" is no regular expression: unterminated character class; ${allowed}, as a list or one alone`,
  );
  assert.is(
    target(`{ orgRegex: ${'x'.repeat(1001)} }`),
    `cloudfoundry.targets (sidecache.yml:6): target 1: orgRegex "${'x'.repeat(60)}…" has 1001 characters; ${allowed}`,
  );
  // What the landscape refuses is refused here: put between ends it would compile.
  assert.match(target('{ orgRegex: "a)|(b" }'), /is no regular expression: unmatched '\)';/);
});

test('every problem of a target is said at once, each at its line', () => {
  const file = `${FINE}  targets:
    - path: metrics
      protocol: ftp
      orgname: a
      internalRoutePort: 65536
      kubernetesAnnotations: maybe
      name: a b
      spaceName: ""
      authenticatorId: x
`;
  const known = `allowed: ${TARGET_FIELDS.map(({ path }) => path).join(', ')}`;
  assert.equal(
    problemsOf({ file }),
    [
      'path "metrics" will not do; allowed: a path of at most 1000 characters that begins with /, without spaces and #',
      'protocol "ftp" is not one of them; allowed: one of https, http',
      `orgname is not known (did you mean orgName?); ${known}`,
      'internalRoutePort "65536" is too large; allowed: a whole number from 1 to 65535',
      'kubernetesAnnotations "maybe" is neither; allowed: true or false',
      'name "a b" will not do; allowed: 1 to 63 letters, digits, dots, dashes and underscores',
      'spaceName "" will not do; allowed: 1 to 255 characters, none of them a control character',
      `authenticatorId is not known; ${known}`,
    ].map((said, line) => `cloudfoundry.targets (sidecache.yml:${line + 6}): target 1: ${said}`),
  );
});

test('a target is known by the same keys here as in a request', () => {
  assert.equal(
    TARGET_FIELDS.map(({ path }) => path).filter((path) => path !== 'name'),
    TARGET_PARAMETERS,
  );
});

test('targets of a variable are read as those of the file, and their problems name the variable', () => {
  const problems = (text: string): readonly string[] =>
    problemsOf({ file: FINE, env: { SIDECACHE_CLOUDFOUNDRY_TARGETS: text } });
  const at = 'cloudfoundry.targets (SIDECACHE_CLOUDFOUNDRY_TARGETS): ';
  for (const text of ['a', '{"orgName":"a"}', '[{"orgName":"a"}', 'null']) {
    const [problem = ''] = problems(text);
    assert.ok(
      problem.startsWith(
        `${at}is no list of targets; allowed: a list (as a variable: a JSON array) of names with values: name, api, orgName, `,
      ),
      problem,
    );
  }
  assert.equal(
    problems('[{"orgName":null},{"orgName":["a"]},"a",{"name":12345678901234567890},{"path":{}}]'),
    [
      `${at}target 1: orgName has no value; leave the key out for the default`,
      `${at}target 2: orgName takes one value, not a list`,
      `${at}target 3: must be names with values`,
      `${at}target 4: name needs quotes around its number`,
      `${at}target 5: path takes one value, not names with values`,
    ],
  );
  assert.equal(problems('[{"__proto__":"a"}]').length, 1);
});

test('lists are lists', () => {
  assert.is(
    problemIn(`${FINE}  targets: { orgName: a }`),
    'cloudfoundry.targets (sidecache.yml:5): takes a list',
  );
  assert.is(
    problemIn(`${FINE}  apis:`),
    'cloudfoundry.apis (sidecache.yml:5): has no value; leave the key out for the default',
  );
  assert.equal(problemsOf({ file: `${FINE}  apis: []\n  targets: []` }), []);
});

test('no secret is ever in a problem, whatever it is and wherever it stands', () => {
  const secret = fc.string({ unit: 'binary-ascii', maxLength: 30 }).map((tail) => `PASSWORT${tail}`);
  const key = fc.constantFrom('password', 'client_secret', 'refresh_token', 'pasword', 'x');
  fc.assert(
    fc.property(secret, key, fc.boolean(), (text, name, asKey) => {
      const record = asKey ? { [`${name}:${text}`]: 'x' } : { name: 'eu', [name]: text };
      const settings = { api: 'https://h', password: text, client_secret: text, refresh_token: text };
      const file = JSON.stringify({
        preset: 'cloudfoundry',
        cloudfoundry: { ...settings, proxy: `http://u:${text}@h`, apis: [record] },
      });
      const env = { SIDECACHE_PRESET: 'cloudfoundry', SIDECACHE_CLOUDFOUNDRY_APIS: JSON.stringify([record]) };
      for (const written of [{ file }, { env }]) {
        const problems = problemsOf(written);
        assert.ok(problems.length > 0);
        for (const problem of problems) assert.not.match(problem, /PASSWORT/);
      }
    }),
  );
});

test.run();
