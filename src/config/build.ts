// Effective values → the frozen Config that the daemon is made from.

import { buildFleet } from './build-fleet.ts';
import { buildLandscape } from './build-landscape.ts';
import type { CacheConfig, Config, LoaderConfig, NotifyConfig } from './config.ts';
import type { Draft } from './draft.ts';
import type { Values } from './values.ts';

export function buildConfig({ values, caches, loaders, preset, application }: Draft): Config {
  return freeze({
    socket: values.text('socket'),
    socketMode: values.number('socket_mode'),
    http: values.address('http'),
    resp: {
      listen: values.address('resp.listen'),
      password: values.optionalText('resp.password'),
      server: values.text('resp.server'),
      version: values.text('resp.version'),
      flushall: values.choice('resp.flushall', ['default', 'all']),
    },
    memoryBytes: values.number('memory'),
    maxValueBytes: values.number('max_value'),
    maxConnections: values.number('connections'),
    drainMs: values.number('drain'),
    index: values.text('index'),
    instanceId: values.optionalText('instance_id'),
    onBadConfig: values.choice('on_bad_config', ['exit', 'degrade']),
    invalidate: { get: values.flag('invalidate.get') },
    log: {
      level: values.choice('log.level', ['debug', 'info', 'warn', 'error']),
      keys: values.flag('log.keys'),
    },
    metrics: { labels: values.texts('metrics.labels') },
    caches: caches.map((name) => ({
      ...buildCache(values, name, loaders.has(name)),
      preset: preset.has(name),
    })),
    notify: buildNotify(values, 'notify.url'),
    fleet: buildFleet(values, application),
    landscape: preset.size === 0 ? undefined : buildLandscape(values, application),
  });
}

function buildCache(values: Values, name: string, hasLoader: boolean): Omit<CacheConfig, 'preset'> {
  const at = (key: string): string => `caches.${name}.${key}`;
  return {
    name,
    refreshMs: values.optionalNumber(at('refresh')),
    refreshAhead: values.flag(at('refresh_ahead')),
    expiryMs: values.optionalNumber(at('expiry')),
    ttlMs: values.optionalNumber(at('ttl')),
    negativeMs: values.optionalNumber(at('negative')),
    retryMs: values.number(at('retry')),
    memoryBytes: values.optionalNumber(at('memory')),
    mode: values.choice(at('mode'), ['local', 'invalidation', 'replicated']),
    writes: values.choice(at('writes'), ['fill', 'change']),
    loader: hasLoader ? buildLoader(values, (key) => at(`loader.${key}`)) : undefined,
    notify: buildNotify(values, at('notify.url')) ?? buildNotify(values, 'notify.url'),
  };
}

function buildNotify(values: Values, path: string): NotifyConfig | undefined {
  const url = values.optionalText(path);
  return url === undefined ? undefined : { url, timeoutMs: values.number('notify.timeout') };
}

function buildLoader(values: Values, at: (key: string) => string): LoaderConfig {
  return {
    url: values.text(at('url')),
    timeoutMs: values.number(at('timeout')),
    softTimeoutMs: values.optionalNumber(at('soft_timeout')),
    retries: values.number(at('retries')),
    concurrency: values.number(at('concurrency')),
    queue: values.number(at('queue')),
    cacheControl: values.choice(at('cache_control'), ['honour', 'ignore']),
    headers: values.texts(at('headers')),
    caFile: values.optionalText(at('ca')),
    batchSize: values.number(at('batch_size')),
    batchWindowMs: values.number(at('batch_window')),
  };
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
