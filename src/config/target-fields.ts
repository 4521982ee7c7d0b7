// What a target is, as rows: the keys that users of Promregator know.

import { EXPRESSION_ALLOWED, expressionProblem } from './expression.ts';
import type { Field } from './option.ts';
import { PLATFORM_NAME } from './platform-name.ts';

const EXPRESSION = {
  type: 'text',
  problemOf: expressionProblem,
  allowed: EXPRESSION_ALLOWED,
} as const;

export const TARGET_FIELDS: readonly Field[] = [
  {
    path: 'name',
    type: 'text',
    pattern: /^[A-Za-z0-9_.-]{1,63}$/,
    allowed: '1 to 63 letters, digits, dots, dashes and underscores',
    computed: '`target-1`, `target-2`, … by its place',
    description: 'What the target is called.',
  },
  { path: 'api', ...PLATFORM_NAME, computed: '`default`', description: 'Name of the API it is at.' },
  { path: 'orgName', ...PLATFORM_NAME, description: 'The org. Without a name and an expression: all.' },
  {
    path: 'orgRegex',
    ...EXPRESSION,
    description: 'All orgs whose whole name it matches, in upper or lower case.',
  },
  { path: 'spaceName', ...PLATFORM_NAME, description: 'The space. Without a name and an expression: all.' },
  {
    path: 'spaceRegex',
    ...EXPRESSION,
    description: 'All spaces whose whole name it matches, in upper or lower case.',
  },
  {
    path: 'applicationName',
    ...PLATFORM_NAME,
    description: 'The app. Without a name and an expression: all.',
  },
  {
    path: 'applicationRegex',
    ...EXPRESSION,
    description: 'All apps whose whole name it matches, in upper or lower case.',
  },
  {
    path: 'path',
    type: 'text',
    pattern: /^\/[^\s\p{Cc}#]{0,999}$/u,
    allowed: 'a path of at most 1000 characters that begins with /, without spaces and #',
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
    allowed: EXPRESSION_ALLOWED,
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
