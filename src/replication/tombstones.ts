// What is remembered of what was deleted in one replicated cache, so that an older write that comes late does not bring it
// back: of keys, tags, prefixes and the whole, for ten minutes, in bounded memory.
//
// Where they do not fit, marks of entries whose time was over go first: what was older ended earlier, as a rule. Then the
// oldest others go, and all of them together become one wider mark: what is older than the last of them is not taken any
// more where nothing is held under its key. It takes nothing away that is there. What is of the last ten seconds becomes no
// part of it: writes that are on their way are not refused, rather may something deleted come back after a partition.

import { startsWith } from '../cache/fence.ts';
import { isLater, type Stamp } from './stamp.ts';

export interface TombstonesParts {
  readonly now: () => number;
  readonly maxBytes: number;
  /** Whether the bytes may be held; they are charged then, until they are released. */
  readonly charge: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
}

/**
 * One mark; its name is a letter (k, t, p or w; for others e for the key of an entry whose time was over) and the text of
 * what it is about, one character a byte.
 */
export interface Mark {
  readonly name: string;
  readonly stamp: Stamp;
  readonly untilMs: number;
}

interface Kept {
  readonly stamp: Stamp;
  readonly untilMs: number;
}

export const KEPT_FOR_MS = 600_000;
/** A wider mark is older than this. */
const WIDE_FROM_MS = 10_000;
/** A map's entry and two objects. */
const COST_BYTES = 200;
/** Each is held against every key that comes. */
const MOST_PREFIXES = 1000;

export class Tombstones {
  readonly #parts: TombstonesParts;
  /** In the order in which they came. */
  readonly #deleted = new Map<string, Kept>();
  /** Keys of entries whose time was over. */
  readonly #ended = new Map<string, Kept>();
  readonly #prefixes = new Map<string, Buffer>();
  /** What was older and is not known in detail any more. */
  #wide: Kept | undefined;
  #bytes = 0;

  constructor(parts: TombstonesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#deleted.size + this.#ended.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Remembers one, `untilMs` at the latest; an older one of the same name is none any more. */
  add(name: string, stamp: Stamp, untilMs: number, isEnd = false): void {
    const nowMs = this.#parts.now();
    this.#forgetOver(nowMs);
    const known = this.#deleted.get(name) ?? this.#ended.get(name);
    if (untilMs <= nowMs || (known && !isLater(stamp, known.stamp))) return;
    this.#drop(name);
    const kept = { stamp, untilMs: Math.min(untilMs, nowMs + KEPT_FOR_MS) };
    if (name[0] === 'p' && this.#prefixes.size >= MOST_PREFIXES)
      this.#widen(this.#prefixes.keys().next().value!);
    const bytes = COST_BYTES + name.length;
    while (this.#bytes + bytes > this.#parts.maxBytes && this.size > 0) this.#forgetOldest();
    if (this.#bytes + bytes > this.#parts.maxBytes || !this.#parts.charge(bytes)) return;
    this.#bytes += bytes;
    (isEnd ? this.#ended : this.#deleted).set(name, kept);
    if (name[0] === 'p') this.#prefixes.set(name, Buffer.from(name.slice(1), 'latin1'));
  }

  /** The latest mark that is about the key itself. */
  ofKey(key: Buffer): Stamp | undefined {
    const name = `k${key.toString('latin1')}`;
    return (this.#deleted.get(name) ?? this.#ended.get(name))?.stamp;
  }

  /** Whether it may have been gone before it came: what was deleted so long ago is not known in detail. */
  isTooOld(stamp: Stamp): boolean {
    return this.#wide !== undefined && this.#concerns(this.#wide, stamp);
  }

  /** Whether what was written then, under the key and with these tags, is gone. */
  cover(key: Buffer, tags: readonly string[], stamp: Stamp): boolean {
    if (this.size === 0) return false;
    const ofKey = this.ofKey(key);
    if (ofKey && !isLater(stamp, ofKey)) return true;
    if (this.#concerns(this.#deleted.get('w'), stamp)) return true;
    if (tags.some((tag) => this.#concerns(this.#deleted.get(`t${tag}`), stamp))) return true;
    for (const [name, prefix] of this.#prefixes)
      if (startsWith(key, prefix) && this.#concerns(this.#deleted.get(name), stamp)) return true;
    return false;
  }

  /** From the `from`th on, for others. */
  *from(from: number): Iterable<Mark> {
    this.#forgetOver(this.#parts.now());
    let at = 0;
    for (const kept of [this.#deleted, this.#ended]) {
      if (at + kept.size <= from) at += kept.size;
      else {
        for (const [name, { stamp, untilMs }] of kept) {
          if (at++ < from) continue;
          yield { name: kept === this.#ended ? `e${name.slice(1)}` : name, stamp, untilMs };
        }
      }
    }
  }

  #concerns(kept: Kept | undefined, stamp: Stamp): boolean {
    return kept !== undefined && kept.untilMs > this.#parts.now() && !isLater(stamp, kept.stamp);
  }

  #forgetOver(nowMs: number): void {
    for (const kept of [this.#deleted, this.#ended]) {
      for (const [name, { untilMs }] of kept) {
        if (untilMs > nowMs) break;
        this.#drop(name);
      }
    }
    if (this.#wide && this.#wide.untilMs <= nowMs) this.#wide = undefined;
  }

  #forgetOldest(): void {
    const ended = this.#ended.keys().next().value;
    if (ended !== undefined) this.#drop(ended);
    else this.#widen(this.#deleted.keys().next().value!);
  }

  #widen(name: string): void {
    this.#noteWide(this.#deleted.get(name)!);
    this.#drop(name);
  }

  #noteWide(kept: Kept): void {
    if (kept.stamp[0] > this.#parts.now() - WIDE_FROM_MS) return;
    const wide = this.#wide ?? kept;
    const stamp = isLater(kept.stamp, wide.stamp) ? kept.stamp : wide.stamp;
    this.#wide = { stamp, untilMs: Math.max(kept.untilMs, wide.untilMs) };
  }

  #drop(name: string): void {
    if (!this.#deleted.delete(name) && !this.#ended.delete(name)) return;
    this.#prefixes.delete(name);
    this.#bytes -= COST_BYTES + name.length;
    this.#parts.release(COST_BYTES + name.length);
  }
}
