// Rows of the option table: decided, but not in this version. They are listed so that nobody thinks them ignored.

import type { Option } from './option.ts';

type LaterRow = Omit<Option, 'group' | 'later'>;

const CACHE: readonly LaterRow[] = [
  {
    path: 'caches.*.partition',
    type: 'choice',
    choices: ['serve', 'load', 'refuse'],
    default: 'serve',
    description: 'What an instance cut off from its peers does with this cache.',
  },
  {
    path: 'caches.*.fill',
    type: 'choice',
    choices: ['local', 'owner'],
    default: 'local',
    description: 'Who asks the origin: each instance for itself, or one owner per key for the fleet.',
  },
  {
    path: 'caches.*.notify.url',
    type: 'url',
    description: 'Own app is told what was applied to this cache.',
  },
];

const DAEMON: readonly LaterRow[] = [
  {
    path: 'preset',
    type: 'choice',
    choices: ['landscape'],
    description: 'A ready-made set of caches and loaders.',
  },
  {
    path: 'notify.url',
    type: 'url',
    description: 'Own app is told what was applied, on every instance.',
  },
  {
    path: 'resp.listen',
    type: 'address',
    off: true,
    default: 'off',
    description: 'RESP over loopback TCP, besides the socket.',
  },
  { path: 'resp.password', type: 'text', secret: true, description: 'What AUTH takes over TCP.' },
  { path: 'resp.server', type: 'text', default: 'redis', description: 'The server name HELLO and INFO say.' },
  { path: 'resp.version', type: 'text', default: '7.4.0', description: 'The version HELLO and INFO say.' },
  {
    path: 'resp.flushall',
    type: 'choice',
    choices: ['default', 'all'],
    default: 'default',
    description: 'Which caches FLUSHALL and FLUSHDB clear.',
  },
];

const FLEET: readonly LaterRow[] = [
  {
    path: 'fleet.listen',
    type: 'address',
    off: true,
    default: 'off',
    description: 'What peers and operators reach.',
  },
  {
    path: 'fleet.token',
    type: 'list',
    secret: true,
    description:
      "Peers' shared secret, one or a list, each of 16 bytes or more; the first signs, all verify.",
  },
  {
    path: 'fleet.identity',
    type: 'choice',
    choices: ['cloudfoundry'],
    description: 'Instance identity certificates instead of a token.',
  },
  {
    path: 'fleet.apps',
    type: 'list',
    description: 'Guids of other apps whose instances count as peers.',
  },
  { path: 'fleet.operators', type: 'list', secret: true, description: 'Who may call from outside.' },
  {
    path: 'fleet.allow',
    type: 'list',
    default: 'invalidate, refresh, metrics, peers, discovery',
    description: 'What operators may do; `values` and `events` must be added by hand.',
  },
  {
    path: 'fleet.open',
    type: 'list',
    description: 'Answered without credentials: any of metrics, healthz, readyz.',
  },
  {
    path: 'fleet.insecure',
    type: 'boolean',
    default: 'false',
    description: 'Listen without token, operators or identity.',
  },
  { path: 'fleet.tls.cert', type: 'path', description: 'Certificate of the listener, a PEM file.' },
  { path: 'fleet.tls.key', type: 'path', description: "The certificate's key, a PEM file." },
  {
    path: 'fleet.sync',
    type: 'duration',
    default: '5s',
    min: '100ms',
    max: '1h',
    description: 'How often peers compare what they applied.',
  },
  { path: 'fleet.peers.gorouter', type: 'url', description: "Peers through the router, by the app's route." },
  { path: 'fleet.peers.address', type: 'url', description: 'One address per index, with `{index}`.' },
  { path: 'fleet.peers.dns', type: 'address', description: 'Every A record of a name is a peer.' },
  { path: 'fleet.peers.list', type: 'list', description: 'The peers, one by one.' },
];

export const LATER_OPTIONS: readonly Option[] = [
  ...CACHE.map((row): Option => ({ ...row, group: 'A cache', later: true })),
  ...DAEMON.map((row): Option => ({ ...row, group: 'Daemon', later: true })),
  ...FLEET.map((row): Option => ({ ...row, group: 'Fleet', later: true })),
];
