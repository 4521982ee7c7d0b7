// Names of entries, gathered turn by turn as a reply of their own: how many there are is known only at the end.

import { MAX_KEY_BYTES } from '../../cache/attributes.ts';
import type { Cache } from '../../cache/cache.ts';
import { KeyWalk } from '../../cache/key-walk.ts';
import type { CommandContext } from './context.ts';
import type { Glob } from './glob.ts';
import { Reply } from './reply.ts';

export interface ListingOptions {
  readonly glob: Glob;
  /** Where the walk begins, 0 for all there is. */
  readonly from: number;
  /** It ends when it met so many keys, matching or not, or looked at so many places. */
  readonly mostKeys: number;
  readonly mostPlaces: number;
  /** Meets keys, and gathers none. */
  readonly gathersNone?: boolean;
}

/** Of one turn, about a millisecond: places that are looked at, and names that are held against the pattern. */
const PLACES_A_TURN = 20_000;
const NAMES_A_TURN = 400;
/** So many bytes of a name, times those of the pattern, count as one name more. */
const BYTES_A_NAME = 4096;
/** Of the names of one reply, in all. */
const MOST_BYTES = 8 << 20;

export class KeyListing {
  readonly #context: CommandContext;
  readonly #options: ListingOptions;
  readonly #walk: KeyWalk;
  readonly #names: Reply;
  #count = 0;
  #met = 0;
  /** Of this turn, in names. */
  #work = 0;
  #placesLeft: number;
  #at: number;

  constructor(context: CommandContext, options: ListingOptions) {
    const { client, keyspace } = context;
    this.#context = context;
    this.#options = options;
    const { all, store } = keyspace.caches;
    const { prefix } = options.glob;
    const mayMatch = (cache: Cache): boolean =>
      cache === keyspace.defaultCache || mayBegin(prefix, `${cache.name}:`);
    this.#walk = new KeyWalk(store, all.filter(mayMatch));
    this.#names = new Reply(undefined, client.port.account);
    this.#placesLeft = options.mostPlaces;
    this.#at = options.from;
  }

  /** Where the walk would go on, 0: it is at its end. */
  get at(): number {
    return this.#at;
  }

  /** Walks as far as it is to go, then calls `end`; a promise where that takes more than a turn. Throws RoomError. */
  run(end: () => void): void | Promise<void> {
    if (!this.#step()) return this.#runOn(end);
    this.#end(end);
  }

  /** Appends the names as one array. Throws RoomError. */
  replyTo(reply: Reply): void {
    reply.array(this.#count);
    reply.raw(this.#names.bytes.subarray(0, this.#names.length));
  }

  async #runOn(end: () => void): Promise<void> {
    const { client, turn } = this.#context;
    do await turn();
    while (!client.closed && !this.#step());
    this.#end(end);
  }

  #end(end: () => void): void {
    try {
      end();
    } finally {
      this.#names.discharge();
    }
  }

  /** True when it is done. */
  #step(): boolean {
    const { clock } = this.#context;
    const most = Math.min(PLACES_A_TURN, this.#placesLeft);
    this.#work = 0;
    try {
      const visit = (cache: Cache, slot: number): boolean => this.#visit(cache, slot);
      const from = this.#at;
      this.#at = this.#walk.step(from, most, clock.now(), visit);
      this.#placesLeft -= this.#at === 0 ? 0 : this.#at - from;
    } catch (error) {
      this.#names.discharge();
      throw error;
    }
    return this.#at === 0 || this.#placesLeft === 0 || this.#isFull;
  }

  get #isFull(): boolean {
    return this.#met >= this.#options.mostKeys || this.#names.length > MOST_BYTES - MAX_KEY_BYTES;
  }

  #visit(cache: Cache, slot: number): boolean {
    this.#met++;
    if (!this.#options.gathersNone) this.#add(cache, slot);
    return !this.#isFull && this.#work < NAMES_A_TURN;
  }

  #add(cache: Cache, slot: number): void {
    const name = this.#context.keyspace.nameOf(cache, cache.shelf.store.key(slot));
    this.#work += 1 + ((name?.length ?? 0) * this.#options.glob.length) / BYTES_A_NAME;
    if (!name || !this.#options.glob.matches(name)) return;
    this.#names.bulk(name);
    this.#count++;
  }
}

/** Whether one name may begin with both. */
function mayBegin(prefix: Buffer, text: string): boolean {
  const other = Buffer.from(text, 'latin1');
  const length = Math.min(prefix.length, other.length);
  return prefix.subarray(0, length).equals(other.subarray(0, length));
}
