// What others tell this instance, and what it answers. Nothing of it is told onwards.

import type { Clock, Timer } from '../cache/clock.ts';
import { isCount } from './hybrid-clock.ts';
import { type Identity, parseIdentity } from './identity.ts';
import { type Inbox, parseEvents } from './inbox.ts';
import type { MessageKind, Transport } from './link.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';
import type { Modes } from './modes.ts';
import type { Outbox } from './outbox.ts';
import { type Publication, parsePublications } from './publications.ts';
import type { Roster } from './roster.ts';
import type { Statement } from './statement.ts';
import { fieldsOf, parseCounts, parseSync } from './sync-message.ts';

export interface ReceptionParts {
  readonly self: Identity;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly members: Members;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly roster: Roster;
  readonly modes: Modes;
  readonly statement: Statement;
  readonly metrics: () => Promise<string>;
  /** Told of what clients of another instance published. */
  readonly published?: ((publication: Publication) => void) | undefined;
  /** Answers who asks for entries of replicated caches. */
  readonly entries?: ((asked: Fields) => object) | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const MOST_APP_WAIT_MS = 60_000;

export class Reception {
  readonly #parts: ReceptionParts;
  /** Ends of waiting for the own app. */
  readonly #waits = new Set<() => void>();

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  /** A verified message of `from`; returns the reply. Throws nothing: what makes no sense gets a reply that says so. */
  receive(kind: MessageKind, from: string, body: unknown): unknown {
    const { self, statement, roster, transport, metrics } = this.#parts;
    const fields = fieldsOf(body);
    const identity = parseIdentity(fields.from);
    if (identity?.incarnation !== from) return { error: 'the sender is not who signed' };
    // Through the route to the own place.
    if (from === self.incarnation) return statement.syncReply(undefined, '', true);
    if (kind === 'bye') {
      roster.left(from);
      return {};
    }
    const member = roster.met(identity, transport.placeOf(identity));
    if (kind === 'sync') return this.#sync(member, from, fields);
    if (kind === 'events') return this.#events(from, fields);
    if (kind === 'confirm') return this.#confirm(from, fields);
    if (kind === 'pull') return this.#pull(member, fields);
    if (kind === 'publish') return this.#publish(fields);
    if (kind === 'entries') return this.#parts.entries?.(fields) ?? {};
    return metrics().then((text) => ({ text }));
  }

  /** Nobody waits any more. */
  close(): void {
    for (const end of this.#waits) end();
  }

  #sync(member: Member | undefined, from: string, fields: Fields): unknown {
    const { inbox, outbox, members, modes, statement } = this.#parts;
    const message = parseSync(fields);
    if (!message) return { error: 'this is no sync message' };
    inbox.meet(from, message.sequence);
    if (member) {
      modes.heard(from, message.modes);
      if (message.seen !== undefined)
        outbox.confirmed(member, message.seen, message.waiting, message.members === members.hash);
      outbox.deliver(member);
    }
    return statement.syncReply(from, message.members, message.joined);
  }

  #events(from: string, fields: Fields): unknown {
    const message = parseEvents(fields);
    if (!message) return { error: 'this is no message with events' };
    const received = this.#parts.inbox.receive(from, message);
    return { ...received, ...this.#parts.statement.known(fields.members) };
  }

  async #confirm(from: string, { sequence, within_ms: withinMs }: Fields): Promise<unknown> {
    const app = isCount(sequence) ? this.#parts.inbox.app(from, sequence) : undefined;
    if (!app) return { app: 'unknown' };
    const waitMs = isCount(withinMs) ? Math.min(withinMs, MOST_APP_WAIT_MS) : 0;
    return { app: await this.#within(waitMs, app) };
  }

  /** It fetches what it has not got, since it cannot be sent. */
  #pull(member: Member | undefined, { seen, waiting, members: hash }: Fields): unknown {
    const { clock, outbox, members } = this.#parts;
    if (!member || !isCount(seen)) return { after: 0, events: [], up_to: 0 };
    member.pulledAtMs = clock.now();
    outbox.confirmed(member, seen, parseCounts(waiting), hash === members.hash);
    return outbox.batchFor(member);
  }

  #publish(fields: Fields): unknown {
    const { published } = this.#parts;
    if (published) for (const publication of parsePublications(fields)) published(publication);
    return {};
  }

  #within<T>(waitMs: number, promise: Promise<T>): Promise<T | 'waiting'> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const end = (value: T | 'waiting'): void => {
        timer?.cancel();
        this.#waits.delete(stop);
        resolve(value);
      };
      const stop = (): void => end('waiting');
      this.#waits.add(stop);
      timer = this.#parts.clock.after(waitMs, stop);
      void promise.then(end);
    });
  }
}
