// Which apps a target means: from the organizations down, as the landscape's caches know them.

import type { Application, Organization, Space } from '../cloud-controller/records.ts';
import { inParallel } from './in-parallel.ts';
import { matcher } from './matching.ts';
import { Missing } from './missing.ts';
import type { Found, Reading } from './reading.ts';
import { type Resolved, type ResolvedApp, scrapeOf } from './resolved-app.ts';
import type { Target } from './target.ts';

/** So many look-ups at a time: some requests of batches each. */
const MOST_AT_ONCE = 200;

interface InOrganization {
  readonly organization: Organization;
  readonly space: Space;
}

interface InSpace extends InOrganization {
  readonly application: Application;
}

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
  readonly #missing = new Missing();
  #failure: unknown;
  #stale = false;

  constructor(target: Target, api: string, reading: Reading) {
    this.#target = target;
    this.#api = api;
    this.#reading = reading;
  }

  async resolve(): Promise<Resolution> {
    const organizations = await this.#organizations();
    const spaces = await inParallel(organizations, MOST_AT_ONCE, (organization) =>
      this.#spaces(organization),
    );
    const applications = await inParallel(this.#meantSpaces(spaces.flat()), MOST_AT_ONCE, (within) =>
      this.#applications(within),
    );
    const apps = this.#meantApps(applications.flat());
    // Nothing at all and a failure is a failure: it is not known that there is nothing.
    if (apps.length === 0 && this.#failure !== undefined) throw this.#failure;
    const { path, protocol, preferredRouteRegex, internalRoutePort } = this.#target;
    return {
      api: this.#api,
      scrape: { path, protocol, preferredRouteRegex, internalRoutePort },
      complete: this.#missing.count === 0,
      missing: this.#missing.list,
      apps,
      stale: this.#stale,
    };
  }

  async #organizations(): Promise<Organization[]> {
    const { api, orgName, orgRegex } = this.#target;
    if (orgName !== undefined) return there(await this.#found(this.#reading.organization(api, orgName)));
    const all = await this.#found(this.#reading.organizations(api));
    return matching(all, orgRegex, 'orgRegex', ({ name }) => name);
  }

  #spaces(organization: Organization): Promise<InOrganization[]> {
    const { api, spaceName } = this.#target;
    return this.#part(`spaces of ${organization.name}`, async () => {
      const spaces =
        spaceName === undefined
          ? await this.#found(this.#reading.spaces(api, organization.name))
          : there(await this.#found(this.#reading.space(api, [organization.name, spaceName])));
      return spaces.map((space) => ({ organization, space }));
    });
  }

  /** One run of the expression over all of them: what it may cost is bounded by the run. */
  #meantSpaces(all: readonly InOrganization[]): InOrganization[] {
    return matching(all, this.#target.spaceRegex, 'spaceRegex', ({ space }) => space.name);
  }

  #applications({ organization, space }: InOrganization): Promise<InSpace[]> {
    const { api, applicationName } = this.#target;
    return this.#part(`apps of ${organization.name}/${space.name}`, async () => {
      const within = [organization.name, space.name] as const;
      const applications =
        applicationName === undefined
          ? await this.#found(this.#reading.applications(api, within))
          : there(await this.#found(this.#reading.application(api, [...within, applicationName])));
      return applications.map((application) => ({ organization, space, application }));
    });
  }

  #meantApps(all: readonly InSpace[]): ResolvedApp[] {
    const { applicationRegex } = this.#target;
    const meant = matching(all, applicationRegex, 'applicationRegex', ({ application }) => application.name);
    return meant.flatMap(({ organization, space, application }) => {
      const scrape = scrapeOf(this.#target, application);
      if (!scrape) return [];
      const { guid, name, state } = application;
      return [{ api: this.#api, organization, space, application: { guid, name, state }, scrape }];
    });
  }

  /** What cannot be asked for is left out, and said to be. */
  async #part<Thing>(what: string, load: () => Promise<Thing[]>): Promise<Thing[]> {
    try {
      return await load();
    } catch (error) {
      this.#failure ??= error;
      this.#missing.add(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  async #found<Thing>(finding: Promise<Found<Thing>>): Promise<Thing> {
    const { thing, stale } = await finding;
    this.#stale ||= stale;
    return thing;
  }
}

/** Throws RequestError where the expression takes too long. */
function matching<Thing>(
  all: readonly Thing[],
  expression: string | undefined,
  parameter: string,
  nameOf: (thing: Thing) => string,
): Thing[] {
  if (expression === undefined) return [...all];
  const meant = matcher(undefined, expression, parameter)(all.map(nameOf));
  return all.filter((_, i) => meant[i]);
}

function there<Thing>(thing: Thing | undefined): Thing[] {
  return thing === undefined ? [] : [thing];
}
