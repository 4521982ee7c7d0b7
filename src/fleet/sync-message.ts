// What two daemons tell each other when they meet, and at each sync interval from then on.

import { isCount } from './hybrid-clock.ts';
import { isIncarnation } from './identity.ts';

export interface SyncMessage {
  /** The sender's last event. */
  readonly sequence: number;
  /** The receiver's last event that the sender has applied; undefined where it does not know the receiver. */
  readonly seen: number | undefined;
  /** Those of the receiver's events that the sender's app has not taken. */
  readonly waiting: readonly number[];
  /** Whether the sender serves already. */
  readonly joined: boolean;
  /** Hash of the members that the sender knows; empty: it wants the list in any case. */
  readonly members: string;
  /** The mode of each of its caches. */
  readonly modes: Readonly<Record<string, string>>;
}

export interface SyncReply extends SyncMessage {
  /** Every origin and what was applied of it; to who is joining. */
  readonly vector: Readonly<Record<string, number>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Undefined where it is no such message. */
export function parseSync(body: unknown): SyncMessage | undefined {
  const { sequence, seen, waiting, joined, members, modes } = fieldsOf(body);
  if (!isCount(sequence) || typeof joined !== 'boolean' || typeof members !== 'string') return undefined;
  return {
    sequence,
    seen: isCount(seen) ? seen : undefined,
    waiting: parseCounts(waiting),
    joined,
    members,
    modes: parseModes(modes),
  };
}

export function parseCounts(value: unknown): number[] {
  return Array.isArray(value) ? value.slice(0, MOST_COUNTS).filter(isCount) : [];
}

export function parseSyncReply(body: unknown): SyncReply | undefined {
  const message = parseSync(body);
  return message && { ...message, vector: parseVector(fieldsOf(body).vector) };
}

export function fieldsOf(body: unknown): Fields {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Fields) : {};
}

const MOST_MODES = 1000;
const MOST_COUNTS = 1000;

function parseModes(value: unknown): Record<string, string> {
  const entries = Object.entries(fieldsOf(value)).slice(0, MOST_MODES);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function parseVector(value: unknown): Record<string, number> {
  const entries = Object.entries(fieldsOf(value));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => isIncarnation(entry[0]) && isCount(entry[1])),
  );
}
