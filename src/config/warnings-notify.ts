// What works and is probably not meant, of the URL that is told what was applied.

import { isLoopback } from './address.ts';
import type { Draft } from './draft.ts';
import type { Values } from './values.ts';

export function notifyWarnings({ values, caches }: Draft): string[] {
  const paths = ['notify.url', ...caches.map((name) => `caches.${name}.notify.url`)];
  return paths.flatMap((path) => {
    const url = values.optionalText(path);
    return url === undefined ? [] : urlWarnings(path, new URL(url), values);
  });
}

function urlWarnings(path: string, url: URL, values: Values): string[] {
  if (!isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
    return [
      `${path}: ${url.hostname} is not this machine; each instance's daemon tells its own app, which a route or a load balancer may not lead to`,
    ];
  }
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const own = ['http', 'fleet.listen'].find((listener) => values.address(listener)?.port === port);
  return own === undefined ? [] : [`${path}: port ${port} is this daemon's own, of ${own}, not the app's`];
}
