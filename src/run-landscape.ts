// The landscape of a configuration: the APIs, what loads the preset's caches from them, and discovery. Loaded only where
// there is a preset: what it needs costs memory.

import type { CacheChange } from './cache/cache.ts';
import type { Caches } from './cache/caches.ts';
import type { Loader } from './cache/loader.ts';
import type { LoadSettings } from './cache/loads.ts';
import { type ApiDeps, createCloudController } from './cloud-controller/client.ts';
import type { CloudController } from './cloud-controller/cloud-controller.ts';
import type { LandscapeConfig } from './config/config.ts';
import { Derived } from './landscape/derived.ts';
import { Directory } from './landscape/directory.ts';
import { Discovery } from './landscape/discovery.ts';
import { foldKey, LANDSCAPE_CACHES, type LandscapeCache } from './landscape/keys.ts';
import { landscapeLoader } from './landscape/loaders.ts';
import { Reading } from './landscape/reading.ts';

/** What a cache of the preset has that others have not. */
export interface PresetCache {
  readonly loader: Loader;
  readonly settings: LoadSettings;
  readonly foldKey: ((bytes: Uint8Array, start: number, end: number) => void) | undefined;
  readonly changed: (change: CacheChange) => void;
}

export interface Landscape {
  /** By name of the cache. */
  readonly presets: ReadonlyMap<string, PresetCache>;
  readonly apis: readonly CloudController[];
  /** To be called once, when the caches are there. */
  attach(caches: Caches): Discovery;
  close(): void;
}

/** Of the memory, what documents of a request's own targets may hold. */
const FOR_DOCUMENTS = 1 / 8;

/** Of a batching loader: as many as batches are made of, with those that wait. */
const SETTINGS: LoadSettings = { softTimeoutMs: undefined, concurrency: 4096, queue: 16_384 };

/** Throws ConfigError. */
export function openLandscape(config: LandscapeConfig, deps: ApiDeps): Landscape {
  const { clock, log, passed = () => {} } = deps;
  const apis = config.apis.map((settings) => createCloudController(settings, deps));
  const reading = new Reading(clock);
  const derived = new Derived(apis[0]!.name);
  const directories = new Map(apis.map((api) => [api.name, new Directory(api, config.batch, clock)]));
  const parts = { directories, reading, targets: config.targets, passed };
  let discovery: Discovery | undefined;
  const preset = (name: LandscapeCache): PresetCache => ({
    loader: landscapeLoader(name, parts),
    settings: SETTINGS,
    // In what a target says, the case of letters counts.
    foldKey: name === 'resolver' ? undefined : foldKey,
    changed: (change) => derived.changed(name, change),
  });
  return {
    presets: new Map(LANDSCAPE_CACHES.map((name) => [name, preset(name)])),
    apis,
    attach: (caches) => {
      reading.attach(caches);
      derived.attach(caches);
      discovery = new Discovery({
        caches,
        clock,
        log,
        changes: () => derived.changes,
        apis: apis.map(({ name }) => name),
        leftOut: config.ownFleet ? undefined : config.ownAppGuid,
        room: caches.store.budget,
        mostHeldBytes: caches.store.budget.limitBytes * FOR_DOCUMENTS,
        targets: config.targets,
      });
      return discovery;
    },
    close: () => {
      discovery?.close();
      for (const directory of directories.values()) directory.close();
    },
  };
}
