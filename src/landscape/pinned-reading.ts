// Reads of the landscape's caches for one document: what was made of a value stays as long as the value does, and takes
// its place where it cannot be had.

import { type Asked, ask, unusable } from '../cache/ask.ts';
import type { Cache } from '../cache/cache.ts';
import type { Caches } from '../cache/caches.ts';
import type { Clock } from '../cache/clock.ts';
import { RequestError } from '../errors.ts';
import type { LandscapeCache } from './keys.ts';
import { Missing } from './missing.ts';

export interface Pin<Thing> {
  /** Of the value that is stored; 0: of none. */
  version: number;
  readonly text: string;
  /** What was made of the text. */
  readonly thing: Thing;
}

export class PinnedReading {
  /** What could not be had. */
  readonly missing = new Missing();
  /** The first that was refused for what it asked for: that is the asker's to put right. */
  refusal: RequestError | undefined;
  readonly #caches: Caches;
  readonly #clock: Clock;

  constructor(caches: Caches, clock: Clock) {
    this.#caches = caches;
    this.#clock = clock;
  }

  /**
   * What is there now; `before` itself where the text is still the same, or where what is now cannot be had; undefined
   * where there is nothing. At once where it is there.
   */
  pin<Thing>(
    cache: LandscapeCache,
    key: Buffer,
    parse: (text: string) => Thing,
    before: Pin<Thing> | undefined,
  ): Pin<Thing> | undefined | Promise<Pin<Thing> | undefined> {
    const asked = ask(this.#cache(cache), key, this.#clock.now(), 'any', before?.version);
    const pinned = (answer: Asked): Pin<Thing> | undefined => this.#pinned(cache, key, answer, parse, before);
    return asked instanceof Promise ? asked.then(pinned) : pinned(asked);
  }

  #pinned<Thing>(
    cache: LandscapeCache,
    key: Buffer,
    asked: Asked,
    parse: (text: string) => Thing,
    before: Pin<Thing> | undefined,
  ): Pin<Thing> | undefined {
    if (asked.kind === 'known') return before;
    if (asked.kind === 'absent') return undefined;
    if (asked.kind === 'error') return this.#instead(cache, key, asked.error, before);
    // Loaded anew it mostly says the same: then nothing is made anew.
    if (before && before.text === asked.text) {
      before.version = asked.version;
      return before;
    }
    try {
      return { version: asked.version, text: asked.text, thing: parse(asked.text) };
    } catch (cause) {
      return this.#instead(cache, key, unusable(this.#cache(cache), cause), before);
    }
  }

  #instead<Thing>(cache: LandscapeCache, key: Buffer, error: Error, before: Thing): Thing {
    if (error instanceof RequestError) this.refused(`${cache} ${key}`, error);
    else this.missing.add(`${cache} ${key}: ${error.message}`);
    return before;
  }

  /** What was asked for cannot be: it is missing, and the asker may be told. */
  refused(what: string, error: RequestError): void {
    this.missing.add(`${what}: ${error.message}`);
    this.refusal ??= error;
  }

  #cache(name: LandscapeCache): Cache {
    return this.#caches.get(name)!;
  }
}
