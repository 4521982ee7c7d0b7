// How one Cloud Foundry API is reached, as rows: of the first API options of their own, of further ones fields.

import { baseUrlProblem, proxyUrlProblem } from './http-url.ts';
import type { Field } from './option.ts';
import { PLATFORM_NAME } from './platform-name.ts';

const SECRET = {
  type: 'text',
  secret: true,
  pattern: /^[^\p{Cc}]{1,8192}$/u,
  allowed: '1 to 8192 characters, none of them a control character',
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
    ...PLATFORM_NAME,
    description: "Whose rights decide what is seen: with `password`, by UAA's password grant.",
  },
  { path: 'password', ...SECRET, description: 'Of `username`.' },
  {
    path: 'client_id',
    ...PLATFORM_NAME,
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
      'Whether certificates are verified. Where they are not, whoever is on the way can take the credentials.',
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

export const FURTHER_API_FIELDS: readonly Field[] = [
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

function required({ computed: _, ...field }: Field): Field {
  return { ...field, required: true };
}
