// Who is told of all changes under a prefix, and what changed under each since they were told last. No table of reads.

import type { TrackingState } from './tracking-client.ts';
import { overlap } from './tracking-client.ts';

/** A prefix, who gave it, and what changed under it. */
interface Group {
  readonly prefix: string;
  readonly states: Set<TrackingState>;
  /** Name → number of the client that changed it last; 0: none of them. */
  changed: Map<string, number>;
  /** Of those names. */
  length: number;
}

export interface BroadcastsParts {
  /** Tells one of names that changed. */
  tell(state: TrackingState, names: readonly string[]): void;
  /** Calls `run` when what is being done is done. */
  soon(run: () => void): void;
}

/** Then they are told at once. */
const MOST_GATHERED = 1000;
const MOST_LENGTH = 64 << 10;

export class Broadcasts {
  readonly #parts: BroadcastsParts;
  readonly #groups = new Map<string, Group>();
  /** Lengths of the prefixes, and how many have each: a name is looked up once for each length. */
  readonly #lengths = new Map<number, number>();
  readonly #gathered = new Set<Group>();
  #isTellingSoon = false;

  constructor(parts: BroadcastsParts) {
    this.#parts = parts;
  }

  /** Prefixes. */
  get size(): number {
    return this.#groups.size;
  }

  add(state: TrackingState, prefix: string): void {
    let group = this.#groups.get(prefix);
    if (!group) {
      group = { prefix, states: new Set(), changed: new Map(), length: 0 };
      this.#groups.set(prefix, group);
      this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
    }
    group.states.add(state);
  }

  remove(state: TrackingState, prefix: string): void {
    const group = this.#groups.get(prefix);
    if (!group?.states.delete(state) || group.states.size > 0) return;
    this.#groups.delete(prefix);
    this.#gathered.delete(group);
    const others = this.#lengths.get(prefix.length)! - 1;
    if (others > 0) this.#lengths.set(prefix.length, others);
    else this.#lengths.delete(prefix.length);
  }

  changed(name: string, by: number): void {
    for (const length of this.#lengths.keys()) {
      const group = length <= name.length ? this.#groups.get(name.slice(0, length)) : undefined;
      if (group) this.#gather(group, name, by);
    }
  }

  /** Those to whom anything that begins with `prefix` may matter. */
  concerned(prefix: string, isMeant: (prefix: string) => boolean): Set<TrackingState> {
    const states = new Set<TrackingState>();
    for (const group of this.#groups.values())
      if (overlap(group.prefix, prefix) && isMeant(group.prefix))
        for (const state of group.states) states.add(state);
    return states;
  }

  /** What was gathered need not be told. */
  forget(): void {
    for (const group of this.#gathered) take(group);
    this.#gathered.clear();
  }

  /** Tells what was gathered. */
  flush(): void {
    for (const group of this.#gathered) this.#tell(group);
    this.#gathered.clear();
  }

  #gather(group: Group, name: string, by: number): void {
    if (!group.changed.has(name)) group.length += name.length;
    group.changed.set(name, by);
    this.#gathered.add(group);
    if (group.changed.size >= MOST_GATHERED || group.length >= MOST_LENGTH) this.#tell(group);
    if (this.#isTellingSoon) return;
    this.#isTellingSoon = true;
    this.#parts.soon(() => {
      this.#isTellingSoon = false;
      this.flush();
    });
  }

  #tell(group: Group): void {
    const changed = take(group);
    const all = [...changed.keys()];
    if (all.length === 0) return;
    for (const state of group.states) {
      const { isNoLoop } = state.options;
      const names = isNoLoop ? all.filter((name) => changed.get(name) !== state.client.id) : all;
      if (names.length > 0) this.#parts.tell(state, names);
    }
  }
}

/** What was gathered, which is none of the group's any more. */
function take(group: Group): Map<string, number> {
  const { changed } = group;
  group.changed = new Map();
  group.length = 0;
  return changed;
}
