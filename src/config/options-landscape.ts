// Rows of the option table: the caches of a Cloud Foundry landscape, the APIs they are loaded from, and targets.

import { API_FIELDS, FURTHER_API_FIELDS } from './api-fields.ts';
import type { Field, Option } from './option.ts';
import { PRESETS } from './preset.ts';
import { TARGET_FIELDS } from './target-fields.ts';

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
    fields: FURTHER_API_FIELDS,
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
