// The version this program says it is: the bundler writes it in; from sources there is none.

declare const SIDECACHE_VERSION: string | undefined;

export const VERSION: string =
  typeof SIDECACHE_VERSION === 'string' && SIDECACHE_VERSION !== '' ? SIDECACHE_VERSION : '0.0.0-dev';
