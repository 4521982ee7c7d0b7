// The loads of one cache: who waits for which, what comes of them, and what is kept.
//
//   join or take off ─ gate ─ loader ─ land: fence ─ keep ─ answer all who wait
//
// Promise 1 (one load) is the map of flights: a key has at most one, and only the flight that still stands in the map
// when it lands is kept. Promise 2 (fence) is what takes flights out of it: a change of their key, of a prefix of it,
// of a tag of the entry they replace or of the whole cache grounds them, and who comes after starts another. One that
// still waits at the gate stays: it will see the change. The tags of an answer are known only when it lands; the fence
// remembers which of them changed since the load began.

import { LoadError, RequestError, RoomError, SidecacheError } from '../errors.ts';
import { LOADING, NO_SLOT } from '../store/entries.ts';
import type { Clock, Timer } from './clock.ts';
import type { Counters, LoadResult, LoadTrigger, ReadResult } from './counters.ts';
import { Failures } from './failures.ts';
import { type Fence, type FencedCache, startsWith } from './fence.ts';
import { type Answer, Flight, type Revalidated, type Waiter, type Waiting } from './flight.ts';
import { LoadGate } from './load-gate.ts';
import type { Loaded, Loader } from './loader.ts';
import type { Shelf } from './shelf.ts';

/** Flag of an entry: a load of it is under way. */

/** What a load holds beside its body and its key, which it holds twice. */
const FLIGHT_COST_BYTES = 2048;

type Landed<K extends Loaded['kind']> = Extract<Loaded, { kind: K }>;
/** An answer before it is known who had started the load. */
type Shared = Exclude<Answer, { kind: 'error' }>;

export interface LoadSettings {
  readonly softTimeoutMs: number | undefined;
  readonly concurrency: number;
  readonly queue: number;
}

export interface LoadsParts {
  readonly name: string;
  readonly settings: LoadSettings;
  readonly loader: Loader;
  readonly shelf: Shelf;
  readonly fence: Fence;
  readonly fenced: FencedCache;
  readonly clock: Clock;
  readonly random: () => number;
  readonly counters: Counters;
  /** Told why an answer may not be stored. */
  readonly unstorable: (why: string) => void;
  /** Told of each load that the origin failed, and of the first that it answered after some. */
  readonly loadFailed?: (error: SidecacheError, key: Buffer, inARow: number) => void;
  /** Told when a load has replaced, or dropped, what was stored under the key. */
  readonly replaced?: ((key: Buffer) => void) | undefined;
  readonly loadRecovered?: (afterFailures: number) => void;
  /** Told of what a waiter threw. */
  readonly defect?: ((error: unknown) => void) | undefined;
}

export class Loads {
  readonly failures: Failures;
  readonly gate: LoadGate;
  readonly #parts: LoadsParts;
  readonly #shelf: Shelf;
  readonly #fence: Fence;
  readonly #clock: Clock;
  /** The one load of each key that who asks now may join. */
  readonly #flights = new Map<string, Flight>();
  /** Those, and the ones that nobody may join any more. */
  readonly #underWay = new Set<Flight>();
  #lookingForOrigin: Timer | undefined;
  #closed = false;

  constructor(parts: LoadsParts) {
    this.#parts = parts;
    this.#shelf = parts.shelf;
    this.#fence = parts.fence;
    this.#clock = parts.clock;
    this.failures = new Failures(parts.shelf.times.retryMs, parts.random);
    this.gate = new LoadGate(parts.settings.concurrency, parts.settings.queue);
  }

  // --- asking

  /** The error to repeat, where the origin is to be left alone for this key; undefined where it may be asked. */
  refusal(keyText: string, cold: boolean, nowMs: number): SidecacheError | undefined {
    const { failures } = this;
    const leftMs = failures.retryAtMs(keyText, cold) - nowMs;
    if (leftMs <= 0 || this.#flights.has(keyText)) return undefined;
    return failures.of(keyText)?.error ?? this.#breakerError(leftMs);
  }

  /** Joins the key's load or starts it. */
  join(key: Buffer, waiter: Waiter): void {
    const keyText = key.toString('latin1');
    const flying = this.#flights.get(keyText);
    const flight = flying ?? this.#takeOff(key, keyText, 'miss');
    if (!flight) {
      this.#answerInstead(key, waiter, this.gate.isFull ? this.#queueFull() : noRoom());
      return;
    }
    const limited = this.#withSoftLimit(key, waiter);
    flight.waiting.push({ waiter: limited, askedAt: this.#fence.now, collapsed: flying !== undefined });
    if (!flying) this.gate.enter(() => void this.#fly(flight));
  }

  /**
   * Starts a load that no reader waits for; false where there is one, or no place, or the origin is to be left alone.
   * The room that it takes may cost any entry, its own, too.
   */
  startBehind(key: Buffer, trigger: LoadTrigger, waiter?: Waiter): boolean {
    const keyText = key.toString('latin1');
    if (this.#closed || this.#flights.has(keyText)) return false;
    if (this.failures.any && this.#clock.now() < this.failures.retryAtMs(keyText, false)) return false;
    const flight = this.#takeOff(key, keyText, trigger);
    if (!flight) return false;
    // Before it enters: it may have ended when that returns.
    if (waiter) flight.waiting.push({ waiter, askedAt: this.#fence.now, collapsed: true });
    this.gate.enter(() => void this.#fly(flight));
    return true;
  }

  isLoading(slot: number): boolean {
    return this.#shelf.hasFlag(slot, LOADING);
  }

  /** Loads the key now, or joins its load; resolves when that ended, however it ended. */
  reload(key: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const flying = this.#flights.get(key.toString('latin1'));
      const answered = (answer: Answer): void => {
        if (answer.kind === 'value') answer.value.release();
        resolve();
      };
      const waiter = { uncounted: true, answered };
      if (flying) flying.waiting.push({ waiter, askedAt: this.#fence.now, collapsed: true });
      else if (!this.startBehind(key, 'call', waiter)) resolve();
    });
  }

  // --- fencing

  /** Who comes now starts another load of the key, and the one under way is not kept. */
  ground(keyText: string): void {
    const flight = this.#flights.get(keyText);
    if (flight?.hasBegun) this.#leaveMap(flight);
  }

  groundPrefix(prefix: Buffer): void {
    for (const flight of [...this.#flights.values()]) {
      if (flight.hasBegun && startsWith(flight.key, prefix)) this.#leaveMap(flight);
    }
  }

  /** Those whose entry has the tag now. */
  groundTagged(tag: string): void {
    const { store, stored } = this.#shelf;
    for (const flight of [...this.#flights.values()]) {
      const slot = store.find(stored, flight.key, 0, flight.key.length);
      if (flight.hasBegun && slot !== NO_SLOT && store.tags(slot).includes(tag)) this.#leaveMap(flight);
    }
  }

  groundAll(): void {
    for (const flight of [...this.#flights.values()]) if (flight.hasBegun) this.#leaveMap(flight);
  }

  /** No load starts any more; those under way are given up, and who waits for them gets an error. */
  close(): void {
    this.#closed = true;
    this.#lookingForOrigin?.cancel();
    for (const flight of [...this.#underWay]) flight.abort.abort();
    this.#parts.loader.close();
  }

  // --- a load's life

  /** Undefined where there is no place for it at the gate, or no room. */
  #takeOff(key: Buffer, keyText: string, trigger: LoadTrigger): Flight | undefined {
    if (this.gate.isFull || !this.#shelf.store.budget.charge(costOf(key))) return undefined;
    const flight = new Flight(key, keyText, trigger);
    this.#flights.set(keyText, flight);
    this.#underWay.add(flight);
    this.#flagLoading(key, true);
    if (this.failures.breakerOpen) this.failures.probing(this.#clock.now());
    return flight;
  }

  /** From its place in the gate to its last answer. Never throws. */
  async #fly(flight: Flight): Promise<void> {
    const { store, stored } = this.#shelf;
    flight.begin(this.#clock.now(), this.#fence.now);
    try {
      if (this.#closed) throw stopping();
      if (!this.#isWanted(flight)) return;
      this.#flagLoading(flight.key, true);
      this.#holdOld(flight);
      flight.draft = store.draft(stored);
      this.#land(flight, await this.#load(flight));
    } catch (error) {
      this.#crash(flight, error);
    } finally {
      this.#end(flight);
    }
    // Only now is its place at the gate free for them.
    for (const waiter of flight.again) this.join(flight.key, waiter);
  }

  /** What the loader brings; or an error as soon as the load is given up, even where the loader does not care. */
  #load({ key, draft, abort, revalidated }: Flight): Promise<Loaded> {
    const { signal } = abort;
    const loading = this.#parts.loader.load({ key, etag: revalidated?.etag, signal, sink: draft! });
    return new Promise((resolve, reject) => {
      loading.then(resolve, reject);
      if (signal.aborted) reject(stopping());
      signal.addEventListener('abort', () => reject(stopping()), { once: true });
    });
  }

  #end(flight: Flight): void {
    this.#leaveMap(flight);
    this.#underWay.delete(flight);
    flight.draft?.release();
    flight.revalidated?.value.release();
    this.#shelf.store.budget.release(costOf(flight.key));
    this.gate.leave();
  }

  #leaveMap(flight: Flight): void {
    if (this.#flights.get(flight.keyText) !== flight) return;
    this.#flights.delete(flight.keyText);
    this.#flagLoading(flight.key, false);
  }

  #flagLoading(key: Buffer, on: boolean): void {
    const slot = this.#shelf.store.find(this.#shelf.stored, key, 0, key.length);
    if (slot !== NO_SLOT) this.#shelf.setFlag(slot, LOADING, on);
  }

  /** An old value with the origin's ETag is kept while the origin is asked whether it still holds. */
  #holdOld(flight: Flight): void {
    const { store, stored } = this.#shelf;
    const slot = store.find(stored, flight.key, 0, flight.key.length);
    if (slot === NO_SLOT || store.etag(slot) === '') return;
    flight.revalidated = {
      value: store.hold(slot),
      contentType: store.contentType(slot),
      etag: store.etag(slot),
      tags: store.tags(slot),
      version: this.#shelf.version(slot),
      freshMs: this.#shelf.originFreshMs(slot),
    };
  }

  #land(flight: Flight, loaded: Loaded): void {
    const failures = this.failures.inARow;
    this.failures.succeeded(flight.keyText);
    if (failures > 0) this.#parts.loadRecovered?.(failures);
    if (loaded.kind === 'value') this.#landValue(flight, loaded);
    else if (loaded.kind === 'unchanged') this.#landUnchanged(flight, loaded);
    else this.#landAbsent(flight, loaded);
  }

  #landValue(flight: Flight, loaded: Landed<'value'>): void {
    const { contentType, terms, tags, status } = loaded;
    const slot = this.#keepValue(flight, loaded);
    const nowMs = this.#clock.now();
    const shared: Shared & { kind: 'value' } =
      slot === NO_SLOT
        ? {
            kind: 'value',
            stale: false,
            value: flight.draft!.retain(),
            contentType,
            etag: loaded.etag ?? '',
            ageMs: terms.ageMs,
            freshForMs: 0,
            stored: false,
            status,
            collapsed: false,
          }
        : this.#shelf.answer(slot, nowMs, { stale: false, status });
    // Held before others hear of it: what they are told takes room, and may cost the entry.
    if (slot !== NO_SLOT) this.#parts.replaced?.(flight.key);
    this.#answerAll(flight, tags, shared);
    shared.value.release();
  }

  /** Keeps the value where it may be kept and there is room, of which others are to be told; else it is only served. */
  #keepValue(flight: Flight, loaded: Landed<'value'>): number {
    const { contentType, terms, tags } = loaded;
    if (!this.#mayKeep(flight, tags)) return this.#notKept(flight);
    const attributes = { contentType, etag: loaded.etag ?? '', tags };
    const keep = (): number => this.#shelf.keep(flight.key, flight.draft!, attributes, terms);
    const slot = terms.unstorable === undefined ? this.#tryKeep(keep) : NO_SLOT;
    if (slot === NO_SLOT) return this.#notKept(flight, terms.unstorable ?? 'no-room');
    this.#count(flight, 'stored');
    return slot;
  }

  /** Where the value itself is what may not be kept, neither is what it was to replace. */
  #notKept(flight: Flight, why?: string): number {
    this.#count(flight, why === undefined ? 'void' : 'unstorable');
    if (why !== undefined) {
      this.#shelf.remove(flight.key);
      this.#parts.unstorable(why);
      this.#parts.replaced?.(flight.key);
    }
    return NO_SLOT;
  }

  #tryKeep(keep: () => number): number {
    try {
      return keep();
    } catch (error) {
      if (error instanceof SidecacheError) return NO_SLOT;
      throw error;
    }
  }

  #landUnchanged(flight: Flight, loaded: Landed<'unchanged'>): void {
    const old = flight.revalidated;
    if (!old) throw new LoadError('load_failed', 'the origin answered 304 to a request without a condition');
    const concerning = [...old.tags, ...(loaded.tags ?? [])];
    const slot = this.#keepUnchanged(flight, loaded, old, concerning);
    this.#answerAll(flight, concerning, {
      kind: 'value',
      stale: false,
      value: old.value,
      contentType: old.contentType,
      etag: old.etag,
      ageMs: loaded.terms.ageMs,
      freshForMs: slot === NO_SLOT ? 0 : this.#shelf.freshForMs(slot, this.#clock.now()),
      stored: slot !== NO_SLOT,
      status: loaded.status,
      collapsed: false,
    });
  }

  /** The entry's times begin anew, where it is still the one that was asked about. */
  #keepUnchanged(
    flight: Flight,
    { tags, terms }: Landed<'unchanged'>,
    old: Revalidated,
    concerning: readonly string[],
  ): number {
    const { store, stored } = this.#shelf;
    if (!this.#mayKeep(flight, concerning)) return this.#notKept(flight);
    const slot = this.#shelf.peek(flight.key);
    if (slot === NO_SLOT || this.#shelf.version(slot) !== old.version) return this.#notKept(flight);
    if (terms.unstorable !== undefined) return this.#notKept(flight, terms.unstorable);
    const renewed = this.#tryKeep(() => {
      this.#shelf.renew(slot, { ...terms, freshMs: terms.freshMs ?? old.freshMs });
      if (store.isLive(stored, slot)) store.retag(stored, slot, tags ?? old.tags);
      return slot;
    });
    if (renewed === NO_SLOT) return this.#notKept(flight, 'no-room');
    this.#count(flight, 'unchanged');
    return store.isLive(stored, slot) ? slot : NO_SLOT;
  }

  #landAbsent(flight: Flight, { status, tags = [] }: Landed<'absent'>): void {
    const { negativeMs } = this.#shelf.times;
    const kept = this.#mayKeep(flight, tags);
    if (kept) this.#shelf.remove(flight.key);
    if (kept && negativeMs !== undefined) this.#shelf.keepAbsence(flight.key, negativeMs, tags);
    this.#count(flight, kept ? 'absent' : 'void');
    if (kept) this.#parts.replaced?.(flight.key);
    this.#answerAll(flight, tags, { kind: 'absent', status, collapsed: false });
  }

  #crash(flight: Flight, thrown: unknown): void {
    const error = this.#named(thrown);
    this.#noteFailure(flight, error);
    this.#count(flight, error.code === 'load_timeout' ? 'timeout' : 'failed');
    // Out of the map first: who is told and asks again must not join what has ended.
    this.#leaveMap(flight);
    for (const { waiter } of flight.waiting) this.#answerInstead(flight.key, waiter, error);
  }

  /** Whatever it was, asking again at once would bring it again; but for what the origin was never asked. */
  #noteFailure(flight: Flight, error: SidecacheError): void {
    if (error instanceof RequestError || error.code === 'load_refused') return;
    const originFailed = error instanceof LoadError && !error.ofKeyOnly;
    this.failures.failed(flight.keyText, error, originFailed, this.#clock.now());
    if (originFailed && error.unreachable) this.#lookForOrigin();
    if (!(error instanceof RoomError)) this.#parts.loadFailed?.(error, flight.key, this.failures.inARow);
  }

  #named(thrown: unknown): SidecacheError {
    if (thrown instanceof SidecacheError) return thrown;
    return new LoadError('load_failed', `loading for cache '${this.#parts.name}' failed`, { cause: thrown });
  }

  /** While the origin cannot even be connected to, looks once per `retry` whether it can be again. */
  #lookForOrigin(): void {
    if (this.#lookingForOrigin || this.#closed) return;
    this.#lookingForOrigin = this.#clock.after(this.#shelf.times.retryMs, async () => {
      const reachable = await this.#parts.loader.reachable();
      this.#lookingForOrigin = undefined;
      if (reachable) this.failures.endPauses(this.#clock.now());
      else if (this.failures.any) this.#lookForOrigin();
    });
  }

  /** Only the flight that still stands for its key, and that no change of its tags concerns, may be kept. */
  #mayKeep(flight: Flight, tags: readonly string[]): boolean {
    if (this.#shelf.passesThrough || this.#flights.get(flight.keyText) !== flight) return false;
    if (!this.#tagsChanged(tags, flight.since)) return this.#isWanted(flight);
    // What is still stored turns out to have been changed, too: its next reader has it loaded anew.
    const slot = this.#shelf.peek(flight.key);
    if (slot !== NO_SLOT) this.#shelf.markOld([slot]);
    return false;
  }

  /** What expired or was dropped is not brought back for nobody. */
  #isWanted(flight: Flight): boolean {
    return flight.waiting.length > 0 || this.#shelf.peek(flight.key) !== NO_SLOT;
  }

  #tagsChanged(tags: readonly string[], since: number): boolean {
    const { store, stored } = this.#shelf;
    return this.#fence.concernsTags(this.#parts.fenced, store.tagHashes(stored, tags), since);
  }

  // --- answering

  #answerAll(flight: Flight, tags: readonly string[], answer: Shared): void {
    const tagsChanged = this.#tagsChanged(tags, flight.since);
    this.#leaveMap(flight);
    for (const waiting of flight.waiting) {
      // Asked after a tag of this very value was invalidated: it is not for them.
      if (tagsChanged && waiting.askedAt > flight.since) flight.again.push(waiting.waiter);
      else this.#answerOne(waiting, answer);
    }
  }

  #answerOne({ waiter, collapsed }: Waiting, answer: Shared): void {
    if (waiter.isOpen?.() === false) return;
    if (!waiter.uncounted) this.#countRead('miss');
    const own = answer.kind === 'value' ? { ...answer, value: answer.value.retain() } : answer;
    this.#tell(waiter, { ...own, collapsed });
  }

  /** One waiter's defect is not to cost the others their answers. */
  #tell(waiter: Waiter, answer: Answer): void {
    try {
      waiter.answered(answer);
    } catch (error) {
      this.#parts.defect?.(error);
    }
  }

  /** The old value where it may still be served, else the error. */
  #answerInstead(key: Buffer, waiter: Waiter, error: SidecacheError): void {
    if (waiter.isOpen?.() === false) return;
    const old = this.#shelf.oldAnswer(key);
    if (!waiter.uncounted) this.#countRead(old ? 'stale' : 'error');
    this.#tell(waiter, old ?? { kind: 'error', error });
  }

  /** After `loader.soft_timeout` a reader who waits is given the old value, where there is one. */
  #withSoftLimit(key: Buffer, waiter: Waiter): Waiter {
    const softMs = this.#parts.settings.softTimeoutMs;
    if (softMs === undefined || waiter.isOpen || waiter.uncounted) return waiter;
    if (this.#shelf.peek(key) === NO_SLOT) return waiter;
    let open = true;
    const answered = (answer: Answer): void => {
      open = false;
      timer.cancel();
      this.#tell(waiter, answer);
    };
    const timer = this.#clock.after(softMs, () => {
      const old = open ? this.#shelf.oldAnswer(key) : undefined;
      if (!old) return;
      this.#countRead('stale');
      answered(old);
    });
    return { answered, isOpen: () => open };
  }

  #breakerError(retryAfterMs: number): LoadError {
    const { last, inARow } = this.failures;
    const message = `loads of cache '${this.#parts.name}' are paused after ${inARow} failures in a row; the last: ${last?.message}`;
    return new LoadError('breaker_open', message, { retryAfterMs, cause: last });
  }

  #queueFull(): LoadError {
    const message = `too many loads of cache '${this.#parts.name}' are waiting already`;
    return new LoadError('queue_full', message, { retryAfterMs: 1000 });
  }

  #countRead(result: ReadResult): void {
    this.#parts.counters.countRead(result);
  }

  #count(flight: Flight, result: LoadResult): void {
    this.#parts.counters.countLoad(flight.trigger, result, (this.#clock.now() - flight.startedAtMs) / 1000);
  }
}

function costOf(key: Buffer): number {
  return FLIGHT_COST_BYTES + 2 * key.length;
}

function noRoom(): RoomError {
  return new RoomError('there is no memory left for another load');
}

function stopping(): LoadError {
  return new LoadError('load_refused', 'the daemon is stopping');
}
