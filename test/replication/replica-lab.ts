// An instance with one replicated cache, `kept`, on a fake clock, without a fleet: what others are told is handed on by
// the test.

import type { Cache } from '../../src/cache/cache.ts';
import { HybridClock } from '../../src/fleet/hybrid-clock.ts';
import { Log } from '../../src/log.ts';
import { type Copy, parseCopy, wireCopy } from '../../src/replication/copy.ts';
import type { Going, Replica, Taken } from '../../src/replication/replica.ts';
import { Replicas } from '../../src/replication/replicas.ts';
import { type Stamp, stampOf } from '../../src/replication/stamp.ts';
import type { Mark } from '../../src/replication/tombstones.ts';
import { NO_SLOT } from '../../src/store/entries.ts';
import type { StoreOptions } from '../../src/store/store.ts';
import { Lab } from '../cache/cache-lab.ts';
import { storedBytes } from '../store/shelves.ts';

export interface ReplicaLabOptions {
  readonly store?: Partial<StoreOptions>;
  readonly shareBytes?: number;
  readonly tombstoneBytes?: number;
}

/** JSON, as an answer to who asks for entries. */
export interface Page {
  readonly complete?: boolean;
  readonly entries?: readonly unknown[];
  readonly marks?: readonly Mark[];
  readonly answered?: number;
  readonly next?: number | null;
  readonly piece?: string | null;
}

export class ReplicaLab {
  readonly lab: Lab;
  readonly replicas: Replicas;
  readonly replica: Replica;
  readonly cache: Cache;
  readonly hybrid: HybridClock;
  readonly log: string[] = [];
  chargedBytes = 0;

  constructor(incarnation: string, { store, shareBytes, tombstoneBytes = 1 << 20 }: ReplicaLabOptions = {}) {
    this.lab = new Lab({ withoutLoader: true, ...(store && { store }) });
    this.cache = this.lab.add('kept', {
      withoutLoader: true,
      evictable: false,
      ...(shareBytes !== undefined && { shareBytes }),
    });
    this.hybrid = new HybridClock(() => this.lab.clock.now());
    this.replicas = new Replicas({
      caches: this.lab.caches,
      names: ['kept'],
      incarnation: incarnation,
      hybrid: this.hybrid,
      tombstones: {
        now: () => this.lab.clock.now(),
        maxBytes: tombstoneBytes,
        charge: (bytes) => {
          this.chargedBytes += bytes;
          return true;
        },
        release: (bytes) => {
          this.chargedBytes -= bytes;
        },
      },
      log: new Log((line) => this.log.push(line), 'warn'),
    });
    this.replica = this.replicas.get('kept')!;
  }

  /** As a client writes; returns the stamp that it got. */
  write(key: string, text: string, options: { tags?: readonly string[]; endAtMs?: number } = {}): Stamp {
    const draft = this.lab.store.draft(this.cache.shelf.stored);
    try {
      draft.append(Buffer.from(text));
      const { tags = [], endAtMs } = options;
      this.cache.write(Buffer.from(key), draft, { contentType: 'text/plain', tags, endAtMs });
    } finally {
      draft.release();
    }
    return this.stampOf(key)!;
  }

  /** As a client deletes; returns the stamp of that. */
  remove(key: string): Stamp {
    this.cache.invalidateKey(Buffer.from(key));
    this.replica.deleted(Buffer.from(key));
    return this.replica.tombstones.ofKey(Buffer.from(key))!;
  }

  /** As a call does here; the stamp is for the others, too. */
  call(going: Partial<Going>): { going: Going; stamp: Stamp } {
    const all = { keys: [], tags: [], prefixes: [], ...going };
    const stamp = this.replica.stampAt(this.hybrid.next());
    this.replica.invalidate(all, stamp);
    return { going: all, stamp };
  }

  stampOf(key: string): Stamp | undefined {
    const slot = this.cache.shelf.peek(Buffer.from(key));
    return slot === NO_SLOT ? undefined : stampOf(this.lab.store.etag(slot));
  }

  read(key: string): string | undefined {
    const slot = this.cache.shelf.peek(Buffer.from(key));
    return slot === NO_SLOT ? undefined : storedBytes(this.lab.store, slot).toString();
  }

  /** What it would tell of the key now, over the wire. */
  copyOf(key: string): Copy | undefined {
    const copy = this.replica.copyOf(Buffer.from(key), 1 << 20);
    return copy && parseCopy(JSON.parse(JSON.stringify(wireCopy(copy))));
  }

  take(copy: Copy): Taken {
    return this.replicas.take(copy, 'another');
  }

  answer(asked: Readonly<Record<string, unknown>>): Page {
    return JSON.parse(JSON.stringify(this.replicas.answer({ cache: 'kept', ...asked }))) as Page;
  }

  /** Takes all that the other has, page by page; returns how many pages. */
  takeAllFrom(other: ReplicaLab, filter: object = {}): number {
    let pages = 0;
    for (let after: number | null = 0; after !== null; pages++) {
      const page = other.answer({ after, ...filter });
      for (const wire of page.entries ?? []) this.take(parseCopy(wire)!);
      for (const mark of page.marks ?? []) this.replica.takeMark(mark);
      after = page.next ?? null;
    }
    return pages;
  }
}
