// Rows of the option table: which of the app's own URLs is told what was applied here.

import { appUrlProblem } from './http-url.ts';
import type { Option } from './option.ts';

const NOTIFY = 'Notify';

const APP_URL = {
  type: 'url',
  problemOf: appUrlProblem,
  allowed: "the app's own http or https URL such as http://127.0.0.1:8080/api/v1/refresh_all",
} as const;

export const NOTIFY_OPTIONS: readonly Option[] = [
  {
    path: 'notify.url',
    group: NOTIFY,
    ...APP_URL,
    description:
      "The app's own URL, on this machine, that each instance's daemon POSTs to when it applied an invalidation or a refresh. The instance counts as applied once the app answered 2xx.",
  },
  {
    path: 'notify.timeout',
    group: NOTIFY,
    type: 'duration',
    default: '1s',
    min: '10ms',
    max: '60s',
    description: 'How long the app may take to answer one such call, of whichever cache; then it is retried.',
  },
  {
    path: 'caches.*.notify.url',
    group: NOTIFY,
    ...APP_URL,
    description: "Told instead of the daemon's `notify.url` what was applied to this cache.",
  },
];
