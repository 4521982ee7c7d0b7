// Writes docs/configuration.md from the option table. A test holds that the file is what this writes.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RESERVED_NAMES } from '../src/config/cache-name.ts';
import { envName, type Field, flagName, type Option, type OptionType } from '../src/config/option.ts';
import { OPTIONS } from '../src/config/options.ts';
import { PRESET_CACHES, presetDefault } from '../src/config/preset.ts';
import { formatDuration } from '../src/units/duration.ts';

export const DOCS_FILE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

const TYPE_WORDS: Record<OptionType, string> = {
  duration: 'duration (`ms` `s` `m` `h` `d`)',
  bytes: 'bytes (`K` `M` `G`)',
  integer: 'whole number',
  boolean: '`true`, `false`',
  choice: 'one of',
  text: 'text',
  path: 'path',
  mode: 'octal file mode',
  url: 'URL',
  address: '`host:port`',
  list: 'list',
  map: 'names with values',
  records: 'list of names with values, as below',
};

const PRESET_TIMES = ['refresh', 'expiry', 'negative'];

/** Caches with the same times on one line. */
function timesOfPreset(): string {
  const byTimes = new Map<string, string[]>();
  for (const cache of PRESET_CACHES) {
    const times = PRESET_TIMES.map((key) => formatDuration(Number(presetDefault(cache, key)))).join(' | ');
    byTimes.set(times, [...(byTimes.get(times) ?? []), cache]);
  }
  return [...byTimes].map(([times, caches]) => `| ${codes(caches)} | ${times} |`).join('\n');
}

const INTRO = `# Configuration

<!-- Written by \`npm run docs\` from the option table in src/config. Do not edit. -->

No configuration starts: one cache called \`default\`, on a socket in \`$TMPDIR\`. \`sidecache check\` prints every
effective value and where it came from, and what is probably not meant; it exits 2 where the daemon would not start.

## Where values come from

The first that says something decides:

1. a flag: \`--memory 64M\`, \`--log.level debug\`, \`--caches.users.refresh 60s\`
2. an environment variable: \`SIDECACHE_MEMORY=64M\`, \`SIDECACHE_CACHES_USERS_REFRESH=60s\`
3. the file: \`--config PATH\`, else \`SIDECACHE_CONFIG\`, else \`sidecache.yml\`, \`sidecache.yaml\` or
   \`sidecache.json\` in the working directory
4. the default

The rules:

- An unknown key, a unit that is missing or wrong, a value out of bounds: an error that names the key, where it
  stands and what is allowed. All of them are reported at once, and even where something overrules them.
- Unknown \`SIDECACHE_…\` variables only warn, with the option whose name is nearest: Kubernetes sets some for a service
  of this name. An empty variable counts as not set.
- In a variable the dots and dashes of a key are \`_\`. \`SIDECACHE_CACHES_MY_CACHE_REFRESH\` means cache \`my-cache\` or
  \`my_cache\`, whichever the file or a flag names; where none is named it makes a cache \`my_cache\`.
- A secret has no flag, as flags stand in every process list. Secrets, users and passwords in URLs, and the values
  of a loader's headers are shown as \`[redacted]\` everywhere.
- Lists of names with values (\`fleet.operators\`, \`cloudfoundry.apis\`, \`cloudfoundry.targets\`) are in a variable or
  flag a JSON array.
- Values of names (\`metrics.labels\`, \`loader.headers\`) are in a variable or flag a JSON object, or
  \`name=value,name=value\`. They replace those of the file as a whole.
- A file has at most 1 MiB. It may use YAML anchors, up to 100 aliases; no merge keys (\`<<\`).

## Variables in the file

\`\${NAME}\` in a value becomes the variable NAME; where that is not set it is an error. \`\${NAME:-text}\` becomes
\`text\` where NAME is not set or empty. \`$\${\` is \`\${\` itself. Within \`{ … }\` quote such a value.

## Units

Durations are \`500ms\`, \`30s\`, \`10m\`, \`2h\`, \`1d\`; a bare number is an error. \`off\` turns off what can be turned off.
Bytes are \`512K\`, \`64M\`, \`1G\` or a bare number of bytes; K, M and G are powers of 1024, and \`MB\`, \`MiB\` mean \`M\`.

## Caches

A cache's name is a lower-case letter, then at most 62 of \`a-z 0-9 _ -\`. Reserved, as requests use these words:
${RESERVED_NAMES.map((name) => `\`${name}\``).join(' ')}.

There is always a cache called \`default\`, whether configured or not: keys that name no cache belong to it.
A cache without a loader holds what the app puts there; a cache with one fetches what is missing. A loader needs a
\`url\`; \`refresh_ahead\` and \`negative\` need a loader or the preset, \`refresh_ahead\` also needs \`refresh\`. \`ttl\` is not less than
\`refresh\`, \`soft_timeout\` is less than \`timeout\`, \`mode: replicated\` has no \`expiry\`, \`loader.ca\` needs an \`https:\` url and a file that can be read, and the caches' own \`memory\`
together is not more than the daemon's.

## The landscape

\`preset: cloudfoundry\` adds the caches \`org\` \`space\` \`application\` \`domain\` \`route\` \`process\` \`resolver\`,
loaded from a Cloud Foundry API. Each takes all that \`caches.<name>\` takes but a loader; these are their times where
nothing else is set, and writes to them are changes:

| caches | \`refresh\` | \`expiry\` | \`negative\` |
|---|---|---|---|
${timesOfPreset()}

\`cloudfoundry.api\` is found in VCAP_APPLICATION on Cloud Foundry itself. Credentials are exactly one of \`username\` and
\`password\`, \`client_id\` and \`client_secret\`, \`refresh_token\`. A proxy is taken from HTTPS_PROXY or HTTP_PROXY
(or the same in small letters), unless NO_PROXY names the API's host, a domain above it or \`*\`; \`proxy: off\` asks directly.

The API of these options is called \`default\`; each of \`cloudfoundry.apis\` has a name and options of its own, and takes
none from the first. In a target a name and an expression cannot stand for the same thing; one without either means all.
An expression matches whole names, in upper or lower case.

## The app's own memory

An app that keeps lists and objects in its own memory is told by \`notify\`: each instance's daemon POSTs there what it
applied, the body that came with the call or the event as JSON. So the URL is one on this machine, such as
\`http://127.0.0.1:8080/api/v1/refresh_all\`; it may have a query, and user and password.

## The fleet

\`fleet.listen\` answers outside the container and turns the fleet on. It needs \`fleet.token\` or \`fleet.operators\`, or
\`fleet.insecure: true\` written out, which cannot stand besides operators. Instances that should tell each other need
\`fleet.listen\`, \`fleet.token\` and one of:

| \`fleet.peers\` | for | what it needs besides |
|---|---|---|
| \`gorouter\` | Cloud Foundry, through its router | a route of its own to the port; VCAP_APPLICATION, else the daemon runs alone and says so |
| \`address\` | container networking, a StatefulSet | the own \`index\`, a number |
| \`dns\` | container networking, a headless Service | a name with one address per instance |
| \`list\` | instances that are known one by one | each URL once |

\`fleet.tls.cert\` and \`fleet.tls.key\` go together; these and \`fleet.tls.ca\` are files that can be read, and \`fleet.tls.ca\`
is for peers that are asked by \`https:\`. A user of \`fleet.operators\` without a password gets one that is made at start
and shown once, where there are no \`fleet.peers\`. With an unusable configuration the fleet stays closed.

To change the token, write the new one after the old one on all instances, then before it, then without the old one.

## An example

`;

/** Everything the file can say in this version, and the other ways to find peers as comments; a test loads it. */
export const EXAMPLE = `socket: /tmp/sidecache.sock        # what the app reads over
socket_mode: 0600                  # only the daemon's own user
http: 127.0.0.1:7070               # the same over loopback TCP, for curl
resp:                              # the socket speaks it, too
  listen: 127.0.0.1:6379           # and loopback TCP, for clients without Unix sockets
  password: \${RESP_PASSWORD}       # what AUTH takes there
  server: redis                    # as HELLO and INFO say it
  version: 7.4.0
  flushall: default                # the cache that FLUSHALL clears, or all
memory: 64M                        # everything held for others
max_value: 4M                      # larger values are refused
connections: 4096
drain: 8s                          # after SIGTERM clients are served this long
index: \${CF_INSTANCE_INDEX:-0}     # which instance this is
instance_id: \${CF_INSTANCE_GUID:-local}
on_bad_config: degrade             # answer 503 with the reason rather than exit
invalidate: { get: true }          # a plain GET may invalidate
log: { level: info, keys: false }  # keys as hashes
metrics:
  labels: { team: accounts }       # on every metric
notify:                            # the app's own objects in memory: it is told, on every instance
  url: http://127.0.0.1:8080/api/v1/refresh_all
  timeout: 1s                      # for its answer; then it is told again
caches:
  users:                           # fetched from a service, kept fresh
    refresh: 60s                   # older: served at once, reloaded behind the reader
    refresh_ahead: true            # what is read is reloaded without waiting for a reader
    ttl: 1h                        # never served older than this
    expiry: 10m                    # not read for this long: dropped
    negative: 5s                   # "no such user" is remembered, too
    retry: 5s                      # after a failure the origin is left alone this long
    memory: 16M                    # its own, and no more
    notify: { url: "http://127.0.0.1:8080/users-changed" } # for this cache instead
    mode: invalidation             # a change here makes the other instances forget
    writes: change                 # a PUT tells that what others hold is wrong
    loader:
      url: "https://users.example.com/internal/users/{key}"
      timeout: 2500ms              # of a load, its tries included
      soft_timeout: 300ms          # then a waiting reader gets the old value, if there is one
      retries: 2
      concurrency: 32
      queue: 1024
      cache_control: honour        # the origin's own times win
      headers: { authorization: "Bearer \${USERS_TOKEN:-none}" }
      ca: /etc/ssl/certs/ca-certificates.crt
  prices:                          # several fetched by one request
    loader:
      url: "https://prices.example.com/prices?ids={keys}"
      batch_size: 100              # most keys in one request
      batch_window: 5ms            # how long the first of them waits for others
  pages:                           # look-aside: the app fetches and fills
    expiry: 1h
    writes: fill
fleet:
  listen: 0.0.0.0:7071             # what peers and operators reach
  token: ["\${FLEET_TOKEN}"]        # what instances know each other by; the first signs, all verify
  operators:                       # who may call from outside
    - { token: "\${OPERATOR_TOKEN}" }
    - { basic: "alice:\${ALICE_PASSWORD}" }
  allow: [invalidate, refresh, metrics, peers, discovery]
  open: [metrics, healthz]         # for everybody, without credentials
  insecure: false                  # true: listen without token and operators
  tls:
    cert: /etc/sidecache/cert.pem
    key: /etc/sidecache/key.pem
    ca: /etc/sidecache/ca.pem      # trusted besides the usual ones
  sync: 5s                         # who did not confirm is told again this often
  peers:                           # one of
    address: "https://{index}.my-app.apps.internal:7071"
    # gorouter: https://my-app-cache.example.com
    # dns: my-app.apps.internal:7071
    # list: [https://10.0.0.1:7071, https://10.0.0.2:7071]
preset: cloudfoundry               # the caches org, space, application, domain, route, process, resolver
cloudfoundry:
  api: https://api.example.com     # VCAP_APPLICATION names it, too
  username: watcher                # one of these three ways
  password: "\${CF_PASSWORD}"
  # client_id: watcher
  # client_secret: "\${CF_CLIENT_SECRET}"
  # refresh_token: "\${CF_REFRESH_TOKEN}"
  ca: /etc/ssl/certs/ca-certificates.crt
  verify_tls: true
  proxy: http://proxy.example.com:3128
  timeout: 2500ms                  # of one try
  tries: 3
  rate: 10                         # requests a second
  concurrency: 8
  page_size: 200
  batch_size: 100                  # guids in one request
  batch_window: 20ms               # how long the first of them waits for others
  own: true                        # whether this app's own instances are in /discovery
  apis:                            # further ones
    - { name: eu, api: "https://api.eu.example.com", client_id: watcher, client_secret: "\${CF_EU_SECRET}" }
  targets:                         # what /discovery lists
    - { orgName: my-org, spaceName: production }
    - name: shops
      api: eu
      orgRegex: shop-.*
      path: /actuator/prometheus
      preferredRouteRegex: ['.*\\.internal\\.example\\.com']
`;

/** What the example takes from its environment. */
export const EXAMPLE_ENV = {
  RESP_PASSWORD: 'r'.repeat(32),
  FLEET_TOKEN: 'f'.repeat(32),
  OPERATOR_TOKEN: 'o'.repeat(32),
  ALICE_PASSWORD: 'p'.repeat(32),
  CF_PASSWORD: 'c'.repeat(32),
  CF_EU_SECRET: 'e'.repeat(32),
};

export function configurationDocs(): string {
  const groups = [...new Set(OPTIONS.map((option) => option.group))];
  const tables = groups.map((group) =>
    table(
      group,
      OPTIONS.filter((option) => option.group === group),
    ),
  );
  return `${INTRO}\`\`\`yaml\n${EXAMPLE}\`\`\`\n\n${tables.join('\n')}`;
}

function table(group: string, options: readonly Option[]): string {
  const heading = `## ${group}\n\n| key | variable and flag | type | default | bounds | meaning |\n|---|---|---|---|---|---|\n`;
  return heading + options.map((option) => [row(option), ...fieldRows(option)].join('')).join('');
}

function row(option: Option): string {
  const flag = flagName(option);
  const cells = [
    `\`${option.path.replace('*', '<name>')}\``,
    `\`${envName(option)}\`${flag === undefined ? '; no flag: secret' : `<br>\`--${flag}\``}`,
    typeWords(option),
    defaultWords(option),
    bounds(option),
    `${option.later ? '**Not in this version.** ' : ''}${option.description}`,
  ];
  return line(cells);
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function bounds({ min, max }: Field): string {
  return min === undefined ? '' : `${min} to ${max}`;
}

/** What each record of a list may hold, below the list. */
function fieldRows({ path, fields = [] }: Option): string[] {
  return fields.map((field) =>
    line([
      `\`${path}[].${field.path}\``,
      field.secret ? 'secret' : '',
      typeWords(field),
      defaultWords(field),
      bounds(field),
      field.description,
    ]),
  );
}

function typeWords(option: Field): string {
  const choices = option.choices === undefined ? undefined : codes(option.choices);
  const words =
    option.type === 'list' && choices ? `list of ${choices}` : (choices ?? TYPE_WORDS[option.type]);
  const besides = option.off ? ' or `off`' : option.single ? ' or one text' : '';
  return `${words}${besides}`;
}

function defaultWords(option: Field): string {
  if (option.required) return 'needed';
  if (option.default === undefined) return option.computed ?? 'none';
  return option.type === 'list' ? codes(option.default.split(', ')) : codes([option.default]);
}

function codes(texts: readonly string[]): string {
  return texts.map((text) => `\`${text}\``).join(', ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCS_FILE, configurationDocs());
