// Rows of the option table: the listener that peers and operators reach, and where peers are found.

import { parseAddress } from './address.ts';
import { OPEN_PATHS, PERMISSIONS } from './config.ts';
import { baseUrlProblem, indexedUrlProblem } from './http-url.ts';
import { OPERATOR_FIELDS, OPERATORS_ALLOWED } from './operators.ts';
import type { Option } from './option.ts';
import { TOKEN_ALLOWED, tokenProblem } from './token.ts';

const BASE_URL = 'an http or https URL without user, password and query';
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/;

type FleetRow = Omit<Option, 'group'>;

const LISTENER: readonly FleetRow[] = [
  {
    path: 'fleet.listen',
    type: 'address',
    anyHost: true,
    problemOf: listenProblem,
    allowed: 'a host:port such as 0.0.0.0:7071 or [::]:7071',
    off: true,
    default: 'off',
    description:
      'What peers and operators reach from outside: 0.0.0.0 is every address of this machine, port 0 any free one. Needs `fleet.token` or `fleet.operators`. The fleet as a whole is off without it.',
  },
  {
    path: 'fleet.token',
    type: 'list',
    problemOf: tokenProblem,
    allowed: `tokens, each of ${TOKEN_ALLOWED}`,
    secret: true,
    description:
      "The instances' shared secret, one or a list, each of 16 bytes or more: the first signs what is sent to peers, all verify, so that a new one can be brought in before the old one goes. Without `fleet.operators` an operator may send it as Bearer token.",
  },
  {
    path: 'fleet.operators',
    type: 'records',
    each: 'operator',
    fields: OPERATOR_FIELDS,
    allowed: OPERATORS_ALLOWED,
    secret: true,
    description:
      'Who may call from outside: `{ token: … }` is a Bearer token of 16 bytes or more, `{ basic: "user:password" }` is Basic authentication. A user without a password gets one that is made at start, only where there are no `fleet.peers`. As a variable: a JSON array.',
  },
  {
    path: 'fleet.allow',
    type: 'list',
    choices: PERMISSIONS,
    default: 'invalidate, refresh, metrics, peers, discovery',
    description:
      'What operators may do. To read values or the stream of events is never allowed unless written here.',
  },
  {
    path: 'fleet.open',
    type: 'list',
    choices: OPEN_PATHS,
    description: 'Answered to everybody, without credentials.',
  },
  {
    path: 'fleet.insecure',
    type: 'boolean',
    default: 'false',
    description:
      'Whoever reaches the listener is an operator, without credentials. It then needs neither `fleet.token` nor `fleet.operators`; peers still need the token.',
  },
];

const TLS: readonly FleetRow[] = [
  {
    path: 'fleet.tls.cert',
    type: 'path',
    description: 'Certificate of the listener and what leads to it, a PEM file; it then speaks TLS only.',
  },
  { path: 'fleet.tls.key', type: 'path', description: "The certificate's key, a PEM file." },
  {
    path: 'fleet.tls.ca',
    type: 'path',
    description: 'Further certificates to trust where peers are reached by TLS, a PEM file.',
  },
];

const PEERS: readonly FleetRow[] = [
  {
    path: 'fleet.sync',
    type: 'duration',
    default: '5s',
    min: '100ms',
    max: '1h',
    description: 'How often a peer that did not confirm is told again, and peers compare what they applied.',
  },
  {
    path: 'fleet.peers.gorouter',
    type: 'url',
    problemOf: baseUrlProblem,
    allowed: `${BASE_URL}, the app's own route to the daemon`,
    description:
      "Cloud Foundry: the app's own route that leads to the port of `fleet.listen`. Each instance is asked by its index through the router. Without VCAP_APPLICATION the daemon runs alone.",
  },
  {
    path: 'fleet.peers.address',
    type: 'url',
    problemOf: indexedUrlProblem,
    allowed: `${BASE_URL}, with {index} in host, port or path`,
    description:
      'One URL per index, `{index}` in its host, port or path: container networking, a StatefulSet, ports of one machine.',
  },
  {
    path: 'fleet.peers.dns',
    type: 'address',
    anyHost: true,
    problemOf: nameProblem,
    allowed: 'a name and a port such as my-app.apps.internal:7071',
    description:
      'A name and a port: every address (A record) of the name is a peer, asked by HTTP, or by HTTPS where `fleet.tls` is set.',
  },
  {
    path: 'fleet.peers.list',
    type: 'list',
    problemOf: baseUrlProblem,
    allowed: `URLs of peers, each ${BASE_URL}`,
    description: 'The URLs of all instances, one by one; its own must be among them.',
  },
];

export const FLEET_OPTIONS: readonly Option[] = [...LISTENER, ...TLS, ...PEERS].map((row) => ({
  ...row,
  group: 'Fleet',
}));

/** `*` would be looked up as a name, and not be found. */
function listenProblem(text: string): string | undefined {
  const host = parseAddress(text)?.host ?? '';
  return host.includes(':') || HOST_NAME.test(host) ? undefined : 'has no host to listen at';
}

function nameProblem(text: string): string | undefined {
  const { host, port } = parseAddress(text) ?? { host: '', port: 0 };
  if (port === 0) return 'has no port that peers could be asked at';
  if (/^[\d.]+$/.test(host) || !HOST_NAME.test(host)) return 'has no name to look up';
  return undefined;
}
