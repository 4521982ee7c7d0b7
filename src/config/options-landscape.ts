// Rows of the option table: the caches of a Cloud Foundry landscape, the APIs they are loaded from, and targets.

import { expressionProblem } from './expression.ts';
import { baseUrlProblem, proxyUrlProblem } from './http-url.ts';
import type { Field, Option } from './option.ts';
import { PRESETS } from './preset.ts';

const SECRET = {
  type: 'text',
  secret: true,
  pattern: /^[^\p{Cc}]{1,8192}$/u,
  allowed: '1 to 8192 characters, none of them a control character',
} as const;

const NAME = {
  type: 'text',
  pattern: /^[^\p{Cc}]{1,255}$/u,
  allowed: '1 to 255 characters, none of them a control character',
} as const;

const EXPRESSION = {
  type: 'text',
  problemOf: expressionProblem,
  allowed: 'a regular expression of JavaScript, which must match the whole name, in upper or lower case',
} as const;

/** Of each API, the first one and those of `cloudfoundry.apis`. */
export const API_FIELDS: readonly Field[] = [
  {
    path: 'api',
    type: 'url',
    problemOf: baseUrlProblem,
    allowed: 'an http or https URL without user, password and query, such as https://api.example.org',
    computed: 'cf_api of VCAP_APPLICATION',
    description: 'Base URL of the Cloud Foundry API.',
  },
  {
    path: 'username',
    ...NAME,
    description: "Whose rights decide what is seen: with `password`, by UAA's password grant.",
  },
  { path: 'password', ...SECRET, description: 'Of `username`.' },
  {
    path: 'client_id',
    ...NAME,
    description: "Instead of a user a client of UAA: with `client_secret`, by UAA's client credentials.",
  },
  { path: 'client_secret', ...SECRET, description: 'Of `client_id`.' },
  { path: 'refresh_token', ...SECRET, description: 'Instead of a user and of a client: a refresh token.' },
  { path: 'ca', type: 'path', description: 'Further certificates to trust, a PEM file.' },
  {
    path: 'verify_tls',
    type: 'boolean',
    default: 'true',
    description:
      'Whether certificates are verified; not to do it shows the credentials to who is on the way.',
  },
  {
    path: 'proxy',
    type: 'url',
    off: true,
    problemOf: proxyUrlProblem,
    allowed: 'an http or https URL such as http://user:password@proxy.example.org:3128',
    computed: 'HTTPS_PROXY for an https API, HTTP_PROXY for an http one, unless NO_PROXY names its host',
    description: 'What the API is asked through; it may have user and password.',
  },
  {
    path: 'timeout',
    type: 'duration',
    default: '2500ms',
    min: '10ms',
    max: '10m',
    description: 'Bounds one try of one request, headers and body.',
  },
  {
    path: 'tries',
    type: 'integer',
    default: '3',
    min: '1',
    max: '10',
    description: 'Tries of one request, the first included.',
  },
  {
    path: 'rate',
    type: 'integer',
    off: true,
    default: 'off',
    min: '1',
    max: '10000',
    description: 'Requests a second to this API from this instance, tries and tokens included.',
  },
  {
    path: 'concurrency',
    type: 'integer',
    default: '8',
    min: '1',
    max: '256',
    description: 'Requests at one time.',
  },
  {
    path: 'page_size',
    type: 'integer',
    default: '200',
    min: '1',
    max: '5000',
    description: 'Entries of a list on one page.',
  },
];

const FURTHER_API: readonly Field[] = [
  {
    path: 'name',
    type: 'text',
    required: true,
    pattern: /^[a-z][a-z0-9_-]{0,62}$/,
    allowed: 'a lower-case letter, then at most 62 of a-z 0-9 _ -',
    description: 'What the API is called in keys, targets and metrics. `default` is the first one.',
  },
  ...API_FIELDS.map((field) => (field.path === 'api' ? required(field) : field)),
];

export const TARGET_FIELDS: readonly Field[] = [
  {
    path: 'name',
    type: 'text',
    pattern: /^[A-Za-z0-9_.-]{1,63}$/,
    allowed: '1 to 63 letters, digits, dots, dashes and underscores',
    computed: '`target-1`, `target-2`, … by its place',
    description: 'What the target is called.',
  },
  { path: 'api', ...NAME, computed: '`default`', description: 'Name of the API it is at.' },
  { path: 'orgName', ...NAME, description: 'The org. Without a name and an expression: all.' },
  { path: 'orgRegex', ...EXPRESSION, description: 'All orgs whose whole name it matches.' },
  { path: 'spaceName', ...NAME, description: 'The space. Without a name and an expression: all.' },
  { path: 'spaceRegex', ...EXPRESSION, description: 'All spaces whose whole name it matches.' },
  { path: 'applicationName', ...NAME, description: 'The app. Without a name and an expression: all.' },
  { path: 'applicationRegex', ...EXPRESSION, description: 'All apps whose whole name it matches.' },
  {
    path: 'path',
    type: 'text',
    pattern: /^\/[^\s\p{Cc}?#]{0,1023}$/u,
    allowed: 'a path that begins with /, without spaces and a query',
    default: '/metrics',
    description: 'Where the apps answer with their metrics.',
  },
  {
    path: 'protocol',
    type: 'choice',
    choices: ['https', 'http'],
    default: 'https',
    description: 'How they are scraped.',
  },
  {
    path: 'preferredRouteRegex',
    type: 'list',
    single: true,
    problemOf: expressionProblem,
    allowed: 'regular expressions of JavaScript',
    description:
      "Of an app's routes (host, domain and path) the first that the first of these matches; where none does, its first route.",
  },
  {
    path: 'internalRoutePort',
    type: 'integer',
    min: '1',
    max: '65535',
    description: 'The port of instances behind an internal route.',
  },
  {
    path: 'kubernetesAnnotations',
    type: 'boolean',
    default: 'false',
    description:
      'Only apps annotated `prometheus.io/scrape: true`, with the path of `prometheus.io/path` where there is one.',
  },
];

const REST: readonly Field[] = [
  {
    path: 'batch_size',
    type: 'integer',
    default: '100',
    min: '1',
    max: '500',
    description: 'Most guids or names in one request.',
  },
  {
    path: 'batch_window',
    type: 'duration',
    default: '20ms',
    min: '0ms',
    max: '5s',
    description: 'How long what is to be looked up waits for more that the same request can ask for.',
  },
  {
    path: 'own',
    type: 'boolean',
    default: 'true',
    description:
      'Whether the instances of the app this daemon belongs to are in `/discovery`, where targets hold them.',
  },
  {
    path: 'apis',
    type: 'records',
    each: 'API',
    fields: FURTHER_API,
    secret: true,
    description: 'Further Cloud Foundry APIs, each with its own credentials and limits.',
  },
  {
    path: 'targets',
    type: 'records',
    each: 'target',
    fields: TARGET_FIELDS,
    description: 'Which apps `/discovery` lists, and how they are to be scraped.',
  },
];

const GROUP = 'Landscape';

export const LANDSCAPE_OPTIONS: readonly Option[] = [
  {
    path: 'preset',
    group: GROUP,
    type: 'choice',
    choices: PRESETS,
    description:
      'Brings the caches `org`, `space`, `application`, `domain`, `route`, `process` and `resolver` along, loaded from a Cloud Foundry API.',
  },
  ...[...API_FIELDS, ...REST].map((field) => ({
    ...field,
    path: `cloudfoundry.${field.path}`,
    group: GROUP,
  })),
];

function required({ computed: _, ...field }: Field): Field {
  return { ...field, required: true };
}
