// Every app that is told what is applied here, and which caches it is told of: one notifier for each URL.

import type { Clock } from '../cache/clock.ts';
import type { Log } from '../log.ts';
import { AppLog } from './app-log.ts';
import { type AppUrl, parseAppUrl } from './app-url.ts';
import type { AppAnswer, AppChange } from './change.ts';
import { Notifier, type NotifyResult } from './notifier.ts';
import { createPoster, type Poster } from './post.ts';

export interface AppTarget {
  readonly url: string;
  /** Of one call, as a whole. */
  readonly timeoutMs: number;
}

export interface NotifiersParts {
  readonly clock: Clock;
  /** From 0 up to 1. */
  random(): number;
  readonly log: Log;
  /** What a resync says of itself in `Sidecache-Event`, so that a handler may call back then, too. */
  readonly resyncId: string;
  /** For what waits; false: there is no room. */
  charge(bytes: number): boolean;
  release(bytes: number): void;
  /** The network, unless a test has its own. */
  createPoster?(app: AppUrl, timeoutMs: number, clock: Clock, resyncId: string): Poster;
}

interface App {
  readonly name: string;
  readonly caches: ReadonlySet<string>;
  readonly notifier: Notifier;
  readonly poster: Poster;
}

export interface AppState {
  /** Its URL without secrets. */
  readonly app: string;
  readonly pending: number;
  readonly failing: Notifier['failing'];
}

export class Notifiers {
  readonly #apps: readonly App[];

  /** `targets`: by cache. Where caches name one URL with several time-outs, the longest holds. Throws TypeError for no URL. */
  constructor(targets: ReadonlyMap<string, AppTarget | undefined>, parts: NotifiersParts) {
    this.#apps = [...byUrl(targets)].map(([url, caches]) => createApp(url, caches, parts));
  }

  /** `applied` once every app concerned answered, `failed` if one did not; undefined where no app is to be told. */
  async tell(change: AppChange): Promise<AppAnswer | undefined> {
    return await together(
      this.#apps.flatMap(({ caches, notifier }) => {
        const own = change.caches.filter((cache) => caches.has(cache));
        return own.length === 0 ? [] : [notifier.tell({ ...change, caches: own })];
      }),
    );
  }

  /** Every app is to read everything anew. */
  async resync(): Promise<AppAnswer | undefined> {
    return await together(this.#apps.map(({ notifier }) => notifier.resync()));
  }

  get states(): AppState[] {
    return this.#apps.map(({ name, notifier }) => ({
      app: name,
      pending: notifier.pending,
      failing: notifier.failing,
    }));
  }

  /** Over all apps since the start. */
  get counts(): Record<NotifyResult, number> {
    const sum = { applied: 0, failed: 0, merged: 0, dropped: 0 };
    for (const { notifier } of this.#apps) {
      for (const result of RESULTS) sum[result] += notifier.counts[result];
    }
    return sum;
  }

  close(): void {
    for (const { notifier, poster } of this.#apps) {
      notifier.close();
      poster.close();
    }
  }
}

const RESULTS: readonly NotifyResult[] = ['applied', 'failed', 'merged', 'dropped'];

interface Share {
  readonly caches: Set<string>;
  timeoutMs: number;
}

function byUrl(targets: ReadonlyMap<string, AppTarget | undefined>): Map<string, Share> {
  const shares = new Map<string, Share>();
  for (const [cache, target] of targets) {
    if (target === undefined) continue;
    const share = shares.get(target.url) ?? { caches: new Set(), timeoutMs: 0 };
    share.caches.add(cache);
    share.timeoutMs = Math.max(share.timeoutMs, target.timeoutMs);
    shares.set(target.url, share);
  }
  return shares;
}

function createApp(url: string, { caches, timeoutMs }: Share, parts: NotifiersParts): App {
  const { clock, log } = parts;
  const app = parseAppUrl(url);
  const poster = (parts.createPoster ?? createPoster)(app, timeoutMs, clock, parts.resyncId);
  const appLog = new AppLog({ log, app: app.name, now: () => clock.now() });
  const notifier = new Notifier({
    clock,
    random: () => parts.random(),
    post: poster.post,
    charge: (bytes) => parts.charge(bytes),
    release: (bytes) => parts.release(bytes),
    failed: (why) => appLog.failed(why),
    recovered: (afterFailures) => appLog.recovered(afterFailures),
    looping: (told) => appLog.looping(told),
  });
  return { name: app.name, caches, notifier, poster };
}

async function together(answers: readonly Promise<AppAnswer>[]): Promise<AppAnswer | undefined> {
  const all = await Promise.all(answers);
  if (all.length === 0) return undefined;
  return all.includes('failed') ? 'failed' : 'applied';
}
