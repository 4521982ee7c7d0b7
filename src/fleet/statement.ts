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
    const { members, inbox } = this.#parts;
    return {
      members: members.hash,
      ...this.#state(to),
      ...(!isJoined && { vector: inbox.vector }),
      ...this.listFor(hash),
    };
  }

  /** The list of members, for one that knows others than this instance does. */
  listFor(hash: unknown): object {
    const { members, clock } = this.#parts;
    return hash === members.hash ? {} : { list: members.list(clock.now()) };
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
