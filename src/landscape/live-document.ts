// The discovery document of some targets, made of what the caches hold now, and of what was last good where they fail.
//
//   targets ─▶ resolver ─▶ apps ─▶ route, process, domain ─▶ instances of each app ─▶ document
//
// What the instances of an app were made of is remembered: as long as that says the same they are not made again,
// and a document of which nothing changed is the one before. What cannot be had stays as it last was: it is let go only
// for something better, so that an API that is down empties nobody's list.

import type { Caches } from '../cache/caches.ts';
import type { Clock } from '../cache/clock.ts';
import { LoadError, RoomError } from '../errors.ts';
import {
  type AppParts,
  checkProcesses,
  checkRoutes,
  type DomainsByGuid,
  INSTANCE_BYTES,
  instancesByApp,
  partsOf,
} from './app-parts.ts';
import { discoveryDocument } from './document.ts';
import { HeldBytes, type Room } from './held-bytes.ts';
import { inParallel } from './in-parallel.ts';
import type { AppInstances } from './instances.ts';
import { formatKey } from './keys.ts';
import { type Pin, PinnedReading } from './pinned-reading.ts';
import { parseResolved, type Resolved, type ResolvedApp } from './resolved-app.ts';
import type { Target } from './target.ts';
import { DOMAIN, parseList } from './values.ts';

export interface LiveDocumentParts {
  readonly caches: Caches;
  readonly clock: Clock;
  /** Names of the APIs; the first is the one that keys need not name. */
  readonly apis: readonly string[];
  /** Guid of the app that is left out; undefined: none is. */
  readonly leftOut: string | undefined;
  readonly room: Room;
}

export interface Made {
  readonly value: HeldBytes;
  readonly instances: number;
  /** What could not be had and is in it as it last was, or not at all. Empty: it is as the caches are. */
  readonly missing: readonly string[];
}

interface AppPin {
  readonly parts: AppParts;
  readonly made: AppInstances;
}

interface AppKeys {
  readonly pin: string;
  /** Of its routes and processes. */
  readonly guid: Buffer;
}

/** So many apps at a time: some requests of batches each. */
const MOST_AT_ONCE = 200;
/** What is pinned of an app, with its routes and processes. */
const APP_PIN_BYTES = 2000;

export class LiveDocument {
  readonly #targets: readonly Target[];
  readonly #parts: LiveDocumentParts;
  readonly #targetPins = new Map<Target, Pin<Resolved>>();
  readonly #domainPins = new Map<string, Pin<DomainsByGuid>>();
  #appPins: ReadonlyMap<string, AppPin> = new Map();
  readonly #keys = new WeakMap<ResolvedApp, AppKeys>();
  #pinnedBytes = 0;
  #made: Made | undefined;
  #reading: PinnedReading;

  constructor(targets: readonly Target[], parts: LiveDocumentParts) {
    this.#targets = targets;
    this.#parts = parts;
    this.#reading = new PinnedReading(parts.caches, parts.clock);
  }

  /** What it and its pins hold. */
  get heldBytes(): number {
    return this.#pinnedBytes + (this.#made?.value.length ?? 0);
  }

  /** The last one that was made. */
  get last(): Made | undefined {
    return this.#made;
  }

  /** Not to be called again before it ended. Throws LoadError where there is nothing to answer with, RoomError. */
  async make(): Promise<Made> {
    this.#reading = new PinnedReading(this.#parts.caches, this.#parts.clock);
    const targets = await inParallel(this.#targets, MOST_AT_ONCE, (target) => this.#appsOf(target));
    const apps = targets.flat().filter(({ application }) => application.guid !== this.#parts.leftOut);
    const domains = await this.#domainsOf([...new Set(apps.map(({ api }) => api))]);
    const parts = await inParallel(apps, MOST_AT_ONCE, (app) => this.#partsOf(app, domains.get(app.api)!));
    return this.#finish(parts.filter((each) => each !== undefined));
  }

  /** Gives back what is pinned; who is being sent the document keeps that. */
  forget(): void {
    this.#made?.value.release();
    this.#made = undefined;
    this.#targetPins.clear();
    this.#domainPins.clear();
    this.#appPins = new Map();
    this.#parts.room.release(this.#pinnedBytes);
    this.#pinnedBytes = 0;
  }

  // --- what it is made of

  async #appsOf(target: Target): Promise<readonly ResolvedApp[]> {
    const before = this.#targetPins.get(target);
    // A target of the configuration is known by its name, one of a request is called by its parameters.
    const found = await this.#reading.pin('resolver', Buffer.from(target.name), parseResolved, before);
    if (!found || found === before) return found?.thing.apps ?? [];
    const { complete, missing, apps } = found.thing;
    for (const part of missing) this.#reading.missing.add(part);
    if (complete) this.#targetPins.set(target, found);
    if (complete) return apps;
    const all = withThoseBefore(apps, before?.thing.apps ?? []);
    // Of no version and text: the next time what is missing is to be found here again.
    this.#targetPins.set(target, { version: 0, text: '', thing: { ...found.thing, apps: all } });
    return all;
  }

  async #domainsOf(apis: readonly string[]): Promise<Map<string, DomainsByGuid>> {
    const found = new Map<string, DomainsByGuid>();
    for (const api of apis) {
      const key = formatKey({ kind: 'names', api: this.#keyed(api), names: [], list: true });
      const pin = await this.#reading.pin(
        'domain',
        Buffer.from(key),
        parseDomains,
        this.#domainPins.get(api),
      );
      if (pin) this.#domainPins.set(api, pin);
      found.set(api, pin?.thing ?? NO_DOMAINS);
    }
    return found;
  }

  /** Undefined where there is nothing to make instances of. At once where all is there. */
  #partsOf(app: ResolvedApp, domains: DomainsByGuid): AppParts | undefined | Promise<AppParts | undefined> {
    const { pin, guid } = this.#keysOf(app);
    const before = this.#appPins.get(pin)?.parts;
    const routes = this.#reading.pin('route', guid, checkRoutes, before?.routes);
    const processes = this.#reading.pin('process', guid, checkProcesses, before?.processes);
    return routes instanceof Promise || processes instanceof Promise
      ? Promise.all([routes, processes]).then((both) => partsOf(before, app, domains, ...both))
      : partsOf(before, app, domains, routes, processes);
  }

  #keysOf(app: ResolvedApp): AppKeys {
    const known = this.#keys.get(app);
    if (known) return known;
    const guid = formatKey({ kind: 'guid', api: this.#keyed(app.api), guid: app.application.guid });
    const keys = { pin: pinKey(app), guid: Buffer.from(guid) };
    this.#keys.set(app, keys);
    return keys;
  }

  /** Keys need not name the first API. */
  #keyed(api: string): string | undefined {
    return api === this.#parts.apis[0] ? undefined : api;
  }

  // --- what is made of it

  #finish(all: readonly AppParts[]): Made {
    try {
      return this.#written(this.#pinsOf(all));
    } catch (error) {
      if (!(error instanceof RoomError && this.#made)) throw error;
      this.#reading.missing.add(error.message);
      return this.#lastWith(this.#reading.missing.list);
    }
  }

  /** Throws RoomError. */
  #written(pins: ReadonlyMap<string, AppPin>): Made {
    const missing = this.#reading.missing.list;
    const instances = [...pins.values()].reduce((sum, { made }) => sum + made.instances.length, 0);
    // Nothing, and something failed: it is not known that there is nothing.
    if (instances === 0 && missing.length > 0) return this.#lastWith(missing);
    const isAsBefore = pins.size === this.#appPins.size && isSame(pins, this.#appPins);
    if (this.#made && isAsBefore) return this.#lastWith(missing);
    return this.#write(pins, instances, missing);
  }

  /** Throws RoomError; then all is as it was. */
  #write(pins: ReadonlyMap<string, AppPin>, instances: number, missing: readonly string[]): Made {
    const text = discoveryDocument([...pins.values()].map(({ made }) => made));
    const value = new HeldBytes(text, this.#parts.room);
    try {
      this.#charge(pins.size * APP_PIN_BYTES + instances * INSTANCE_BYTES);
    } catch (error) {
      value.release();
      throw error;
    }
    // Not before: without its document a pin must not pass for one that is written.
    this.#appPins = pins;
    this.#made?.value.release();
    this.#made = { value, instances, missing };
    return this.#made;
  }

  /** Throws RoomError. */
  #pinsOf(all: readonly AppParts[]): Map<string, AppPin> {
    const before = all.map((parts) => this.#appPins.get(this.#keysOf(parts.app).pin));
    const anew = all.filter((parts, i) => before[i]?.parts !== parts);
    const domains = new Map([...this.#domainPins.values()].flatMap(({ thing }) => [...thing]));
    const made = instancesByApp(anew, domains, this.#parts.room, (what, error) =>
      this.#reading.refused(what, error),
    );
    const pins = new Map<string, AppPin>();
    for (const [i, parts] of all.entries()) {
      const instances = made.get(parts.app);
      const pin = instances ? { parts, made: instances } : before[i];
      if (pin) pins.set(this.#keysOf(parts.app).pin, pin);
    }
    return pins;
  }

  #lastWith(missing: readonly string[]): Made {
    if (!this.#made)
      throw new LoadError('not_ready', `nothing could be discovered: ${missing.join('; ')}`, {
        retryAfterMs: RETRY_MS,
        cause: this.#reading.refusal,
      });
    this.#made = { ...this.#made, missing };
    return this.#made;
  }

  #charge(bytes: number): void {
    const more = bytes - this.#pinnedBytes;
    if (more > 0 && !this.#parts.room.charge(more))
      throw new RoomError('there is no memory for what is discovered');
    if (more < 0) this.#parts.room.release(-more);
    this.#pinnedBytes = bytes;
  }
}

const NO_DOMAINS: DomainsByGuid = new Map();
const RETRY_MS = 5000;

/** Those of them that are not among `apps` may be of a part that could not be asked for. */
function withThoseBefore(
  apps: readonly ResolvedApp[],
  before: readonly ResolvedApp[],
): readonly ResolvedApp[] {
  const found = new Set(apps.map(pinKey));
  return [...apps, ...before.filter((app) => !found.has(pinKey(app)))];
}

function isSame(pins: ReadonlyMap<string, AppPin>, others: ReadonlyMap<string, AppPin>): boolean {
  for (const [key, pin] of pins) if (others.get(key) !== pin) return false;
  return true;
}

/** An app as it is to be scraped. */
function pinKey({ api, application, scrape }: ResolvedApp): string {
  const { protocol, path, internalRoutePort = '', preferredRouteRegex } = scrape;
  return `${api} ${application.guid} ${protocol} ${path} ${internalRoutePort} ${preferredRouteRegex.join(' ')}`;
}

function parseDomains(text: string): DomainsByGuid {
  return new Map(parseList(DOMAIN, text).map((domain) => [domain.guid, domain]));
}
