// What a change means beyond the caches of this instance: it is applied here, told to the own app, announced to the
// others, and published to who listens; and what the others announce is applied here in the same way.
//
//   a client's call ─▶ caches ─▶ feed
//                  ├─▶ own app          who confirmed: the report
//                  └─▶ the others ─▶ their caches, feeds and apps

import type { Cache, PassReason } from '../cache/cache.ts';
import type { Applied, Caches, ChangeKind, Selection } from '../cache/caches.ts';
import type { Clock } from '../cache/clock.ts';
import type { MemberReport } from '../fleet/announcement.ts';
import type { NewEvent, PeerEvent } from '../fleet/event.ts';
import { HybridClock, type HybridTime } from '../fleet/hybrid-clock.ts';
import type { AppliedEvent } from '../fleet/inbox.ts';
import type { AppAnswer, AppChange } from '../notify/change.ts';
import type { Replicas } from '../replication/replicas.ts';
import type { ChangeCall, ChangeOutcome, MemberOutcome, MemberStatus } from './change-call.ts';
import { partsOf } from './split-event.ts';
import { ToldEvents } from './told-events.ts';
import { type WriteEvent, WriteEvents, type WriteKind } from './write-events.ts';

/** What is asked of the fleet, where there is one. */
export interface FleetPort {
  readonly count: number | undefined;
  readonly hybrid: HybridClock;
  append(event: NewEvent): PeerEvent;
  announce(event: PeerEvent, timeoutMs: number): Promise<readonly MemberReport[]>;
  spread(): void;
}

/** What is asked of the own apps, where there are some that want to be told. */
export interface AppsPort {
  tell(change: AppChange): Promise<AppAnswer | undefined>;
  resync(): Promise<unknown>;
}

export type CacheMode = 'local' | 'invalidation' | 'replicated';

/** Those who listen here. */
export type Publish = (kind: ChangeKind | WriteKind, selection: Selection, entries: number) => void;

export interface ChangesParts {
  readonly caches: Caches;
  readonly clock: Clock;
  readonly self: { readonly index: string; readonly instanceId: string; readonly incarnation: string };
  /** Mode of each cache. In `local` ones others have no part. */
  readonly modes: ReadonlyMap<string, CacheMode>;
  /** Caches of which an app of this instance is told. */
  readonly appCaches: ReadonlySet<string>;
  readonly publish: Publish;
}

export class Changes {
  readonly #parts: ChangesParts;
  readonly #writes: WriteEvents;
  readonly #told: ToldEvents;
  #fleet: FleetPort | undefined;
  #hasPeers = false;
  #apps: AppsPort | undefined;
  #replicas: Replicas | undefined;
  readonly hybrid: HybridClock;
  #localEvents = 0;

  constructor(parts: ChangesParts) {
    this.#parts = parts;
    this.#writes = new WriteEvents(
      parts.clock,
      (events) => this.#publishWrites(events),
      (cache) => !this.#isCopied(cache),
    );
    this.#told = new ToldEvents(() => parts.clock.now());
    this.hybrid = new HybridClock(() => parts.clock.now());
  }

  /** Peers are configured: until one was met, nobody can tell how many there are. */
  expectPeers(): void {
    this.#hasPeers = true;
  }

  /** From now on the others are told, too. */
  joinFleet(fleet: FleetPort): void {
    this.#hasPeers = true;
    this.#fleet = fleet;
  }

  /** From now on the values of replicated caches are copied. */
  replicate(replicas: Replicas): void {
    this.#replicas = replicas;
  }

  /** From now on own apps are told, too. */
  tellApps(apps: AppsPort): void {
    this.#apps = apps;
  }

  /** What apps are told of a resync by: as of a change, and there is none of this number. */
  get resyncId(): string {
    return `${this.#parts.self.incarnation}-0`;
  }

  // --- by clients

  /** Applied here before it returns; resolves when the others, and the apps, have confirmed or time is up. */
  async call(call: ChangeCall): Promise<ChangeOutcome> {
    const beganMs = this.#parts.clock.now();
    const isAnswer = call.repeats === this.resyncId || this.#told.has(call.repeats ?? '');
    const at = (this.#fleet?.hybrid ?? this.hybrid).next();
    const { entries, loaded } = this.#apply(call, isAnswer, at);
    this.#parts.publish(call.kind, call.selection, entries);
    const event = { ...this.#eventOf(call), at };
    const isForOthers = !isAnswer && call.scope === 'fleet' && event.caches.length > 0;
    const announced = isForOthers ? this.#announce(event, call.timeoutMs) : undefined;
    const id = this.#idOf(announced?.event.sequence ?? `local-${++this.#localEvents}`);
    const isTold = !isAnswer && call.notify === 'all';
    const app = isTold ? this.#tellApp({ ...event, at, caches: names(call.selection) }, id) : undefined;
    const [own, others] = await Promise.all([
      this.#ownOutcome(entries, beganMs, this.#within(call.timeoutMs, app)),
      announced?.reports ?? [],
    ]);
    return { entries, loaded, ...this.#count([own, ...others.map(outcomeOf)], isForOthers) };
  }

  /** A client changed an entry. The others are told in a moment, with what else changes until then. */
  wrote(cache: Cache, key: Buffer, kind: WriteKind): void {
    this.#writes.add(cache.name, key, kind, this.#timeOf(cache, key, kind));
  }

  /** The same, and the others are told at once: resolves when they have confirmed or time is up. */
  async wroteEverywhere(
    cache: Cache,
    key: Buffer,
    kind: WriteKind,
    timeoutMs: number,
  ): Promise<ChangeOutcome> {
    const at = this.#timeOf(cache, key, kind);
    // What was gathered before it goes first.
    this.#writes.flush();
    const beganMs = this.#parts.clock.now();
    const written = { kind, cache: cache.name, keys: [key], ...(at && { at }) };
    this.#publishWrite(written);
    const event = this.#writeEvent(written);
    const isForOthers = this.#isToldOthers(event);
    const announced = isForOthers ? this.#announce(event, timeoutMs) : undefined;
    const own = await this.#ownOutcome(1, beganMs, undefined);
    const others = (await announced?.reports) ?? [];
    const counted = this.#count([own, ...others.map(outcomeOf)], isForOthers);
    return { entries: 1, loaded: Promise.resolve(), ...counted };
  }

  // --- by other instances

  /** Applies what another instance announced; nobody is told onwards but the own app and who listens here. */
  receive(event: PeerEvent, from: string): AppliedEvent {
    const { caches } = this.#parts;
    if (event.copied !== undefined) return this.#receiveCopied(event, event.copied, from);
    const named = event.caches.map((name) => caches.get(name)).filter((cache) => cache !== undefined);
    const selection = { ...event, caches: named };
    const isCall = event.kind === 'invalidate' || event.kind === 'refresh';
    const kind: ChangeKind = event.kind === 'refresh' ? 'refresh' : 'invalidate';
    const copied = kind === 'invalidate' ? named.filter(({ name }) => this.#isCopied(name)) : [];
    const others = { ...selection, caches: named.filter((cache) => !copied.includes(cache)) };
    let { entries } = caches.apply(kind, others, 'peer');
    for (const { name, counters } of copied) {
      if (event.isUnknown) void this.#replicas?.fetcher?.fetchAll(name, from);
      const gone = event.isUnknown ? 0 : (this.#replicas?.invalidated(name, event, event.at, from) ?? 0);
      counters.countInvalidation('peer', gone);
      entries += gone;
    }
    this.#parts.publish(event.kind, selection, entries);
    const id = isCall ? this.#idOf(event.sequence, from) : undefined;
    return { entries, app: id !== undefined && event.notify ? this.#tellApp(event, id, from) : undefined };
  }

  /** What is under the keys came along, or is fetched now. */
  #receiveCopied({ kind, keys, at }: PeerEvent, name: string, from: string): AppliedEvent {
    const done = this.#replicas?.received({ cache: name, keys, at, isDelete: kind === 'delete' }, from);
    if (kind === 'write' || kind === 'delete') this.#publishWrite({ kind, cache: name, keys });
    return { entries: keys.length, app: done?.then((isAll) => (isAll ? 'applied' : 'failed')) };
  }

  /** What others announced may have been missed: these caches are forgotten, and the app is told to begin anew. */
  dropMissed(dropped: readonly string[] | 'all'): void {
    const { caches, modes, publish } = this.#parts;
    const concerned = caches.all.filter(
      ({ name }) => modes.get(name) === 'invalidation' && (dropped === 'all' || dropped.includes(name)),
    );
    const selection = { caches: concerned, keys: [], tags: [], prefixes: [] };
    const { entries } = caches.apply('invalidate', selection, 'repair');
    publish('invalidate', selection, entries);
    void this.#apps?.resync();
  }

  /** This instance hears of every change from now on: what it has of before goes, and caches may keep again. */
  joined(): void {
    this.passThrough('joining', false);
    void this.#apps?.resync();
  }

  /** Every coordinated cache keeps nothing from now on, or again. */
  passThrough(reason: PassReason, passes: boolean, only?: string): void {
    const { caches, modes } = this.#parts;
    for (const cache of caches.all) {
      const isMeant = only === undefined ? modes.get(cache.name) === 'invalidation' : cache.name === only;
      if (isMeant) cache.passThrough(reason, passes);
    }
  }

  /** Nothing that was gathered is kept back. */
  flush(): void {
    this.#writes.flush();
  }

  // --- the inside

  /** Of a change of a replicated cache, made just now; what was deleted is remembered. */
  #timeOf({ name }: Cache, key: Buffer, kind: WriteKind): HybridTime | undefined {
    const replica = this.#replicas?.get(name);
    if (!replica) return undefined;
    const [ms, count] = kind === 'delete' ? replica.deleted(key) : replica.latest;
    return [ms, count];
  }

  #isCopied(name: string): boolean {
    return this.#parts.modes.get(name) === 'replicated';
  }

  /**
   * Of replicated caches as of a time, which is remembered. What is meant for this instance alone may come back; what
   * repeats a change was done with it: it must not take away what was written since.
   */
  #apply({ kind, selection, scope }: ChangeCall, isAnswer: boolean, at: HybridTime): Applied {
    const { caches } = this.#parts;
    const replicas = this.#replicas;
    if (!replicas || kind === 'refresh' || scope === 'local') return caches.apply(kind, selection, 'local');
    const copied = selection.caches.filter(({ name }) => this.#isCopied(name));
    const others = selection.caches.filter((cache) => !copied.includes(cache));
    const applied = caches.apply(kind, { ...selection, caches: others }, 'local');
    let { entries } = applied;
    for (const cache of isAnswer ? [] : copied) {
      const gone = replicas.invalidated(cache.name, selection, at, this.#parts.self.incarnation);
      cache.counters.countInvalidation('local', gone);
      entries += gone;
    }
    return { ...applied, entries };
  }

  /** What would be more than one event says is several: of a replicated cache nothing goes that was not meant. */
  #announce(event: NewEvent, timeoutMs: number) {
    if (!this.#fleet) return undefined;
    const isWhole = !event.caches.some((name) => this.#isCopied(name));
    const parts = isWhole || event.copied !== undefined ? [event] : partsOf(event);
    for (const part of parts.slice(0, -1)) this.#fleet.append({ ...part, notify: false, body: undefined });
    const appended = this.#fleet.append(parts.at(-1)!);
    return { event: appended, reports: this.#fleet.announce(appended, timeoutMs) };
  }

  /** What the others have a part in. */
  #eventOf({ kind, selection, body }: ChangeCall): NewEvent {
    const caches = names(selection).filter((name) => this.#parts.modes.get(name) !== 'local');
    const { keys, tags, prefixes } = selection;
    return { kind, caches, keys, tags, prefixes, notify: true, body };
  }

  /** What a handler repeats; it may have been told by another instance, and call this one. */
  #idOf(sequence: number | string, from = this.#parts.self.incarnation): string {
    const id = `${from}-${sequence}`;
    this.#told.add(id);
    return id;
  }

  #tellApp(
    { kind, caches, keys, tags, prefixes, body, at }: Omit<PeerEvent, 'sequence'>,
    id: string,
    origin = this.#parts.self.incarnation,
  ): Promise<AppAnswer> | undefined {
    const isConcerned = caches.some((name) => this.#parts.appCaches.has(name));
    if (!this.#apps || !isConcerned || (kind !== 'invalidate' && kind !== 'refresh')) return undefined;
    const [ms, count] = at;
    const change = { id, at: [ms, count, origin] as const, kind, caches, keys, tags, prefixes, body };
    const told = this.#apps.tell(change);
    return told.then((answer) => answer ?? 'applied');
  }

  /** How long it took is what it took here, not at the others. */
  async #ownOutcome(
    entries: number,
    beganMs: number,
    app: Promise<AppAnswer> | undefined,
  ): Promise<MemberOutcome> {
    const { clock, self } = this.#parts;
    const isFailed = (await app) === 'failed';
    return {
      ...self,
      status: isFailed ? 'app-failed' : 'applied',
      ms: Math.round((clock.now() - beganMs) * 10) / 10,
      entries,
      why: isFailed ? 'its app did not take it, or not in time; it is called again' : undefined,
    };
  }

  #within(timeoutMs: number, app: Promise<AppAnswer> | undefined): Promise<AppAnswer> | undefined {
    if (!app) return undefined;
    return new Promise((resolve) => {
      const late = this.#parts.clock.after(timeoutMs, () => resolve('failed'));
      void app.then((answer) => {
        late.cancel();
        resolve(answer);
      });
    });
  }

  #count(report: readonly MemberOutcome[], isForOthers: boolean) {
    const isMember = ({ status }: MemberOutcome): boolean => status !== 'gone';
    const isApplied = ({ status }: MemberOutcome): boolean => status === 'applied';
    const nobodyYet = isForOthers && this.#hasPeers && this.#fleet?.count === undefined;
    const members = nobodyYet ? undefined : report.filter(isMember).length;
    return { report, applied: report.filter(isApplied).length, members };
  }

  #publishWrites(events: readonly WriteEvent[]): void {
    for (const event of events) {
      this.#publishWrite(event);
      if (this.#isToldOthers({ caches: [event.cache] })) this.#fleet?.append(this.#writeEvent(event));
    }
    this.#fleet?.spread();
  }

  #isToldOthers({ caches: [name = ''] }: Pick<NewEvent, 'caches'>): boolean {
    const mode = this.#parts.modes.get(name);
    return mode === 'invalidation' || mode === 'replicated';
  }

  #writeEvent({ kind, cache, keys, at }: WriteEvent): NewEvent {
    const event = { kind, caches: [cache], keys, tags: [], prefixes: [], notify: false, body: undefined, at };
    return this.#isCopied(cache) ? { ...event, copied: cache } : event;
  }

  #publishWrite({ kind, cache: name, keys }: WriteEvent): void {
    const cache = this.#parts.caches.get(name);
    if (cache) this.#parts.publish(kind, { caches: [cache], keys, tags: [], prefixes: [] }, keys.length);
  }
}

function names({ caches }: Selection): string[] {
  return caches.map(({ name }) => name);
}

function outcomeOf({ identity, status, ms, entries, why }: MemberReport): MemberOutcome {
  const { index, instanceId, incarnation } = identity;
  return { index, instanceId, incarnation, status: status satisfies MemberStatus, ms, entries, why };
}
