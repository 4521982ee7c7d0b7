// /discovery: one document for all who ask alike, made anew only where something changed, and the last good one where
// that cannot be done.

import { LoadError, RequestError } from '../errors.ts';
import type { HeldBytes } from './held-bytes.ts';
import { LiveDocument, type LiveDocumentParts, type Made } from './live-document.ts';
import type { Parameter } from './parameters.ts';
import { SharedMaking, type SharedMakingParts } from './shared-making.ts';
import type { Target } from './target.ts';
import { parseTarget } from './target-form.ts';
import { Turns } from './turns.ts';

export interface DiscoveryParts extends LiveDocumentParts, SharedMakingParts {
  /** Of the configuration. */
  readonly targets: readonly Target[];
  /** Of documents of parameters together. */
  readonly mostHeldBytes: number;
}

export interface Discovered {
  /** JSON; to be released. */
  readonly value: HeldBytes;
  /** What is in it as it last was, or not at all. */
  readonly missing: readonly string[];
}

/** Documents of parameters that are kept, besides that of all configured targets. */
const MOST_DOCUMENTS = 8;
/** Of them so many are made at one time, as each is some megabytes while it is made; and so many more wait. */
const MADE_AT_ONCE = 2;
const MOST_WAITING = 64;

export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #documents = new Map<string, SharedMaking>();
  readonly #turns = new Turns(MADE_AT_ONCE, MOST_WAITING);
  /** Answers by what they were. */
  readonly counts = { complete: 0, partial: 0, failed: 0 };

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  /** Of the last document of all configured targets. */
  get instances(): number {
    return this.#documents.get('')?.document.last?.instances ?? 0;
  }

  /** How many are kept. */
  get documents(): number {
    return this.#documents.size;
  }

  /**
   * `target=` names configured targets, other parameters are a target themselves; none: all configured ones. `isWanted`:
   * whether who asks has not left meanwhile.
   */
  async answer(parameters: readonly Parameter[], isWanted = (): boolean => true): Promise<Discovered> {
    const targets = this.#targetsOf(parameters);
    const taken = ({ value, missing }: Made): Discovered => ({ value: value.retain(), missing });
    try {
      const discovered = await this.#sharing(targets, parameters.length === 0).get(taken, isWanted);
      this.counts[discovered.missing.length === 0 ? 'complete' : 'partial']++;
      return discovered;
    } catch (error) {
      this.counts.failed++;
      throw this.#refusalOf(error, targets) ?? error;
    } finally {
      this.#trim();
    }
  }

  close(): void {
    for (const { document } of this.#documents.values()) document.forget();
    this.#documents.clear();
  }

  #targetsOf(parameters: readonly Parameter[]): readonly Target[] {
    const { targets } = this.#parts;
    if (parameters.length === 0) return targets;
    const names = parameters.filter(([name]) => name === 'target').map(([, value]) => value);
    if (names.length === 0) return [parseTarget(parameters)];
    if (names.length < parameters.length) {
      throw new RequestError(
        'bad_query',
        'target names a configured target: no other parameter stands beside it',
      );
    }
    return [...new Set(names)].map((name) => this.#named(name));
  }

  #named(name: string): Target {
    const found = this.#parts.targets.find((target) => target.name === name);
    if (found) return found;
    const known = this.#parts.targets.map((target) => target.name).join(', ') || 'none';
    throw new RequestError(
      'bad_query',
      `there is no target ${JSON.stringify(name.slice(0, 80))}; configured: ${known}`,
    );
  }

  /** What is wrong with a target of the request is its sender's to put right; with the configuration it is not. */
  #refusalOf(error: unknown, targets: readonly Target[]): unknown {
    const isConfigured = targets.every((target) => this.#parts.targets.includes(target));
    return !isConfigured && error instanceof LoadError && error.cause instanceof RequestError
      ? error.cause
      : undefined;
  }

  #sharing(targets: readonly Target[], all: boolean): SharedMaking {
    const key = all ? '' : targets.map(({ name }) => name).join(' ');
    const found = this.#documents.get(key);
    // The one asked for last is the last to go.
    this.#documents.delete(key);
    const parts = all ? this.#parts : { ...this.#parts, turns: this.#turns };
    const sharing = found ?? new SharedMaking(new LiveDocument(targets, parts), parts);
    this.#documents.set(key, sharing);
    return sharing;
  }

  /** The ones asked for longest ago go, where they are too many or hold too much. */
  #trim(): void {
    const others = [...this.#documents].filter(([key]) => key !== '');
    let heldBytes = others.reduce((sum, [, { document }]) => sum + document.heldBytes, 0);
    let count = others.length;
    for (const [key, { document, isInUse }] of others) {
      if (count <= MOST_DOCUMENTS && heldBytes <= this.#parts.mostHeldBytes) return;
      if (isInUse) continue;
      count--;
      heldBytes -= document.heldBytes;
      this.#documents.delete(key);
      document.forget();
    }
  }
}
