// Rows of the option table: one cache, and its loader.

import { loaderUrlProblem } from './loader-url.ts';
import type { EntryRules, Option } from './option.ts';

const TIMES = 'Times of a cache';
const CACHE = 'A cache';
const LOADER = 'Loader of a cache';

const HEADERS: EntryRules = {
  name: /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/,
  value: /^[\t\x20-\x7e]{0,8192}$/,
  reserved: [
    ...['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding'],
    ...[
      'upgrade',
      'if-match',
      'if-modified-since',
      'if-none-match',
      'if-range',
      'if-unmodified-since',
      'range',
    ],
  ],
  lowerCase: true,
  allowed: 'HTTP header names with printable values, none of them a header the loader sets itself',
};

export const CACHE_OPTIONS: readonly Option[] = [
  {
    path: 'caches.*.refresh',
    group: TIMES,
    type: 'duration',
    off: true,
    default: 'off',
    min: '10ms',
    max: '365d',
    description: 'Older than this: a read gets the value at once and it is reloaded behind the reader, once.',
  },
  {
    path: 'caches.*.refresh_ahead',
    group: TIMES,
    type: 'boolean',
    default: 'false',
    description:
      'Reload an entry that was read since its last load when it gets old, without waiting for a reader.',
  },
  {
    path: 'caches.*.expiry',
    group: TIMES,
    type: 'duration',
    off: true,
    default: 'off',
    min: '10ms',
    max: '365d',
    description: 'Not read for this long: dropped, whether anyone asks or not.',
  },
  {
    path: 'caches.*.ttl',
    group: TIMES,
    type: 'duration',
    off: true,
    default: 'off',
    min: '10ms',
    max: '365d',
    description:
      'Never served older than this, whatever happens to the origin; past it a read waits for a load.',
  },
  {
    path: 'caches.*.negative',
    group: TIMES,
    type: 'duration',
    off: true,
    default: 'off',
    min: '10ms',
    max: '365d',
    description: 'An origin\'s "does not exist" (404, 410) is remembered this long.',
  },
  {
    path: 'caches.*.retry',
    group: TIMES,
    type: 'duration',
    default: '5s',
    min: '10ms',
    max: '1d',
    description: 'After a failed load the origin is left alone this long, doubling with jitter to 16 times.',
  },
  {
    path: 'caches.*.memory',
    group: CACHE,
    type: 'bytes',
    min: '64K',
    max: '16G',
    description:
      'Share of `memory` that is kept for this cache, and the most it may take. None: it shares the rest.',
  },
  {
    path: 'caches.*.mode',
    group: CACHE,
    type: 'choice',
    choices: ['local', 'invalidation', 'replicated'],
    computed: '`invalidation` where `fleet.peers` is set and the daemon does not run alone, else `local`',
    description:
      'What instances tell each other: nothing, what to forget, or the values themselves, which then are never evicted.',
  },
  {
    path: 'caches.*.writes',
    group: CACHE,
    type: 'choice',
    choices: ['fill', 'change'],
    computed: '`change` with a loader or in `mode: replicated`, which knows no fills, else `fill`',
    description:
      'What a PUT means: a fill stores what the origin says, a change makes other instances forget.',
  },
  {
    path: 'caches.*.loader.url',
    group: LOADER,
    type: 'url',
    problemOf: loaderUrlProblem,
    allowed: 'an http or https URL with {key} in a path segment or a query value, or {keys} in a query value',
    description:
      'Where a missing or old entry is fetched; `{key}` stands in a path segment or a query value. `{keys}` in a query value instead: one request fetches several, with commas between them.',
  },
  {
    path: 'caches.*.loader.timeout',
    group: LOADER,
    type: 'duration',
    default: '2500ms',
    min: '10ms',
    max: '10m',
    description: 'Bounds a load as a whole: its tries, the gaps between them, headers and body.',
  },
  {
    path: 'caches.*.loader.soft_timeout',
    group: LOADER,
    type: 'duration',
    off: true,
    default: 'off',
    min: '1ms',
    max: '10m',
    description: 'A reader who would have to wait gets the old value, where there is one, after this long.',
  },
  {
    path: 'caches.*.loader.retries',
    group: LOADER,
    type: 'integer',
    default: '2',
    min: '0',
    max: '10',
    description: 'Further tries of one load after a failure that may pass (connection, 502, 503, 504).',
  },
  {
    path: 'caches.*.loader.concurrency',
    group: LOADER,
    type: 'integer',
    default: '32',
    min: '1',
    max: '1024',
    description: 'Loads of this cache at one time.',
  },
  {
    path: 'caches.*.loader.queue',
    group: LOADER,
    type: 'integer',
    default: '1024',
    min: '0',
    max: '1000000',
    description: 'Loads that may wait for a place; beyond it readers get 503.',
  },
  {
    path: 'caches.*.loader.cache_control',
    group: LOADER,
    type: 'choice',
    choices: ['honour', 'ignore'],
    default: 'honour',
    description: "Whether the origin's Cache-Control replaces the times configured here.",
  },
  {
    path: 'caches.*.loader.headers',
    group: LOADER,
    type: 'map',
    secret: true,
    entries: HEADERS,
    description: 'Headers of each request to the origin. As a variable: a JSON object.',
  },
  {
    path: 'caches.*.loader.batch_size',
    group: LOADER,
    type: 'integer',
    default: '100',
    min: '1',
    max: '1000',
    description: 'Most keys in one request, where the url has `{keys}`.',
  },
  {
    path: 'caches.*.loader.batch_window',
    group: LOADER,
    type: 'duration',
    default: '5ms',
    min: '0ms',
    max: '1s',
    description:
      'How long a load waits for others that go into the same request, where the url has `{keys}`.',
  },
  {
    path: 'caches.*.loader.ca',
    group: LOADER,
    type: 'path',
    description: 'Further certificates to trust, a PEM file.',
  },
];
