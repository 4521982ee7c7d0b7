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
];

const FLEET: readonly LaterRow[] = [
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
];

export const LATER_OPTIONS: readonly Option[] = [
  ...CACHE.map((row): Option => ({ ...row, group: 'A cache', later: true })),
  ...FLEET.map((row): Option => ({ ...row, group: 'Fleet', later: true })),
];
