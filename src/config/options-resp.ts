// Rows of the option table: RESP, which the socket speaks beside HTTP.

import type { Option } from './option.ts';

const GROUP = 'RESP';

export const RESP_OPTIONS: readonly Option[] = [
  {
    path: 'resp.listen',
    group: GROUP,
    type: 'address',
    off: true,
    default: 'off',
    description: 'RESP over loopback TCP, besides the socket; port 0 takes any free one.',
  },
  {
    path: 'resp.password',
    group: GROUP,
    type: 'text',
    secret: true,
    pattern: /^[\x21-\x7e]{1,512}$/,
    allowed: '1 to 512 printable characters without spaces',
    description: 'What AUTH takes over TCP; over the socket nobody needs it.',
  },
  {
    path: 'resp.server',
    group: GROUP,
    type: 'text',
    default: 'redis',
    pattern: /^[a-z][a-z0-9_-]{0,31}$/,
    allowed: '1 to 32 small letters, digits, dashes and underscores',
    description: 'The server name that HELLO says. Some clients keep a near cache only with `redis`.',
  },
  {
    path: 'resp.version',
    group: GROUP,
    type: 'text',
    default: '7.4.0',
    pattern: /^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/,
    allowed: 'three numbers such as 7.4.0',
    description: 'The version that HELLO and INFO say; some clients keep a near cache from 7.4 on.',
  },
  {
    path: 'resp.flushall',
    group: GROUP,
    type: 'choice',
    choices: ['default', 'all'],
    default: 'default',
    description: 'Which caches FLUSHALL and FLUSHDB clear.',
  },
];
