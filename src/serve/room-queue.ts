// Uploads that wait for memory: in order, unread, for a bounded time. Stopping to read is what slows their senders.

import type { Clock, Timer } from '../cache/clock.ts';
import { RoomError } from '../errors.ts';

interface Waiting {
  readonly attempt: () => boolean;
  readonly admitted: () => void;
  readonly refused: (error: RoomError) => void;
  readonly timer: Timer;
}

/** Whose upload it is; a request of node:http. */
interface Sender {
  once(event: 'close', gone: () => void): unknown;
}

const MAX_WAITING = 1000;
const MAX_WAIT_MS = 10_000;
/** Room also comes from elsewhere than from uploads that end; it is looked for this often. */
const LOOK_AGAIN_MS = 50;

export class RoomQueue {
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #looking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves once `attempt` succeeded; throws RoomError when it did not in time, or when the `sender` went meanwhile,
   * and what else `attempt` throws.
   */
  async admit(attempt: () => void, sender: Sender): Promise<void> {
    if (this.#waiting.length === 0 && succeeds(attempt)) return;
    if (this.#waiting.length >= MAX_WAITING) throw noRoom();
    await new Promise<void>((admitted, refused) => {
      const giveUp = (): void => {
        const place = this.#waiting.indexOf(waiting);
        if (place === -1) return;
        this.#waiting.splice(place, 1);
        timer.cancel();
        refused(noRoom());
      };
      const timer = this.#clock.after(MAX_WAIT_MS, giveUp);
      const waiting = { attempt: () => succeeds(attempt), admitted, refused, timer };
      this.#waiting.push(waiting);
      sender.once('close', giveUp);
      this.#lookLater();
    });
  }

  /** Some memory may have come free: admits whom it can, in order. */
  roomFreed(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      try {
        if (!first.attempt()) return;
        first.admitted();
      } catch (error) {
        first.refused(error instanceof RoomError ? error : noRoom());
      }
      first.timer.cancel();
      this.#waiting.shift();
    }
  }

  #lookLater(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#clock.after(LOOK_AGAIN_MS, () => {
      this.#looking = false;
      this.roomFreed();
      if (this.#waiting.length > 0) this.#lookLater();
    });
  }
}

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if (error instanceof RoomError) return false;
    throw error;
  }
}

function noRoom(): RoomError {
  return new RoomError('no memory came free in time for this value; try again later');
}
