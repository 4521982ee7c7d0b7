// The caches of a configuration, with the store below them and the loaders beside them.

import type { CacheChange } from './cache/cache.ts';
import { Caches } from './cache/caches.ts';
import type { CacheConfig, Config, LoaderConfig } from './config/config.ts';
import { unpredictableBytes } from './entropy.ts';
import { ConfigError } from './errors.ts';
import { createHttpLoader } from './load/http.ts';
import { loadsAtOnce } from './load/settings.ts';
import { LoadLog } from './load-log.ts';
import { describeDefect, type Log } from './log.ts';
import type { PresetCache } from './run-landscape.ts';
import { type HashSeed, hashBytes } from './store/hash.ts';
import { Store } from './store/store.ts';
import { systemClock } from './system-clock.ts';
import { approximateBytes } from './units/bytes.ts';
import { encodePercent } from './units/percent.ts';

/** Of what is left for replicated caches with no `memory` of their own: nothing is evicted for what peers and clients send. */
const MOST_FOR_REPLICATED = 0.75;

/** Who is told of each change of a cache, right after it. */
export interface ChangeListener {
  changed(cache: string, change: CacheChange): void;
  /** Whether it would do anything about a fill. */
  isHeeding(): boolean;
}

/** `presets`: the caches that the landscape loads. Throws ConfigError where the system has not so much memory to give. */
export function buildCaches(
  config: Config,
  log: Log,
  presets: ReadonlyMap<string, PresetCache> = new Map(),
  listener: ChangeListener = { changed: () => {}, isHeeding: () => false },
): Caches {
  const entropy = unpredictableBytes(8);
  const seed: HashSeed = [entropy.readInt32LE(0), entropy.readInt32LE(4)];
  const store = storeOf(config, seed);
  const caches = new Caches(store, systemClock, Math.random);
  const nameKey = config.log.keys ? encodePercent : (key: Buffer): string => hashed(key, seed);
  const shareBytes = shareOf(config);
  for (const cache of config.caches) {
    const loadLog = new LoadLog({
      log,
      cache: cache.name,
      now: systemClock.now,
      nameKey,
      isSaidElsewhere: cache.preset,
    });
    const defect = (error: unknown): void => log.error('a defect was survived', describeDefect(error));
    const loading = cache.preset ? presets.get(cache.name) : httpLoading(cache.loader, config.maxValueBytes);
    addCache(caches, cache, shareBytes(cache), loading, loadLog, defect, listener);
  }
  return caches;
}

/** All that the store may ever need is asked for now. */
function storeOf({ memoryBytes, maxValueBytes }: Config, seed: HashSeed): Store {
  try {
    return new Store({ memoryBytes, maxValueBytes, seed });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const problem = `memory: the system does not reserve ${approximateBytes(memoryBytes)}, and twice that for what is known of entries`;
    throw new ConfigError([`${problem}; set less, or let the process have more (ulimit -v)`], { cause });
  }
}

/** The most bytes of a cache; undefined: as many as there are. */
function shareOf({ caches, memoryBytes }: Config): (cache: CacheConfig) => number | undefined {
  const copied = caches.filter(({ mode }) => mode === 'replicated');
  const sharing = copied.filter((cache) => cache.memoryBytes === undefined);
  const leftBytes = copied.reduce((bytes, cache) => bytes - (cache.memoryBytes ?? 0), memoryBytes);
  const shareBytes = Math.floor((MOST_FOR_REPLICATED * leftBytes) / sharing.length);
  return (cache) => (sharing.includes(cache) ? shareBytes : cache.memoryBytes);
}

type Loading = Pick<PresetCache, 'loader' | 'settings'> & Partial<PresetCache>;

/** A key that the log must not show: the same in all lines of one life of the daemon, and told to nobody else. */
function hashed(key: Buffer, seed: HashSeed): string {
  return (hashBytes(key, 0, key.length, seed, -1) >>> 0).toString(16).padStart(8, '0');
}

function addCache(
  caches: Caches,
  config: CacheConfig,
  shareBytes: number | undefined,
  loading: Loading | undefined,
  loadLog: LoadLog,
  defect: (error: unknown) => void,
  listener: ChangeListener,
): void {
  caches.add({
    name: config.name,
    times: config,
    shareBytes,
    evictable: config.mode !== 'replicated',
    loading,
    foldKey: loading?.foldKey,
    changed: (change) => {
      loading?.changed?.(change);
      listener.changed(config.name, change);
    },
    isHeeded: () => loading?.changed !== undefined || listener.isHeeding(),
    unstorable: (why) => loadLog.unstorable(why),
    loadFailed: (error, key, inARow) => loadLog.failed(error, key, inARow),
    loadRecovered: (afterFailures) => loadLog.recovered(afterFailures),
    defect,
  });
}

function httpLoading(config: LoaderConfig | undefined, maxValueBytes: number): Loading | undefined {
  if (!config) return undefined;
  const deps = { maxValueBytes, clock: systemClock, now: systemClock.now, random: Math.random, delay };
  return {
    loader: createHttpLoader(config, deps),
    settings: { ...config, concurrency: loadsAtOnce(config) },
  };
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
