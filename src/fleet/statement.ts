// What this instance says of itself in its messages: who it is, whom it knows, how far it is.

import type { Clock } from '../cache/clock.ts';
import { type Identity, wireIdentity } from './identity.ts';
import type { Inbox } from './inbox.ts';
import type { Members } from './members.ts';
import type { Modes } from './modes.ts';

export interface StatementParts {
  readonly self: Identity;
  readonly clock: Clock;
  readonly members: Members;
  readonly inbox: Inbox;
  readonly modes: Modes;
  /** Sequence of the last own event. */
  readonly latest: () => number;
  /** Members up to which everybody who knows others is sent the list unasked. */
  readonly few: number;
}

export class Statement {
  readonly #parts: StatementParts;
  readonly #from: object;

  constructor(parts: StatementParts) {
    this.#parts = parts;
    this.#from = wireIdentity(parts.self);
  }

  /** In every message. */
  get sender(): { from: object; members: string } {
    return { from: this.#from, members: this.#parts.members.hash };
  }

  /** A sync message to one, or to whoever is there. */
  sync(to: string | undefined, wantsList: boolean): object {
    return { ...this.sender, ...this.#state(to), ...(wantsList && { members: '' }) };
  }

  /** `hash`: of the members that the asker knows. */
  syncReply(to: string | undefined, hash: string, isJoined: boolean): object {
    const vector = isJoined ? {} : { vector: this.#parts.inbox.vector };
    return { ...this.#state(to), ...vector, ...this.known(hash) };
  }

  /**
   * Whom this instance knows, for one that knows others. Of many only the hash: else whoever tells all of them
   * something while one joins would get as many lists; it asks one of them.
   */
  known(hash: unknown): object {
    const { members, clock, few } = this.#parts;
    const isSent = hash === '' || (hash !== members.hash && members.size <= few);
    return { members: members.hash, ...(isSent && { list: members.list(clock.now()) }) };
  }

  #state(to: string | undefined): object {
    const { inbox, modes, latest } = this.#parts;
    const seen = to === undefined ? undefined : inbox.seen(to);
    const waiting = to === undefined ? [] : inbox.waiting(to);
    return {
      sequence: latest(),
      ...(seen !== undefined && { seen }),
      ...(waiting.length > 0 && { waiting }),
      joined: !inbox.joining,
      modes: modes.own,
    };
  }
}
