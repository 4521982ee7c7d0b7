// What one does whom the others cannot reach: it fetches what they have. So it is where another has the same place and
// routing leads to either of the two, and where no place that is configured leads here.

import type { Clock, Timer } from '../cache/clock.ts';
import type { EventsMessage } from './inbox.ts';
import type { Place, Transport } from './link.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';

export interface PullingParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly members: Members;
  readonly reachesItselfAt: (place: Place) => Promise<boolean>;
  readonly pull: (member: Member) => Promise<EventsMessage | undefined>;
  readonly receive: (origin: string, message: EventsMessage) => void;
}

const EVERY_MS = 1000;
/** A router may lead to the two in turn: so many times in a row it must have led here. */
const ENOUGH_TIMES = 3;

export class Pulling {
  readonly #parts: PullingParts;
  readonly #asked = new Set<Member>();
  #timer: Timer | undefined;
  #isChecking = false;
  #isClosed = false;
  #reachedTimes = 0;

  constructor(parts: PullingParts) {
    this.#parts = parts;
  }

  /** Begins, or ends, as the way to the own place is. Called at each interval, and when a twin was met. */
  async check(): Promise<void> {
    const { own, kind } = this.#parts.transport;
    if (own === undefined && (kind === 'list' || kind === 'dns')) {
      // None of the places that there are leads here.
      if (this.#timer === undefined && !this.#isClosed) this.#pullAll();
      return;
    }
    if (own === undefined || !this.#hasTwinAt(own)) {
      this.#stop();
      return;
    }
    if (this.#isChecking || this.#isClosed) return;
    this.#isChecking = true;
    const isReached = await this.#parts.reachesItselfAt(own);
    this.#isChecking = false;
    this.#reachedTimes = isReached ? this.#reachedTimes + 1 : 0;
    if (!isReached && this.#timer === undefined && !this.#isClosed) this.#pullAll();
    if (this.#reachedTimes >= ENOUGH_TIMES) this.#stop();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #hasTwinAt(own: Place): boolean {
    const { members, transport } = this.#parts;
    return members.all.some(({ identity }) => transport.placeOf(identity) === own);
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #pullAll(): void {
    this.#timer = this.#parts.clock.after(EVERY_MS, () => this.#pullAll());
    for (const member of this.#parts.members.all) if (!this.#asked.has(member)) void this.#pullFrom(member);
  }

  /** Until there is nothing more to fetch: each request confirms what the last one brought. */
  async #pullFrom(member: Member): Promise<void> {
    this.#asked.add(member);
    for (let isMore = true; isMore && !this.#isClosed; ) {
      const message = await this.#parts.pull(member);
      if (message) this.#parts.receive(member.identity.incarnation, message);
      isMore = message !== undefined && (message.events.length > 0 || message.lost.length > 0);
    }
    this.#asked.delete(member);
  }
}
