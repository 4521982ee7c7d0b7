// What a receiver remembers of who speaks to it: one session per incarnation, made at its first hello, and the counters
// seen in it. Whoever replays messages of a session that is forgotten finds none; whoever replays a hello gets the same.

import { CounterWindow } from './window.ts';

const SESSION_BYTES = 16;

/** Many more than there are members: incarnations that ended are forgotten by this alone. */
export const MAX_SESSIONS = 2000;

export interface Session {
  /** Base64url. */
  readonly id: string;
  readonly window: CounterWindow;
}

export class Sessions {
  readonly #random: (bytes: number) => Buffer;
  readonly #max: number;
  /** Least recently used first. */
  readonly #byIncarnation = new Map<string, Session>();

  constructor(random: (bytes: number) => Buffer, max = MAX_SESSIONS) {
    this.#random = random;
    this.#max = max;
  }

  get size(): number {
    return this.#byIncarnation.size;
  }

  /** At a verified hello: the session that is there, or a new one. */
  greet(incarnation: string): Session {
    const session = this.#byIncarnation.get(incarnation) ?? this.#make();
    this.#used(incarnation, session);
    if (this.#byIncarnation.size > this.#max) this.#forgetOldest();
    return session;
  }

  /** For a verified message; undefined where this session is not, or no longer, known. */
  find(incarnation: string, id: string): Session | undefined {
    const session = this.#byIncarnation.get(incarnation);
    if (session?.id !== id) return undefined;
    this.#used(incarnation, session);
    return session;
  }

  #make(): Session {
    return { id: this.#random(SESSION_BYTES).toString('base64url'), window: new CounterWindow() };
  }

  #used(incarnation: string, session: Session): void {
    this.#byIncarnation.delete(incarnation);
    this.#byIncarnation.set(incarnation, session);
  }

  #forgetOldest(): void {
    for (const incarnation of this.#byIncarnation.keys()) {
      this.#byIncarnation.delete(incarnation);
      return;
    }
  }
}
