// What all RESP connections of the daemon share: the commands, the memory that replies are made in, and who is paused.

import type { Clock } from '../../cache/clock.ts';
import type { Changes } from '../../changes/changes.ts';
import type { Garbage } from '../garbage.ts';
import type { Headroom } from '../headroom.ts';
import type { RoomQueue } from '../room-queue.ts';
import { Arrivals } from './arrivals.ts';
import { Departures } from './departures.ts';
import type { Dispatch } from './dispatch.ts';
import type { Express } from './express.ts';
import type { Keyspace } from './keyspace.ts';
import type { Outbox } from './outbox.ts';
import { Reply } from './reply.ts';
import type { ServerFacts } from './server-facts.ts';
import { TurnEnd } from './turn-end.ts';

/** Replies of a turn are made in one piece of memory of this size, shared by all connections. */
const SCRATCH_BYTES = 32_768;

export interface RespServerParts {
  readonly dispatch: Dispatch;
  readonly express: Pick<Express, 'prepare' | 'look' | 'fetch' | 'run' | 'forget'>;
  readonly keyspace: Keyspace;
  readonly server: ServerFacts;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly headroom: Headroom;
  readonly garbage: Garbage;
  /** Who waits for memory to receive in. */
  readonly uploads: RoomQueue;
  /** For what nobody foresaw. */
  readonly defect: (error: unknown) => void;
  /** Lets others have their turn. */
  readonly turn: () => Promise<void>;
  /** Calls what it is given after all that came in this turn was read. */
  readonly atEndOfTurn: (run: () => void) => void;
}

export class RespServer {
  readonly parts: RespServerParts;
  /** Empty between the turns of connections. */
  scratch: Reply;
  readonly arrivals: Arrivals;
  readonly departures: Departures;
  readonly turnEnd: TurnEnd;

  constructor(parts: RespServerParts) {
    const { express, clock, defect, atEndOfTurn } = parts;
    this.parts = parts;
    this.arrivals = new Arrivals({ express, now: () => clock.now() });
    const planned = (): void => this.turnEnd.plan();
    this.departures = new Departures({ newReply: () => this.#newScratch(), planned, defect });
    this.turnEnd = new TurnEnd({ atEndOfTurn, ended: () => this.letLeave() });
    this.scratch = this.#newScratch();
  }

  /** The memory of the scratch went with what was sent, or grew too large. */
  renewScratch(): void {
    this.scratch.discharge();
    this.scratch = this.#newScratch();
  }

  /** What is in the scratch leaves soon, with what others are sent. */
  depart(outbox: Outbox): void {
    if (this.scratch.length > 0) this.scratch = this.departures.add(this.scratch, outbox);
  }

  /** Nothing waits any more: the turn ends, or what comes now may take its time. The scratch is empty where pieces wait. */
  letLeave(): void {
    this.arrivals.run();
    this.departures.leave();
  }

  /** Of a reply that grew beyond it, the memory is given back. */
  keepScratchSmall(): void {
    if (this.scratch.bytes.length > SCRATCH_BYTES) this.renewScratch();
  }

  #newScratch(): Reply {
    return new Reply(Buffer.allocUnsafeSlow(SCRATCH_BYTES), this.parts.headroom);
  }
}
