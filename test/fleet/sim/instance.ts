// One simulated instance: the core of the fleet, and a cache of a few keys that is dropped as it says.

import type { Timer } from '../../../src/cache/clock.ts';
import type { MemberReport } from '../../../src/fleet/announcement.ts';
import type { EventKind, NewEvent, PeerEvent } from '../../../src/fleet/event.ts';
import { Fleet } from '../../../src/fleet/fleet.ts';
import type { Identity } from '../../../src/fleet/identity.ts';
import type { AppAnswer, AppliedEvent } from '../../../src/fleet/inbox.ts';
import type { Ask, Link, MessageKind, Place, Transport } from '../../../src/fleet/link.ts';
import { Log } from '../../../src/log.ts';
import type { Host, Network } from './network.ts';
import { OwnClock, type SimClock } from './sim-clock.ts';

export const SYNC_MS = 5000;

export interface InstanceParts {
  readonly clock: SimClock;
  readonly network: Network;
  readonly random: () => number;
  readonly identity: Identity;
  readonly transport: 'address' | 'dns';
  /** What a load of the key brings now. */
  readonly origin: (key: string) => number;
  readonly modes?: Readonly<Record<string, string>>;
  readonly maxLogBytes?: number;
  /** What the app answers to an event, and after how long; undefined: no app is told. */
  readonly app?: (event: PeerEvent) => { answer: AppAnswer; afterMs: number } | undefined;
  readonly syncMs?: number;
  readonly few?: number;
  /** Address, for DNS. */
  readonly address?: Place;
  readonly onApply?: (instance: Instance, event: PeerEvent, from: string) => void;
  readonly onPublished?: (instance: Instance) => void;
  readonly log?: Log;
  /** Told of what it asks others. */
  readonly onAsk?: (ask: Ask) => void;
}

export class Instance implements Host {
  readonly identity: Identity;
  readonly clock: OwnClock;
  readonly place: Place;
  readonly sharedPlace: Place | undefined;
  readonly fleet: Fleet;
  readonly #parts: InstanceParts;
  readonly #cached = new Map<string, number>();
  /** Of changes of which the app was told: those that it took, as `ORIGIN-SEQUENCE`. */
  readonly appTook = new Set<string>();
  readonly appTold = new Set<string>();
  readonly applied: { from: string; event: PeerEvent }[] = [];
  readonly drops: { caches: readonly string[] | 'all'; why: string }[] = [];
  readonly differing = new Set<string>();
  /** What clients of others published, as `CHANNEL PAYLOAD`. */
  readonly published: string[] = [];
  isAlive = true;
  joinedTimes = 0;
  logBytes = 0;
  started: Promise<void> = Promise.resolve();

  constructor(parts: InstanceParts) {
    this.#parts = parts;
    const { identity, network, transport } = parts;
    this.identity = identity;
    this.place = transport === 'address' ? placeOf(identity) : (parts.address ?? 'nowhere');
    this.sharedPlace = identity.process === '' ? undefined : `index:${identity.index}`;
    this.clock = new OwnClock(parts.clock);
    this.fleet = new Fleet({
      self: identity,
      syncMs: parts.syncMs ?? SYNC_MS,
      modes: parts.modes ?? { a: 'invalidation', b: 'invalidation' },
      clock: this.clock,
      random: parts.random,
      link: this.#link(),
      transport: this.#transport(),
      probeOwn: async () => {
        const { routeFault } = network;
        return routeFault === undefined ? { ok: true } : { ok: false, problem: routeFault, mend: 'mend it' };
      },
      logging: {
        maxBytes: parts.maxLogBytes ?? 1 << 20,
        charge: (bytes) => {
          this.logBytes += bytes;
          return true;
        },
        release: (bytes) => {
          this.logBytes -= bytes;
        },
      },
      apply: (event, from) => this.#apply(event, from),
      drop: (caches, why) => this.#drop(caches, why),
      joined: () => {
        this.joinedTimes++;
        this.#cached.clear();
      },
      differs: (cache, differs) => void (differs ? this.differing.add(cache) : this.differing.delete(cache)),
      metrics: async () => `up{} 1 # ${identity.index}`,
      published: ({ channel, payload }) => {
        this.published.push(`${channel} ${payload}`);
        parts.onPublished?.(this);
      },
      log: parts.log ?? SILENT,
      ...(parts.few !== undefined && { few: parts.few }),
    });
  }

  start(): this {
    this.#parts.network.register(this);
    this.started = this.fleet.start();
    return this;
  }

  receive(kind: MessageKind, from: string, body: unknown): unknown {
    return this.fleet.receive(kind, from, body);
  }

  /** As a client reads: what is cached, or what a load brings; before it has joined nothing is kept. */
  read(key: string): number {
    if (!this.fleet.isJoined) return this.#parts.origin(key);
    const cached = this.#cached.get(key) ?? this.#parts.origin(key);
    this.#cached.set(key, cached);
    return cached;
  }

  /** Undefined: nothing is cached. */
  peek(key: string): number | undefined {
    return this.fleet.isJoined ? this.#cached.get(key) : undefined;
  }

  /** `key` as `CACHE/KEY`. */
  call(key: string, timeoutMs: number, kind: EventKind = 'invalidate', notify = true): Call {
    this.#cached.delete(key);
    const event = this.fleet.append(newEvent(key, kind, notify));
    return { event, reports: this.fleet.announce(event, timeoutMs) };
  }

  write(key: string): PeerEvent {
    this.#cached.delete(key);
    const event = this.fleet.append(newEvent(key, 'write', false));
    this.fleet.spread();
    return event;
  }

  /** As by SIGKILL: the router knows it no more. */
  kill(): void {
    this.isAlive = false;
    this.clock.end();
    this.#parts.network.unregister(this);
  }

  /** As by SIGTERM. */
  async leave(): Promise<void> {
    await this.fleet.close();
    this.kill();
  }

  #apply(event: PeerEvent, from: string): AppliedEvent {
    this.applied.push({ from, event });
    this.#parts.onApply?.(this, event, from);
    let entries = 0;
    for (const cache of event.caches)
      for (const key of event.keys) if (this.#cached.delete(`${cache}/${key.toString()}`)) entries++;
    const told = event.notify ? this.#parts.app?.(event) : undefined;
    return { entries, app: told && this.#tellApp(`${from}-${event.sequence}`, told) };
  }

  #tellApp(id: string, { answer, afterMs }: { answer: AppAnswer; afterMs: number }): Promise<AppAnswer> {
    this.appTold.add(id);
    return new Promise((resolve) => {
      const timer: Timer = this.#parts.clock.after(afterMs, () =>
        this.clock.run(() => {
          if (answer === 'applied') this.appTook.add(id);
          resolve(answer);
        }),
      );
      void timer;
    });
  }

  #drop(caches: readonly string[] | 'all', why: string): void {
    this.drops.push({ caches, why });
    for (const key of [...this.#cached.keys()])
      if (caches === 'all' || caches.includes(key.split('/')[0]!)) this.#cached.delete(key);
  }

  #link(): Link {
    const { network, onAsk } = this.#parts;
    const link = network.linkOf(this);
    return {
      ask: (ask) => {
        onAsk?.(ask);
        return link.ask(ask);
      },
    };
  }

  #transport(): Transport {
    const { network, identity, transport } = this.#parts;
    if (transport === 'dns') {
      return {
        kind: 'dns',
        own: this.place,
        find: async () => network.places.filter((place) => place !== this.place),
        placeOf: () => undefined,
        isPlace: (place) => /^10\.\d+\.\d+\.\d+:7071$/.test(place),
      };
    }
    const isNumber = /^\d+$/.test(identity.index);
    return {
      kind: 'address',
      own: isNumber ? this.place : undefined,
      find: async (highest) => {
        const indices = Array.from({ length: highest + 9 }, (_, index) => String(index));
        const own = indices.map((index) => placeOf({ ...identity, index }));
        return identity.process === '' ? own : [...own, ...indices.map((index) => `index:${index}`)];
      },
      placeOf: (other) => (/^\d+$/.test(other.index) ? placeOf(other) : undefined),
      isPlace: (place) => /^(index|process:\w+):\d+$/.test(place),
    };
  }
}

function placeOf({ process, index }: Identity): Place {
  return process === '' ? `index:${index}` : `process:${process}:${index}`;
}

export interface Call {
  readonly event: PeerEvent;
  readonly reports: Promise<readonly MemberReport[]>;
}

export function newEvent(key: string, kind: EventKind = 'invalidate', notify = true): NewEvent {
  const [cache = '', name = ''] = key.split('/');
  return {
    kind,
    caches: [cache],
    keys: name === '' ? [] : [Buffer.from(name)],
    tags: [],
    prefixes: [],
    notify,
    body: undefined,
  };
}

const SILENT = new Log(() => {}, 'error');
