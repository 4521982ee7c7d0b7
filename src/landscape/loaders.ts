// The loaders of the landscape's caches: a key in, what the Cloud Controller says of it out, as JSON.
//
//   names ─▶ guid of what contains it, read from the cache above ─▶ directory ─▶ value

import type { Loaded, Loader, LoadRequest } from '../cache/loader.ts';
import { RequestError } from '../errors.ts';
import { BY_NAME, LIST, SPELLED_OTHERWISE } from './derived.ts';
import type { Directory } from './directory.ts';
import {
  type GuidKey,
  isCanonical,
  type LandscapeCache,
  type NamesKey,
  parseKey,
  unnamingFirst,
} from './keys.ts';
import type { Found, Reading } from './reading.ts';
import { resolveTarget } from './resolve.ts';
import { formatResolved } from './resolved-app.ts';
import type { Target } from './target.ts';
import { parseTarget } from './target-form.ts';
import {
  APPLICATION,
  DOMAIN,
  type Form,
  formatList,
  formatOne,
  ORGANIZATION,
  PROCESS,
  ROUTE,
  SPACE,
} from './values.ts';

export interface LoaderParts {
  /** By name of the API; the first is meant where a key names none. */
  readonly directories: ReadonlyMap<string, Directory>;
  readonly reading: Reading;
  /** Of the configuration. */
  readonly targets: readonly Target[];
  /** Told that so many bytes are garbage now. */
  readonly passed: (bytes: number) => void;
}

/** What a load leaves behind (measured: 9.8 kB while it runs). */
const GARBAGE_OF_LOAD_BYTES = 8192;

/** What is made of old or missing parts is asked for again after this long. */
const SHORT_MS = 15_000;

/** A value's text; undefined: there is nothing under the key. */
interface Outcome {
  readonly text: string | undefined;
  /** Not to be kept for the full time. */
  readonly short: boolean;
  readonly tags?: readonly string[];
}

const ABSENT: Outcome = { text: undefined, short: false };

export function landscapeLoader(cache: LandscapeCache, parts: LoaderParts): Loader {
  const outcomeOf = OUTCOMES[cache];
  const directories = [...parts.directories.values()];
  const [firstApi = ''] = parts.directories.keys();
  return {
    load: async ({ key, signal, sink }) => {
      parts.passed(GARBAGE_OF_LOAD_BYTES);
      const { tags = [], ...outcome } = await outcomeOf(new Asking(parts, signal), key);
      const canonical = isCanonical(key, unnamingFirst(parseKey(cache, key), firstApi));
      const spelled = canonical ? [] : [SPELLED_OTHERWISE];
      return landed({ ...outcome, tags: [...tags, ...spelled] }, sink);
    },
    reachable: async () => {
      const reached = await Promise.all(directories.map(({ api }) => api.reachable()));
      return reached.some((each) => each);
    },
    // Each directory is closed by whoever made it: it is of all caches.
    close: () => undefined,
  };
}

function landed({ text, short, tags = [] }: Outcome, sink: LoadRequest['sink']): Loaded {
  if (text === undefined) return { kind: 'absent', status: 404, tags };
  const bytes = Buffer.from(text);
  sink.expect(bytes.length);
  sink.append(bytes);
  return {
    kind: 'value',
    contentType: 'application/json',
    etag: undefined,
    tags: [...tags],
    terms: {
      freshMs: short ? SHORT_MS : undefined,
      staleWhileRevalidateMs: undefined,
      staleIfErrorMs: undefined,
      ageMs: 0,
      unstorable: undefined,
    },
    status: 200,
  };
}

type OutcomeOf = (asking: Asking, key: Buffer) => Promise<Outcome>;

const OUTCOMES: Readonly<Record<LandscapeCache, OutcomeOf>> = {
  org: (asking, key) => asking.organization(parseKey('org', key)),
  space: (asking, key) => asking.space(parseKey('space', key)),
  application: (asking, key) => asking.application(parseKey('application', key)),
  domain: (asking, key) => asking.domain(parseKey('domain', key)),
  route: (asking, key) =>
    asking.ofApp(parseKey('route', key), ROUTE, (directory, guid, signal) => directory.routes(guid, signal)),
  process: (asking, key) =>
    asking.ofApp(parseKey('process', key), PROCESS, (directory, guid, signal) =>
      directory.processes(guid, signal),
    ),
  resolver: (asking, key) => asking.resolved(key),
};

/** One load. */
class Asking {
  readonly #parts: LoaderParts;
  readonly #signal: AbortSignal;

  constructor(parts: LoaderParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  async organization({ api, names: [name], list }: NamesKey): Promise<Outcome> {
    const directory = this.#directory(api);
    if (list) return all(ORGANIZATION, await directory.organizations(this.#signal), false);
    return one(ORGANIZATION, await directory.organization(name!, this.#signal), false);
  }

  async space({ api, names: [organization, name], list }: NamesKey): Promise<Outcome> {
    const directory = this.#directory(api);
    const { thing: within, stale } = await this.#parts.reading.organization(api, organization!);
    if (!within) return ABSENT;
    if (list) return all(SPACE, await directory.spaces(within.guid, this.#signal), stale);
    const named = { withinGuid: within.guid, name: name! };
    return one(SPACE, await directory.space(named, this.#signal), stale);
  }

  async application({ api, names: [organization, space, name], list }: NamesKey): Promise<Outcome> {
    const directory = this.#directory(api);
    const { thing: within, stale } = await this.#parts.reading.space(api, [organization!, space!]);
    if (!within) return ABSENT;
    if (list) return all(APPLICATION, await directory.applications(within.guid, this.#signal), stale);
    const named = { withinGuid: within.guid, name: name! };
    return one(APPLICATION, await directory.application(named, this.#signal), stale);
  }

  async domain({ api, names: [organization], list }: NamesKey): Promise<Outcome> {
    const directory = this.#directory(api);
    if (list) return all(DOMAIN, await directory.domains(this.#signal), false);
    const { thing: owner, stale } = await this.#parts.reading.organization(api, organization!);
    if (!owner) return ABSENT;
    const domains = await directory.domains(this.#signal);
    const usable = domains.filter(
      ({ organizationGuid, sharedWith }) =>
        organizationGuid === undefined || organizationGuid === owner.guid || sharedWith.includes(owner.guid),
    );
    return all(DOMAIN, usable, stale);
  }

  async ofApp<Thing>(
    key: NamesKey | GuidKey,
    form: Form<Thing>,
    load: (directory: Directory, guid: string, signal: AbortSignal) => Promise<Thing[]>,
  ): Promise<Outcome> {
    const directory = this.#directory(key.api);
    // What is listed is one app's: it is a list of nothing else.
    if (key.kind === 'guid') {
      return { ...all(form, await load(directory, key.guid, this.#signal), false), tags: [] };
    }
    const [organization, space, name] = key.names;
    const names = [organization!, space!, name!] as const;
    const app: Found<{ guid: string } | undefined> = await this.#parts.reading.application(key.api, names);
    if (!app.thing) return { ...ABSENT, tags: [BY_NAME] };
    const things = await load(directory, app.thing.guid, this.#signal);
    return { ...all(form, things, app.stale), tags: [BY_NAME] };
  }

  async resolved(bytes: Buffer): Promise<Outcome> {
    const target = this.#target(bytes);
    if (!target) return ABSENT;
    const { api } = this.#directory(target.api);
    const resolved = await resolveTarget(target, api.name, this.#parts.reading);
    return { text: formatResolved(resolved), short: resolved.stale || !resolved.complete };
  }

  #target(bytes: Buffer): Target | undefined {
    const key = parseKey('resolver', bytes);
    if (key.kind === 'parameters') return parseTarget(key.parameters);
    return this.#parts.targets.find(({ name }) => name === key.name);
  }

  /** Throws RequestError. */
  #directory(api: string | undefined): Directory {
    const { directories } = this.#parts;
    const [first] = directories.values();
    const found = api === undefined ? first : directories.get(api.toLowerCase());
    if (found) return found;
    const known = [...directories.keys()].join(', ');
    throw new RequestError(
      'bad_key',
      `there is no API of the name ${JSON.stringify(api)}; there are: ${known}`,
    );
  }
}

function one<Thing>(form: Form<Thing>, thing: Thing | undefined, short: boolean): Outcome {
  return thing === undefined ? ABSENT : { text: formatOne(form, thing), short };
}

function all<Thing>(form: Form<Thing>, things: readonly Thing[], short: boolean): Outcome {
  return { text: formatList(form, things), short, tags: [LIST] };
}
