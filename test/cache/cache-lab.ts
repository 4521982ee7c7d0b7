// One cache (or several) on a fake clock before a scripted origin, read and written as the daemon's front does.

import * as assert from 'uvu/assert';
import {
  type Cache,
  HIT,
  NEGATIVE_HIT,
  NOT_THERE,
  REFUSED,
  STALE,
  type WriteOptions,
} from '../../src/cache/cache.ts';
import { Caches, type ChangeKind, type NewCache, type Selection } from '../../src/cache/caches.ts';
import { READ_RESULTS } from '../../src/cache/counters.ts';
import type { Answer, Waiter } from '../../src/cache/flight.ts';
import type { Times } from '../../src/cache/freshness.ts';
import type { LoadSettings } from '../../src/cache/loads.ts';
import type { SidecacheError } from '../../src/errors.ts';
import { Store, type StoreOptions } from '../../src/store/store.ts';
import { seededRandom } from '../store/seeded-random.ts';
import { accountedBytes, bytesOf, storedBytes } from '../store/shelves.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { ScriptedLoader } from './scripted-loader.ts';

export interface LabOptions {
  times?: Partial<Times>;
  settings?: Partial<LoadSettings>;
  store?: Partial<StoreOptions>;
  random?: () => number;
  withoutLoader?: boolean;
  shareBytes?: number;
  evictable?: boolean;
  foldKey?: NewCache['foldKey'];
  changed?: NewCache['changed'];
}

/** What became of one read. `result` is 'waiting' until it is answered. */
export interface Reading {
  result: 'hit' | 'stale' | 'negative' | 'not there' | 'refused' | 'waiting' | 'miss' | 'absent' | 'error';
  text: string | undefined;
  error: SidecacheError | undefined;
  answer: Answer | undefined;
  /** More than one is a defect. */
  answers: number;
}

export class Lab {
  readonly clock = new FakeClock();
  readonly loader = new ScriptedLoader();
  readonly store: Store;
  readonly caches: Caches;
  readonly cache: Cache;
  readonly unstorable: string[] = [];
  readonly defects: unknown[] = [];
  reads = 0;

  constructor(options: LabOptions = {}) {
    this.store = new Store({ memoryBytes: 4 << 20, maxValueBytes: 1 << 18, seed: [3, 4], ...options.store });
    this.caches = new Caches(this.store, this.clock, options.random ?? seededRandom(1));
    this.cache = this.add('one', options, this.loader);
  }

  add(name: string, options: LabOptions, loader = new ScriptedLoader()): Cache {
    const settings = { softTimeoutMs: undefined, concurrency: 32, queue: 1000, ...options.settings };
    const newCache: NewCache = {
      name,
      times: { ...OFF, ...options.times },
      shareBytes: options.shareBytes,
      evictable: options.evictable ?? true,
      foldKey: options.foldKey,
      changed: options.changed,
      loading: options.withoutLoader ? undefined : { loader, settings },
      unstorable: (why) => this.unstorable.push(why),
      defect: (error) => this.defects.push(error),
    };
    return this.caches.add(newCache);
  }

  read(key = 'key', cache = this.cache): Reading {
    if (cache === this.cache) this.reads++;
    const bytes = Buffer.from(key, 'latin1');
    const outcome = cache.read(bytes, 0, bytes.length, this.clock.now());
    const reading: Reading = {
      result: 'waiting',
      text: undefined,
      error: undefined,
      answer: undefined,
      answers: 0,
    };
    if (outcome === HIT || outcome === STALE) {
      reading.result = outcome === HIT ? 'hit' : 'stale';
      reading.text = storedBytes(this.store, cache.slot).toString();
    } else if (outcome === NEGATIVE_HIT) {
      reading.result = 'negative';
    } else if (outcome === NOT_THERE) {
      reading.result = 'not there';
    } else if (outcome === REFUSED) {
      reading.result = 'refused';
      reading.error = cache.refusal;
    } else {
      cache.wait(bytes, waiterOf(reading));
    }
    return reading;
  }

  write(text: string, options: Partial<WriteOptions> & { key?: string } = {}): 'created' | 'replaced' {
    const { key = 'key', ...others } = options;
    const draft = this.store.draft();
    try {
      draft.append(Buffer.from(text));
      return this.cache.write(Buffer.from(key, 'latin1'), draft, {
        contentType: 'text/plain',
        tags: [],
        ...others,
      });
    } finally {
      draft.release();
    }
  }

  /** Loads a value as a reader who finds nothing does. */
  async loaded(text: string, script: Parameters<ScriptedLoader['last']['answer']>[1] = {}, key = 'key') {
    const reading = this.read(key);
    assert.is(reading.result, 'waiting');
    this.loader.last.answer(text, script);
    await settled();
    return reading;
  }

  apply(kind: ChangeKind, selection: Partial<Omit<Selection, 'keys' | 'prefixes'>> & Selectors = {}) {
    const { caches = [this.cache], tags = [], keys = [], prefixes = [] } = selection;
    const bytes = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'));
    return this.caches.apply(kind, { caches, tags, keys: bytes(keys), prefixes: bytes(prefixes) }, 'local');
  }

  get isStored(): boolean {
    return this.cache.shelf.peek(Buffer.from('key')) !== -1;
  }

  /** Nothing is held for anybody any more, and every read was counted as one thing. */
  async end(): Promise<void> {
    await settled();
    assert.equal(this.loader.open.length, 0, 'the test left a load open');
    assert.is(this.store.room.draftBytes, 0);
    assert.is(this.store.budget.usedBytes, accountedBytes(this.store));
    assert.is(this.cache.loads?.gate.running ?? 0, 0);
    assert.is(this.cache.loads?.gate.queued ?? 0, 0);
    const { counters } = this.cache;
    assert.is(
      READ_RESULTS.reduce((sum, result) => sum + counters.reads(result), 0),
      this.reads,
      'hit + stale + miss + negative + error = reads',
    );
    assert.equal(this.defects, []);
  }
}

interface Selectors {
  keys?: readonly string[];
  prefixes?: readonly string[];
}

const OFF: Times = {
  refreshMs: undefined,
  refreshAhead: false,
  expiryMs: undefined,
  ttlMs: undefined,
  negativeMs: undefined,
  retryMs: 5000,
};

export function waiterOf(reading: Reading): Waiter {
  return {
    answered: (answer) => {
      reading.answers++;
      reading.answer = answer;
      if (answer.kind === 'error') {
        reading.result = 'error';
        reading.error = answer.error;
      } else if (answer.kind === 'absent') {
        reading.result = 'absent';
      } else {
        reading.result = answer.stale ? 'stale' : 'miss';
        reading.text = bytesOf(answer.value).toString();
        answer.value.release();
      }
    },
  };
}
