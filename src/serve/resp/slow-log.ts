// SLOWLOG: which commands took long. Nothing is timed unless CONFIG SET slowlog-log-slower-than asks for it: two looks at
// the clock are a good part of what a GET takes.
//
// Of a command its name and its keys are kept: whatever else was said may be a value, or a secret.

import type { Clock } from '../../cache/clock.ts';
import type { Room } from './account.ts';
import type { Call } from './call.ts';
import type { Client } from './client.ts';
import type { Command } from './command.ts';
import type { Reply } from './reply.ts';
import type { Setting } from './settings.ts';

/** As Redis trims what it shows. */
const MOST_SHOWN = 32;
const SHOWN_BYTES = 128;
const ENTRY_COST_BYTES = 256;
const MOST_ENTRIES = 1024;

interface SlowCommand {
  readonly id: number;
  readonly atSeconds: number;
  readonly tookUs: number;
  readonly shown: readonly string[];
  readonly address: string;
  readonly client: string;
  readonly bytes: number;
}

export class SlowLog {
  /** Commands are timed. */
  isOn = false;
  #slowerThanUs = -1;
  #most = 128;
  readonly #room: Room;
  readonly #clock: Clock;
  /** The newest last. */
  readonly #entries: SlowCommand[] = [];
  #nextId = 0;

  constructor(room: Room, clock: Clock) {
    this.#room = room;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.length;
  }

  get settings(): readonly Setting[] {
    return [
      {
        ...{ name: 'slowlog-log-slower-than', least: -1, most: Number.MAX_SAFE_INTEGER },
        get: () => this.#slowerThanUs,
        set: (us) => {
          this.#slowerThanUs = us;
          this.isOn = us >= 0 && this.#most > 0;
        },
      },
      {
        ...{ name: 'slowlog-max-len', least: 0, most: MOST_ENTRIES },
        get: () => this.#most,
        set: (count) => {
          this.#most = count;
          this.isOn = this.#slowerThanUs >= 0 && count > 0;
          this.#shrink(count);
        },
      },
    ];
  }

  /** Runs the command; one that waits took until its reply was there. */
  time(command: Command, client: Client, call: Call, run: () => void | Promise<void>): void | Promise<void> {
    const beganMs = this.#clock.now();
    const waits = run();
    if (!waits) {
      this.#ended(beganMs, client, () => shownOf(command, call));
      return undefined;
    }
    const shown = shownOf(command, call);
    return waits.then(() => this.#ended(beganMs, client, () => shown));
  }

  reset(): void {
    this.#shrink(0);
  }

  /** The `count` newest, the newest first. */
  reply(count: number, reply: Reply): void {
    const chosen = this.#entries.slice(Math.max(0, this.#entries.length - count)).reverse();
    reply.array(chosen.length);
    for (const { id, atSeconds, tookUs, shown, address, client } of chosen) {
      reply.array(6);
      for (const number of [id, atSeconds, tookUs]) reply.integer(number);
      reply.array(shown.length);
      for (const text of [...shown, address, client]) reply.bulk(Buffer.from(text, 'latin1'));
    }
  }

  #ended(beganMs: number, { name, port }: Client, shownOf: () => readonly string[]): void {
    const nowMs = this.#clock.now();
    const tookUs = Math.round((nowMs - beganMs) * 1000);
    if (!this.isOn || tookUs < this.#slowerThanUs) return;
    const shown = shownOf();
    const bytes = shown.reduce((sum, text) => sum + text.length, ENTRY_COST_BYTES);
    this.#shrink(this.#most - 1);
    if (!this.#room.charge(bytes)) return;
    const atSeconds = Math.floor(nowMs / 1000);
    const id = this.#nextId++;
    this.#entries.push({ id, atSeconds, tookUs, shown, address: port.address, client: name, bytes });
  }

  #shrink(most: number): void {
    while (this.#entries.length > most) this.#room.release(this.#entries.shift()!.bytes);
  }
}

function shownOf({ name, keys: [first, last, step] }: Command, call: Call): string[] {
  const shown = name.split('|').map((_word, i) => call.text(i));
  const lastKey = last < 0 ? call.count + last : last;
  const isKey = (i: number): boolean => first > 0 && i >= first && i <= lastKey && (i - first) % step === 0;
  for (let i = shown.length; i < call.count; i++) {
    if (shown.length === MOST_SHOWN - 1 && call.count > MOST_SHOWN) {
      shown.push(`... (${call.count - i} more arguments)`);
      break;
    }
    shown.push(isKey(i) ? trimmed(call.text(i)) : '(redacted)');
  }
  return shown;
}

function trimmed(text: string): string {
  const more = text.length - SHOWN_BYTES;
  return more > 0 ? `${text.slice(0, SHOWN_BYTES)}... (${more} more bytes)` : text;
}
