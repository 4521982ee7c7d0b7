// A claim about a loader and the origin in front of which it stands.

import type { RequestListener } from 'node:http';
import type { Test } from 'uvu';
import type { Loader } from '../../src/cache/loader.ts';
import type { LoaderConfig } from '../../src/config/config.ts';
import type { HttpLoaderDeps } from '../../src/load/http.ts';
import { loaderFor } from './loading.ts';
import { type Origin, startOrigin } from './origin.ts';

export interface Setting {
  origin: Origin;
  loader: Loader;
}

/** The origin answers by `handler`, the loader asks it for /v/{key}; both are closed whatever comes of it. */
export function claim(
  test: Test,
  name: string,
  handler: RequestListener,
  body: (setting: Setting) => Promise<void>,
  config: Partial<LoaderConfig> = {},
  deps: Partial<HttpLoaderDeps> = {},
): void {
  test(name, async () => {
    const origin = await startOrigin(handler);
    const loader = loaderFor(`${origin.url}/v/{key}`, config, deps);
    try {
      await body({ origin, loader });
    } finally {
      loader.close();
      await origin.close();
    }
  });
}
