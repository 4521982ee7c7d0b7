// An API's client as the daemon would make it, with the real time unless a test brings its own, and a log that is kept.

import { type ApiDeps, createCloudController } from '../../src/cloud-controller/client.ts';
import type { CloudController } from '../../src/cloud-controller/cloud-controller.ts';
import type { ApiSettings } from '../../src/cloud-controller/settings.ts';
import { LoadError } from '../../src/errors.ts';
import { Log } from '../../src/log.ts';
import { systemClock } from '../../src/system-clock.ts';

export const PASSWORD = 'secret-of-admin';

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface ApiLab {
  readonly api: CloudController;
  /** What was logged, oldest first. */
  readonly lines: Line[];
}

/** Signed in as the user that a FakeCloud knows. */
export function apiFor(
  url: string,
  settings: Partial<ApiSettings> = {},
  deps: Partial<ApiDeps> = {},
): ApiLab {
  const lines: Line[] = [];
  const log = new Log((line) => void lines.push(JSON.parse(line) as Line), 'debug');
  const api = createCloudController(
    {
      name: 'default',
      url,
      credentials: { grant: 'password', username: 'admin', password: PASSWORD },
      caFile: undefined,
      verifyTls: true,
      proxyUrl: undefined,
      timeoutMs: 2500,
      tries: 3,
      requestsPerSecond: undefined,
      concurrency: 10,
      pageSize: 100,
      ...settings,
    },
    { clock: systemClock, random: () => 0.5, log, ...deps },
  );
  return { api, lines };
}

export const never = new AbortController().signal;

export async function failureOf(asked: Promise<unknown>): Promise<LoadError> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
