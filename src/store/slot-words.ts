// Where in a slot's words each fact of an entry is. Eight words: a slot never lies in more than one line of a processor's
// cache, and a look-up that finds its slot has found all of it.

export const SLOT_WORDS = 8;
export const SLOT_BYTES = SLOT_WORDS * 4;

/** Where the entry's record is. */
export const PLACE = 0;
/** Link of the index (key-index.ts). */
export const NEXT = 1;
/** Links of the eviction list that the entry is in (recency.ts). */
export const NEWER = 2;
export const OLDER = 3;
export const VERSION = 4;
export const LOADED = 5;
/** Low half: what eviction knows (eviction/slots.ts). High half: when the entry was read. */
export const TOUCH = 6;
/** From the lowest bit: flags, content type, cohort (entries.ts). */
export const STATE = 7;
