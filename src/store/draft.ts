// A value that is being received: charged from its first byte, and an entry only once it is committed.
//
// Where the length is announced its whole cost is charged at once, so what is admitted can also finish. Short values
// wait in the pieces they came in; longer ones go straight into pages.

import { TooLargeError } from '../errors.ts';
import { PageWriter } from './page-writer.ts';
import { NO_PAGE, PAGE_BYTES, PAGE_COST_BYTES, type Pages } from './pages.ts';
import { PAGED_FROM_BYTES } from './record.ts';
import type { StoreCache } from './store-cache.ts';
import type { Value } from './value.ts';

/** Values up to here are written together with their key, longer ones into pages of their own. */
export const SHORT_VALUE_BYTES = PAGED_FROM_BYTES - 1;
/** What the pieces of a short value cost beyond their bytes. */
const PIECES_COST_BYTES = 512;
/** More are made one: each costs some hundred bytes, and a sender may send byte by byte. */
const MAX_PIECES = 8;

/** What a draft needs of the store: memory, and the bound of what all drafts together may hold. */
export interface DraftRoom {
  readonly pages: Pages;
  readonly maxValueBytes: number;
  /** Charges for drafts of `cache`; throws RoomError. */
  chargeDraft(bytes: number, cache: StoreCache | undefined): void;
  /** Charges what is held already. */
  rechargeDraft(bytes: number): void;
  releaseDraft(bytes: number): void;
}

export class Draft implements Value {
  readonly #room: DraftRoom;
  readonly #cache: StoreCache | undefined;
  readonly #chain: PageWriter;
  #pieces: Uint8Array[] = [];
  #chargedBytes = 0;
  #spilled = false;
  #length = 0;
  #holders = 1;
  /** The chain belongs to an entry now. */
  #handedOver = false;

  constructor(room: DraftRoom, cache: StoreCache | undefined) {
    this.#room = room;
    this.#cache = cache;
    this.#chain = new PageWriter(room.pages);
  }

  get length(): number {
    return this.#length;
  }

  get isShort(): boolean {
    return !this.#spilled;
  }

  /** Announces the length before the first byte; throws TooLargeError or RoomError. */
  expect(bytes: number): void {
    this.#refuseReleased();
    this.#refuseOver(bytes);
    this.#chargeUpTo(bytes > SHORT_VALUE_BYTES ? pagesCost(bytes) : bytes + PIECES_COST_BYTES);
    if (bytes > SHORT_VALUE_BYTES) this.#spilled = true;
  }

  /** Keeps `chunk`, or copies it where the value is long; throws TooLargeError or RoomError. */
  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    this.#refuseReleased();
    this.#refuseOver(length);
    if (!this.#spilled && length > SHORT_VALUE_BYTES) this.#spill(length);
    if (this.#spilled) {
      this.#chargeUpTo(pagesCost(length));
      this.#chain.append(chunk);
    } else {
      this.#chargeUpTo(length + PIECES_COST_BYTES);
      if (this.#pieces.length === MAX_PIECES) this.bytes();
      this.#pieces.push(chunk);
    }
    this.#length = length;
  }

  copy(position: number, target: Uint8Array, at: number, length: number): void {
    if (this.#spilled) this.#room.pages.read(this.#chain.head, position, target, at, length);
    else target.set(this.bytes().subarray(position, position + length), at);
  }

  /** The bytes of a short value. */
  bytes(): Uint8Array {
    if (this.#pieces.length !== 1) this.#pieces = [joined(this.#pieces, this.#length)];
    return this.#pieces[0]!;
  }

  /** One more who will call `release`. */
  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (this.#holders === 0 || --this.#holders > 0) return;
    if (!this.#handedOver && this.#chain.head !== NO_PAGE) this.#room.pages.free(this.#chain.head);
    this.uncharge();
    this.#pieces = [];
  }

  /** Gives the full pages of a long value to an entry, and copies what is behind them into `rest`. It is read no more. */
  handOver(rest: Uint8Array): number {
    this.#handedOver = true;
    this.#chain.cutTail(rest);
    return this.#chain.head;
  }

  /** Takes the charge off, as it is to be made for the entry; returns how much it was. */
  uncharge(): number {
    const bytes = this.#chargedBytes;
    this.#chargedBytes = 0;
    this.#room.releaseDraft(bytes);
    return bytes;
  }

  /** Undoes `uncharge`, where the draft did not become an entry. */
  charge(bytes: number): void {
    this.#chargedBytes = bytes;
    this.#room.rechargeDraft(bytes);
  }

  /** Who goes on sending to what was given up is stopped: nobody would release what that takes. */
  #refuseReleased(): void {
    if (this.#holders === 0) throw new Error('draft: it was released');
  }

  #refuseOver(bytes: number): void {
    const most = this.#room.maxValueBytes;
    if (bytes > most) throw new TooLargeError(`the value is larger than max_value allows (${most} bytes)`);
  }

  #spill(length: number): void {
    this.#chargeUpTo(pagesCost(length));
    this.#spilled = true;
    for (const piece of this.#pieces) this.#chain.append(piece);
    this.#pieces = [];
  }

  #chargeUpTo(bytes: number): void {
    const more = bytes - this.#chargedBytes;
    if (more <= 0) return;
    this.#room.chargeDraft(more, this.#cache);
    this.#chargedBytes = bytes;
  }
}

/** In memory of its own: a piece of Node's pool would hold the whole slab, 64 KiB on Node 24. */
function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function pagesCost(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_COST_BYTES;
}
