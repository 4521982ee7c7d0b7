// Which apps a target means: from the organizations down, as the landscape's caches know them.

import type { Application, Organization, Space } from '../cloud-controller/records.ts';
import { inParallel } from './in-parallel.ts';
import { type Matcher, matcher } from './matching.ts';
import type { Found, Reading } from './reading.ts';
import { type Resolved, type ResolvedApp, scrapeOf } from './resolved-app.ts';
import type { Target } from './target.ts';

/** So many look-ups at a time: some requests of batches each. */
const MOST_AT_ONCE = 1000;
/** Parts named in a partial answer; of more it says how many. */
const MOST_NAMED = 10;

export interface Resolution extends Resolved {
  /** Made of something old. */
  readonly stale: boolean;
}

/** Partial where a part of it could not be asked for, of which `missing` tells. Throws where none of it could. */
export async function resolveTarget(target: Target, api: string, reading: Reading): Promise<Resolution> {
  return await new Resolving(target, api, reading).resolve();
}

class Resolving {
  readonly #target: Target;
  readonly #api: string;
  readonly #reading: Reading;
  readonly #missing: string[] = [];
  #failure: unknown;
  #stale = false;

  constructor(target: Target, api: string, reading: Reading) {
    this.#target = target;
    this.#api = api;
    this.#reading = reading;
  }

  async resolve(): Promise<Resolution> {
    const organizations = await this.#organizations();
    const inSpaces = await inParallel(organizations, MOST_AT_ONCE, async (organization) => {
      const spaces = await this.#spaces(organization);
      return spaces.map((space) => ({ organization, space }));
    });
    const apps = await inParallel(inSpaces.flat(), MOST_AT_ONCE, ({ organization, space }) =>
      this.#apps(organization, space),
    );
    const { path, protocol, preferredRouteRegex, internalRoutePort } = this.#target;
    const found = apps.flat();
    // Nothing at all and a failure is a failure: it is not known that there is nothing.
    if (found.length === 0 && this.#failure !== undefined) throw this.#failure;
    return {
      api: this.#api,
      scrape: { path, protocol, preferredRouteRegex, internalRoutePort },
      complete: this.#missing.length === 0,
      missing: named(this.#missing),
      apps: found,
      stale: this.#stale,
    };
  }

  async #organizations(): Promise<Organization[]> {
    const { api, orgName, orgRegex } = this.#target;
    if (orgName !== undefined) return there(await this.#found(this.#reading.organization(api, orgName)));
    return this.#matching(await this.#found(this.#reading.organizations(api)), orgRegex);
  }

  #spaces(organization: Organization): Promise<Space[]> {
    const { api, spaceName, spaceRegex } = this.#target;
    return this.#part(`spaces of ${organization.name}`, async () => {
      if (spaceName !== undefined) {
        return there(await this.#found(this.#reading.space(api, [organization.name, spaceName])));
      }
      return this.#matching(await this.#found(this.#reading.spaces(api, organization.name)), spaceRegex);
    });
  }

  #apps(organization: Organization, space: Space): Promise<ResolvedApp[]> {
    return this.#part(`apps of ${organization.name}/${space.name}`, async () => {
      const applications = await this.#applications(organization.name, space.name);
      return applications.flatMap((application) => {
        const scrape = scrapeOf(this.#target, application);
        if (!scrape) return [];
        const { guid, name, state } = application;
        return [{ api: this.#api, organization, space, application: { guid, name, state }, scrape }];
      });
    });
  }

  async #applications(organization: string, space: string): Promise<Application[]> {
    const { api, applicationName, applicationRegex } = this.#target;
    if (applicationName !== undefined) {
      const names = [organization, space, applicationName] as const;
      return there(await this.#found(this.#reading.application(api, names)));
    }
    const all = await this.#found(this.#reading.applications(api, [organization, space]));
    return this.#matching(all, applicationRegex);
  }

  /** What cannot be asked for is left out, and said to be. */
  async #part<Thing>(what: string, load: () => Promise<Thing[]>): Promise<Thing[]> {
    try {
      return await load();
    } catch (error) {
      this.#failure ??= error;
      this.#missing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  async #found<Thing>(finding: Promise<Found<Thing>>): Promise<Thing> {
    const { thing, stale } = await finding;
    this.#stale ||= stale;
    return thing;
  }

  #matching<Thing extends { readonly name: string }>(all: Thing[], regex: string | undefined): Thing[] {
    return regex === undefined ? all : selected(all, matcher(undefined, regex));
  }
}

function selected<Thing extends { readonly name: string }>(all: Thing[], matches: Matcher): Thing[] {
  const chosen = matches(all.map(({ name }) => name));
  return all.filter((_, i) => chosen[i]);
}

function there<Thing>(thing: Thing | undefined): Thing[] {
  return thing === undefined ? [] : [thing];
}

function named(missing: readonly string[]): string[] {
  const more = missing.length - MOST_NAMED;
  return more > 0 ? [...missing.slice(0, MOST_NAMED), `and ${more} more`] : [...missing];
}
