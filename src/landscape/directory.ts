// What one API knows, asked for one thing at a time and fetched many at a time: the look-ups of one moment leave together.

import type { Clock } from '../cache/clock.ts';
import type { CloudController } from '../cloud-controller/cloud-controller.ts';
import type {
  Application,
  Domain,
  Organization,
  Process,
  Route,
  Space,
} from '../cloud-controller/records.ts';
import type { BatchLimits } from '../load/batch.ts';
import { HalvingBatcher } from './halves.ts';

/** Of names in one request, percent-encoded; guids are bounded by their number. */
const MAX_NAME_BYTES = 4096;

/** A thing by its name, within what contains it. */
interface Named {
  readonly withinGuid: string;
  readonly name: string;
}

export class Directory {
  readonly api: CloudController;
  readonly #organizations: HalvingBatcher<string, Organization | undefined>;
  readonly #spaces: HalvingBatcher<string, Space | undefined>;
  readonly #spacesOf: HalvingBatcher<string, Space[]>;
  readonly #applications: HalvingBatcher<string, Application | undefined>;
  readonly #applicationsOf: HalvingBatcher<string, Application[]>;
  readonly #domains: HalvingBatcher<string, Domain[]>;
  readonly #routesOf: HalvingBatcher<string, Route[]>;
  readonly #processesOf: HalvingBatcher<string, Process[]>;

  constructor(api: CloudController, limits: BatchLimits, clock: Clock) {
    this.api = api;
    const named = { ...limits, maxBytes: MAX_NAME_BYTES };
    this.#organizations = new HalvingBatcher({
      fetch: async (names, signal) =>
        byName(names, await api.organizations(names, signal), ({ name }) => name),
      limits: named,
      clock,
      bytesOf: encodedBytes,
    });
    this.#spaces = new HalvingBatcher({
      fetch: async (keys, signal) => {
        const { guids, names } = parted(keys);
        const found = await api.spaces(guids, names, signal);
        return byName(keys, found, ({ organizationGuid, name }) => nameKey(organizationGuid, name));
      },
      limits: named,
      clock,
      bytesOf: encodedBytes,
    });
    this.#applications = new HalvingBatcher({
      fetch: async (keys, signal) => {
        const { guids, names } = parted(keys);
        const found = await api.applications(guids, names, signal);
        return byName(keys, found, ({ spaceGuid, name }) => nameKey(spaceGuid, name));
      },
      limits: named,
      clock,
      bytesOf: encodedBytes,
    });
    this.#spacesOf = new HalvingBatcher({
      fetch: async (guids, signal) =>
        grouped(guids, await api.spaces(guids, undefined, signal), (space) => [space.organizationGuid]),
      limits,
      clock,
    });
    this.#applicationsOf = new HalvingBatcher({
      fetch: async (guids, signal) =>
        grouped(guids, await api.applications(guids, undefined, signal), (app) => [app.spaceGuid]),
      limits,
      clock,
    });
    this.#domains = new HalvingBatcher({
      fetch: async (keys, signal) => {
        const all = await api.domains(signal);
        return keys.map(() => all);
      },
      limits,
      clock,
    });
    this.#routesOf = new HalvingBatcher({
      fetch: async (guids, signal) =>
        grouped(guids, await api.routes(guids, signal), ({ destinations }) =>
          destinations.map(({ appGuid }) => appGuid),
        ),
      limits,
      clock,
    });
    this.#processesOf = new HalvingBatcher({
      fetch: async (guids, signal) =>
        grouped(guids, await api.processes(guids, signal), (process) => [process.appGuid]),
      limits,
      clock,
    });
  }

  organizations(signal: AbortSignal): Promise<Organization[]> {
    return this.api.organizations(undefined, signal);
  }

  organization(name: string, signal: AbortSignal): Promise<Organization | undefined> {
    return this.#organizations.load(folded(name), signal);
  }

  spaces(organizationGuid: string, signal: AbortSignal): Promise<Space[]> {
    return this.#spacesOf.load(organizationGuid, signal);
  }

  space({ withinGuid, name }: Named, signal: AbortSignal): Promise<Space | undefined> {
    return this.#spaces.load(nameKey(withinGuid, name), signal);
  }

  applications(spaceGuid: string, signal: AbortSignal): Promise<Application[]> {
    return this.#applicationsOf.load(spaceGuid, signal);
  }

  application({ withinGuid, name }: Named, signal: AbortSignal): Promise<Application | undefined> {
    return this.#applications.load(nameKey(withinGuid, name), signal);
  }

  domains(signal: AbortSignal): Promise<Domain[]> {
    return this.#domains.load('', signal);
  }

  routes(appGuid: string, signal: AbortSignal): Promise<Route[]> {
    return this.#routesOf.load(appGuid, signal);
  }

  processes(appGuid: string, signal: AbortSignal): Promise<Process[]> {
    return this.#processesOf.load(appGuid, signal);
  }

  close(): void {
    const batchers: readonly { close(): void }[] = [
      ...[this.#organizations, this.#spaces, this.#spacesOf, this.#applications, this.#applicationsOf],
      ...[this.#domains, this.#routesOf, this.#processesOf],
    ];
    for (const batcher of batchers) batcher.close();
    this.api.close();
  }
}

/** Names differ by more than their case (PLATFORM, section 5). */
function folded(name: string): string {
  return name.toLowerCase();
}

/** A guid has no slash. */
function nameKey(withinGuid: string, name: string): string {
  return `${withinGuid}/${folded(name)}`;
}

/** One request for all of them asks for each name within each guid; what was not asked for is left out again. */
function parted(keys: readonly string[]): { guids: string[]; names: string[] } {
  const guids = new Set<string>();
  const names = new Set<string>();
  for (const key of keys) {
    const slash = key.indexOf('/');
    guids.add(key.slice(0, slash));
    names.add(key.slice(slash + 1));
  }
  return { guids: [...guids], names: [...names] };
}

function byName<Thing>(
  keys: readonly string[],
  found: readonly Thing[],
  keyOf: (thing: Thing) => string,
): (Thing | undefined)[] {
  const byKey = new Map(found.map((thing) => [folded(keyOf(thing)), thing]));
  return keys.map((key) => byKey.get(folded(key)));
}

function grouped<Thing>(
  guids: readonly string[],
  found: readonly Thing[],
  guidsOf: (thing: Thing) => readonly string[],
): Thing[][] {
  const groups = new Map(guids.map((guid): [string, Thing[]] => [guid, []]));
  for (const thing of found) for (const guid of new Set(guidsOf(thing))) groups.get(guid)?.push(thing);
  return guids.map((guid) => groups.get(guid)!);
}

function encodedBytes(key: string): number {
  return encodeURIComponent(key).length;
}
