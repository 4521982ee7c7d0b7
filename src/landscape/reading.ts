// Reads of the landscape's own caches by the landscape itself: what is resolved is made of what they hold.

import { ask, unusable } from '../cache/ask.ts';
import type { Caches } from '../cache/caches.ts';
import type { Clock } from '../cache/clock.ts';
import type { Application, Organization, Space } from '../cloud-controller/records.ts';
import { NO_SLOT } from '../store/entries.ts';
import { formatKey, type LandscapeCache, type NamesKey } from './keys.ts';
import { APPLICATION, type Form, ORGANIZATION, parseList, parseOne, SPACE } from './values.ts';

export interface Found<Thing> {
  readonly thing: Thing;
  /** It may be old: it could not be asked for anew. */
  readonly stale: boolean;
}

const MOST_LISTS = 16;

/** Each reads a fresh value, and an old one only where a fresh one cannot be had. Throws SidecacheError. */
export class Reading {
  readonly #clock: Clock;
  /** Lists by name of what is in them, as long as they are of the version that is stored. */
  readonly #lists = new Map<string, { version: number; byName: ReadonlyMap<string, unknown> }>();
  #caches: Caches | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The caches that are read have loaders that read here: they come later. */
  attach(caches: Caches): void {
    this.#caches = caches;
  }

  async organization(api: string | undefined, name: string): Promise<Found<Organization | undefined>> {
    const listed = this.#listed('org', listKey(api, []), ORGANIZATION, name);
    return listed ?? (await this.#one('org', nameKey(api, [name]), ORGANIZATION));
  }

  organizations(api: string | undefined): Promise<Found<Organization[]>> {
    return this.#list('org', listKey(api, []), ORGANIZATION);
  }

  async space(
    api: string | undefined,
    names: readonly [org: string, space: string],
  ): Promise<Found<Space | undefined>> {
    const listed = this.#listed('space', listKey(api, names.slice(0, 1)), SPACE, names[1]);
    return listed ?? (await this.#one('space', nameKey(api, names), SPACE));
  }

  spaces(api: string | undefined, organization: string): Promise<Found<Space[]>> {
    return this.#list('space', listKey(api, [organization]), SPACE);
  }

  application(
    api: string | undefined,
    names: readonly [org: string, space: string, application: string],
  ): Promise<Found<Application | undefined>> {
    return this.#one('application', nameKey(api, names), APPLICATION);
  }

  applications(
    api: string | undefined,
    names: readonly [org: string, space: string],
  ): Promise<Found<Application[]>> {
    return this.#list('application', listKey(api, names), APPLICATION);
  }

  async #one<Thing>(
    name: LandscapeCache,
    key: NamesKey,
    form: Form<Thing>,
  ): Promise<Found<Thing | undefined>> {
    const found = await this.#text(name, key);
    return found ? { ...found, thing: this.#parsed(name, () => parseOne(form, found.thing)) } : NOTHING;
  }

  /** Of what is not there, nothing is in it. */
  async #list<Thing>(name: LandscapeCache, key: NamesKey, form: Form<Thing>): Promise<Found<Thing[]>> {
    const found = await this.#text(name, key);
    if (!found) return { thing: [], stale: false };
    return { ...found, thing: this.#parsed(name, () => parseList(form, found.thing)) };
  }

  /** Of a list that is there and fresh: what was listed a moment ago is not asked for one by one. */
  #listed<Thing extends { readonly name: string }>(
    name: LandscapeCache,
    key: NamesKey,
    form: Form<Thing>,
    wanted: string,
  ): Found<Thing> | undefined {
    const [cache, keyText] = [this.#cache(name), formatKey(key)];
    const slot = cache.shelf.peek(Buffer.from(keyText));
    if (slot === NO_SLOT || cache.shelf.isNegative(slot) || !cache.shelf.isFresh(slot, this.#clock.now())) {
      return undefined;
    }
    const version = cache.shelf.version(slot);
    const memo = this.#lists.get(`${name} ${keyText}`);
    const index = memo?.version === version ? memo.byName : this.#indexed(name, keyText, form);
    const thing = index?.get(wanted.toLowerCase()) as Thing | undefined;
    return thing && { thing, stale: false };
  }

  #indexed<Thing extends { readonly name: string }>(
    name: LandscapeCache,
    keyText: string,
    form: Form<Thing>,
  ): ReadonlyMap<string, Thing> | undefined {
    const asked = ask(this.#cache(name), Buffer.from(keyText), this.#clock.now(), 'any');
    if (asked instanceof Promise || asked.kind !== 'value') return undefined;
    const things = this.#parsed(name, () => parseList(form, asked.text));
    const byName = new Map(things.map((thing) => [thing.name.toLowerCase(), thing]));
    this.#lists.set(`${name} ${keyText}`, { version: asked.version, byName });
    // The one indexed first goes: of many organizations each list of spaces is wanted in one moment only.
    if (this.#lists.size > MOST_LISTS) this.#lists.delete(this.#lists.keys().next().value!);
    return byName;
  }

  async #text(name: LandscapeCache, key: NamesKey): Promise<Found<string> | undefined> {
    const asked = await ask(this.#cache(name), Buffer.from(formatKey(key)), this.#clock.now(), 'fresh');
    if (asked.kind === 'error') throw asked.error;
    return asked.kind === 'value' ? { thing: asked.text, stale: asked.stale } : undefined;
  }

  #parsed<Thing>(name: LandscapeCache, parse: () => Thing): Thing {
    try {
      return parse();
    } catch (cause) {
      throw unusable(this.#cache(name), cause);
    }
  }

  #cache(name: LandscapeCache) {
    return this.#caches!.get(name)!;
  }
}

const NOTHING: Found<undefined> = { thing: undefined, stale: false };

function nameKey(api: string | undefined, names: readonly string[]): NamesKey {
  return { kind: 'names', api, names, list: false };
}

function listKey(api: string | undefined, names: readonly string[]): NamesKey {
  return { kind: 'names', api, names, list: true };
}
