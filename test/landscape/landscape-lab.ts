// A landscape before a fake cloud: the preset's caches with their loaders, resolver and discovery, on a clock that the
// test may move.

import { type Asked, ask } from '../../src/cache/ask.ts';
import type { Cache } from '../../src/cache/cache.ts';
import { Caches } from '../../src/cache/caches.ts';
import type { Clock } from '../../src/cache/clock.ts';
import type { Times } from '../../src/cache/freshness.ts';
import type { ApiSettings } from '../../src/cloud-controller/settings.ts';
import type { Discovery } from '../../src/landscape/discovery.ts';
import { LANDSCAPE_CACHES, type LandscapeCache } from '../../src/landscape/keys.ts';
import type { Parameter } from '../../src/landscape/parameters.ts';
import type { Target } from '../../src/landscape/target.ts';
import { parseTarget } from '../../src/landscape/target-form.ts';
import { Log } from '../../src/log.ts';
import { type Landscape, openLandscape } from '../../src/run-landscape.ts';
import { Store } from '../../src/store/store.ts';
import { systemClock } from '../../src/system-clock.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { seededRandom } from '../store/seeded-random.ts';

export interface LabOptions {
  clouds?: readonly FakeCloud[];
  targets?: readonly (Readonly<Record<string, string>> & { name?: string })[];
  api?: Partial<ApiSettings>;
  batchSize?: number;
  clock?: Clock;
  memoryBytes?: number;
  ownFleet?: boolean;
  ownAppGuid?: string;
}

export const BATCH_WINDOW_MS = 20;

/** Row 70. */
const REFRESH_S: Readonly<Record<LandscapeCache, number>> = {
  ...{ org: 3600, space: 3600, domain: 3600 },
  ...{ application: 300, route: 300, process: 300, resolver: 300 },
};

export interface Entry {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export class LandscapeLab {
  readonly clouds: readonly FakeCloud[];
  readonly caches: Caches;
  readonly landscape: Landscape;
  readonly discovery: Discovery;
  readonly log: string[] = [];
  readonly #clock: Clock;

  private constructor(clouds: readonly FakeCloud[], options: LabOptions) {
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.clouds = clouds;
    const targets = (options.targets ?? []).map(({ name, ...parameters }, i) =>
      targetOf(parameters, name ?? `target-${i + 1}`),
    );
    this.landscape = openLandscape(
      {
        apis: clouds.map((cloud, i) => ({ ...settingsOf(cloud, i), ...options.api })),
        targets,
        batch: { size: options.batchSize ?? 100, windowMs: BATCH_WINDOW_MS },
        ownFleet: options.ownFleet ?? true,
        ownAppGuid: options.ownAppGuid,
      },
      { clock, random: seededRandom(7), log: new Log((line) => this.log.push(line), 'debug') },
    );
    const memoryBytes = options.memoryBytes ?? 32 << 20;
    const store = new Store({ memoryBytes, maxValueBytes: memoryBytes / 8, seed: [1, 2] });
    this.caches = new Caches(store, clock, seededRandom(9));
    for (const name of LANDSCAPE_CACHES) {
      const { loader, settings, foldKey, changed } = this.landscape.presets.get(name)!;
      this.caches.add({
        name,
        times: timesOf(name),
        shareBytes: undefined,
        evictable: true,
        loading: { loader, settings },
        unstorable: () => {},
        foldKey,
        changed,
      });
    }
    this.discovery = this.landscape.attach(this.caches);
  }

  static async start(options: LabOptions = {}): Promise<LandscapeLab> {
    return new LandscapeLab(options.clouds ?? [await FakeCloud.start()], options);
  }

  get cloud(): FakeCloud {
    return this.clouds[0]!;
  }

  cache(name: LandscapeCache): Cache {
    return this.caches.get(name)!;
  }

  ask(name: LandscapeCache, key: string): Promise<Asked> {
    return this.#moving(Promise.resolve(ask(this.cache(name), Buffer.from(key), this.#clock.now(), 'any')));
  }

  // biome-ignore lint/suspicious/noExplicitAny: what it says is asserted on
  async read(name: LandscapeCache, key: string): Promise<any> {
    const asked = await this.ask(name, key);
    if (asked.kind === 'error') throw asked.error;
    return asked.kind === 'value' ? JSON.parse(asked.text) : undefined;
  }

  async discover(
    parameters: readonly Parameter[] = [],
  ): Promise<{ entries: Entry[]; missing: readonly string[] }> {
    const { value, missing } = await this.#moving(this.discovery.answer(parameters));
    try {
      const bytes = Buffer.alloc(value.length);
      value.copy(0, bytes, 0, bytes.length);
      return { entries: JSON.parse(bytes.toString()), missing };
    } finally {
      value.release();
    }
  }

  forget(...names: LandscapeCache[]): void {
    this.caches.apply(
      'invalidate',
      { caches: names.map((name) => this.cache(name)), keys: [], tags: [], prefixes: [] },
      'local',
    );
  }

  /** Resolves when no load is under way. */
  async idle(): Promise<void> {
    while (this.caches.all.some(({ loads }) => loads!.gate.running + loads!.gate.queued > 0)) {
      await this.#turn();
    }
  }

  /** On a clock that stands still, the windows of batches pass while something is waited for, and nothing else does. */
  async #moving<Result>(waitedFor: Promise<Result>): Promise<Result> {
    let waiting = true;
    const ended = (): void => {
      waiting = false;
    };
    waitedFor.then(ended, ended);
    while (waiting) await this.#turn();
    return await waitedFor;
  }

  async #turn(): Promise<void> {
    const clock = this.#clock;
    if (clock instanceof FakeClock && clock.nextTimerInMs <= BATCH_WINDOW_MS) {
      clock.advance(clock.nextTimerInMs);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    this.caches.close();
    this.landscape.close();
    for (const cloud of this.clouds) await cloud.close();
  }
}

export async function inLab(options: LabOptions, run: (lab: LandscapeLab) => Promise<void>): Promise<void> {
  const lab = await LandscapeLab.start(options);
  try {
    await run(lab);
  } finally {
    await lab.close();
  }
}

function settingsOf(cloud: FakeCloud, place: number): ApiSettings {
  const [username, password] = [...cloud.uaa.users][0]!;
  return {
    name: place === 0 ? 'default' : `api-${place + 1}`,
    url: cloud.url,
    credentials: { grant: 'password', username, password },
    caFile: undefined,
    verifyTls: true,
    proxyUrl: undefined,
    timeoutMs: 2500,
    tries: 3,
    requestsPerSecond: undefined,
    concurrency: 8,
    pageSize: 200,
  };
}

function targetOf(parameters: Readonly<Record<string, string>>, name: string): Target {
  return parseTarget(Object.entries(parameters), name);
}

function timesOf(name: LandscapeCache): Times {
  return {
    refreshMs: REFRESH_S[name] * 1000,
    refreshAhead: false,
    expiryMs: name === 'domain' ? 300_000 : 120_000,
    ttlMs: undefined,
    negativeMs: 30_000,
    retryMs: 5000,
  };
}
