// Who tracks, and how each is told: itself, or another in its place.

import type { Reply } from './reply.ts';
import type { TrackedClient, TrackingState } from './tracking-client.ts';
import { writeBrokenRedirect, writeChanged } from './tracking-frames.ts';
import { namesOf, type Row, readersOf } from './tracking-table.ts';

/** Who is to be told more at one time is told that all changed. */
const MOST_NAMES = 1000;
const MOST_LENGTH = 64 << 10;

/** What one is to be told. */
interface Gathered {
  readonly names: string[];
  length: number;
}

export class TrackingNotices {
  /** By the number of the client. */
  readonly states = new Map<number, TrackingState>();
  readonly #clientOf: (id: number) => TrackedClient | undefined;

  constructor(clientOf: (id: number) => TrackedClient | undefined) {
    this.#clientOf = clientOf;
  }

  /** Its readers; not who changed it, if that wants to hear nothing of its own changes. */
  tellOf(row: Row, by: number): void {
    const write = writeChanged(namesOf(row));
    for (const id of readersOf(row)) {
      const state = this.states.get(id);
      if (!state || state.options.isBroadcast || (id === by && state.options.isNoLoop)) continue;
      this.tell(state, write);
    }
  }

  /** Of many rows at one time. */
  tellOfAll(rows: readonly Row[]): void {
    const gatheredFor = new Map<TrackingState, Gathered>();
    for (const row of rows) {
      for (const id of readersOf(row)) {
        const state = this.states.get(id);
        if (!state || state.options.isBroadcast) continue;
        const gathered = gatheredFor.get(state) ?? { names: [], length: 0 };
        gatheredFor.set(state, gathered);
        if (!isTooMuch(gathered)) gather(gathered, namesOf(row));
      }
    }
    for (const [state, gathered] of gatheredFor)
      this.tell(state, isTooMuch(gathered) ? ALL_CHANGED : writeChanged(gathered.names));
  }

  /** RESP2 has no pushes: there only another client can be told, which is subscribed for it. */
  tell(state: TrackingState, write: (reply: Reply) => void): void {
    const { client, options } = state;
    const target = options.redirect === 0 ? client : this.#clientOf(options.redirect);
    if (!target) {
      state.isRedirectBroken = true;
      if (client.proto === 3) client.port.push(writeBrokenRedirect(options.redirect));
    } else if (target.proto === 3 || (options.redirect !== 0 && target.isSubscriber)) {
      target.port.push(write);
    }
  }
}

function gather(gathered: Gathered, names: readonly string[]): void {
  for (const name of names) {
    gathered.names.push(name);
    gathered.length += name.length;
  }
}

function isTooMuch({ names, length }: Gathered): boolean {
  return names.length > MOST_NAMES || length > MOST_LENGTH;
}

export const ALL_CHANGED = writeChanged(undefined);
