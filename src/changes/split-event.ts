// A call about more than one event says, as several: each daemon would read the whole as about the caches whole.

import type { NewEvent } from '../fleet/event.ts';

/** Of one event; what is longer on the wire than 256 KiB is about the caches whole. */
const MOST_LENGTH = 192 << 10;
const MOST_PREFIXES = 100;
/** A byte of a key may be written as three characters. */
const LONGEST = 3;

export function partsOf(event: NewEvent): NewEvent[] {
  const parts: { keys: Buffer[]; tags: string[]; prefixes: Buffer[] }[] = [];
  let length = Number.POSITIVE_INFINITY;
  const next = (bytes: number) => {
    length += LONGEST * bytes + 3;
    if (length > MOST_LENGTH || parts.at(-1)!.prefixes.length >= MOST_PREFIXES) {
      parts.push({ keys: [], tags: [], prefixes: [] });
      length = LONGEST * bytes + 3;
    }
    return parts.at(-1)!;
  };
  for (const key of event.keys) next(key.length).keys.push(key);
  for (const tag of event.tags) next(tag.length).tags.push(tag);
  for (const prefix of event.prefixes) next(prefix.length).prefixes.push(prefix);
  return parts.length === 0 ? [event] : parts.map((part) => ({ ...event, ...part }));
}
