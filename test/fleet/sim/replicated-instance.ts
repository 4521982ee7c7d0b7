// One simulated instance with a replicated cache, `kept`: store, changes, replicas and the core of the fleet, as the daemon
// puts them together, on the network of chance.

import { Caches } from '../../../src/cache/caches.ts';
import { Changes } from '../../../src/changes/changes.ts';
import { Fleet } from '../../../src/fleet/fleet.ts';
import type { Identity } from '../../../src/fleet/identity.ts';
import type { Link, MessageKind, Place, Transport } from '../../../src/fleet/link.ts';
import { Log } from '../../../src/log.ts';
import type { Replica } from '../../../src/replication/replica.ts';
import { Replicas } from '../../../src/replication/replicas.ts';
import { type Stamp, stampOf } from '../../../src/replication/stamp.ts';
import { Transfers } from '../../../src/replication/transfers.ts';
import { NO_SLOT } from '../../../src/store/entries.ts';
import { Store } from '../../../src/store/store.ts';
import type { SeededRandom } from '../../store/seeded-random.ts';
import { storedBytes } from '../../store/shelves.ts';
import type { Host, Network } from './network.ts';
import { OwnClock, type SimClock } from './sim-clock.ts';

export interface ReplicatedParts {
  readonly clock: SimClock;
  readonly network: Network;
  readonly random: SeededRandom;
  readonly identity: Identity;
  readonly maxLogBytes: number;
  /** Of a hundred messages so many are sent twice. */
  readonly doubled: number;
}

const SYNC_MS = 5000;
const OFF = { refreshMs: undefined, refreshAhead: false, expiryMs: undefined, ttlMs: undefined };

export class ReplicatedInstance implements Host {
  readonly identity: Identity;
  readonly clock: OwnClock;
  readonly place: Place;
  readonly fleet: Fleet;
  readonly replicas: Replicas;
  readonly replica: Replica;
  readonly changes: Changes;
  readonly #parts: ReplicatedParts;
  readonly #caches: Caches;
  readonly #transfers: Transfers;
  isAlive = true;
  heldBytes = 0;

  constructor(parts: ReplicatedParts) {
    const { identity, network } = parts;
    this.#parts = parts;
    this.identity = identity;
    this.place = `index:${identity.index}`;
    const clock = new OwnClock(parts.clock);
    this.clock = clock;
    const store = new Store({ memoryBytes: 2 << 20, maxValueBytes: 1 << 20, seed: [1, 2] });
    this.#caches = new Caches(store, clock, parts.random);
    this.#caches.add({
      name: 'kept',
      times: { ...OFF, negativeMs: undefined, retryMs: 5000 },
      shareBytes: undefined,
      evictable: false,
      loading: undefined,
      unstorable: () => {},
    });
    const modes = new Map([['kept', 'replicated' as const]]);
    const changes = new Changes({
      ...{ caches: this.#caches, clock, modes, self: identity },
      appCaches: new Set(),
      publish: () => {},
    });
    const room = {
      charge: (bytes: number) => {
        this.heldBytes += bytes;
        return true;
      },
      release: (bytes: number) => {
        this.heldBytes -= bytes;
      },
    };
    const tombstones = { now: () => clock.now(), maxBytes: 1 << 20, charge: () => true, release: () => {} };
    const replicas = new Replicas({
      ...{ caches: this.#caches, names: ['kept'], hybrid: changes.hybrid, tombstones, log: SILENT },
      incarnation: identity.incarnation,
    });
    replicas.begin();
    changes.replicate(replicas);
    const transfers = new Transfers({
      ...{ replicas, clock, ...room, self: identity.incarnation, syncMs: SYNC_MS, log: SILENT },
      mostBytes: 1 << 20,
      members: () => this.fleet.members.all,
      ask: (member, asked, timeoutMs) => this.fleet.askEntries(member, asked, timeoutMs),
      vector: () => this.fleet.vector,
    });
    this.fleet = new Fleet({
      ...{ self: identity, syncMs: SYNC_MS, modes: { kept: 'replicated' }, clock, random: parts.random },
      link: this.#doubling(network.linkOf(this)),
      transport: this.#transport(),
      probeOwn: async () => ({ ok: true }),
      logging: { maxBytes: parts.maxLogBytes, ...room },
      hybrid: changes.hybrid,
      apply: (event, from) => changes.receive(event, from),
      drop: (caches, _, origin) => transfers.missed(caches, origin),
      joined: () => {
        changes.joined();
        void transfers.join();
      },
      differs: () => {},
      metrics: async () => '',
      copies: (copied, maxLength) => replicas.copies(copied, maxLength),
      copied: (entries, from) => replicas.arrived(entries, from),
      entries: (asked) => ({
        ...replicas.answer(asked),
        ...(asked.after === 0 && { vector: this.fleet.vector }),
      }),
      met: (member) => transfers.met(member),
      removed: (member, saidFarewell) => transfers.gone(member, saidFarewell),
      log: SILENT,
    });
    changes.joinFleet(this.fleet);
    [this.changes, this.replicas, this.#transfers] = [changes, replicas, transfers];
    this.replica = replicas.get('kept')!;
  }

  start(): this {
    this.#parts.network.register(this);
    void this.fleet.start();
    return this;
  }

  receive(kind: MessageKind, from: string, body: unknown): unknown {
    return this.fleet.receive(kind, from, body);
  }

  get isReady(): boolean {
    return this.fleet.isJoined && this.replicas.incomplete.length === 0;
  }

  write(key: string, value: Buffer, livesMs?: number): void {
    const { cache } = this.replica;
    const draft = cache.shelf.store.draft(cache.shelf.stored);
    try {
      draft.append(value);
      cache.write(Buffer.from(key), draft, { contentType: 'text/plain', tags: [], ttlMs: livesMs });
    } finally {
      draft.release();
    }
    this.changes.wrote(cache, Buffer.from(key), 'write');
  }

  remove(key: string): void {
    const { cache } = this.replica;
    cache.invalidateKey(Buffer.from(key));
    this.changes.wrote(cache, Buffer.from(key), 'delete');
  }

  clear(): void {
    const selection = { caches: [this.replica.cache], keys: [], tags: [], prefixes: [] };
    const how = {
      scope: 'fleet',
      notify: 'all',
      timeoutMs: 1000,
      body: undefined,
      repeats: undefined,
    } as const;
    void this.changes.call({ kind: 'invalidate', selection, ...how });
  }

  read(key: string): { value: string; stamp: Stamp } | undefined {
    const { shelf } = this.replica.cache;
    const slot = shelf.peek(Buffer.from(key));
    if (slot === NO_SLOT) return undefined;
    return { value: storedBytes(shelf.store, slot).toString(), stamp: stampOf(shelf.store.etag(slot)) };
  }

  /** As by SIGKILL. */
  kill(): void {
    this.isAlive = false;
    this.clock.end();
    this.#parts.network.unregister(this);
  }

  async close(): Promise<void> {
    this.changes.flush();
    await this.fleet.close();
    this.#transfers.close();
    this.#caches.close();
  }

  /** What is sent twice comes twice; the first answer counts. */
  #doubling(link: Link): Link {
    const { random, doubled } = this.#parts;
    return {
      ask: (ask) => {
        const isTwice = random.percent(doubled);
        const asked = link.ask(ask);
        return isTwice ? Promise.race([asked, link.ask(ask)]) : asked;
      },
    };
  }

  #transport(): Transport {
    return {
      kind: 'address',
      own: this.place,
      find: async (highest) => Array.from({ length: highest + 3 }, (_, index) => `index:${index}`),
      placeOf: ({ index }) => `index:${index}`,
      isPlace: (place) => /^index:\d+$/.test(place),
    };
  }
}

const SILENT = new Log(() => {}, 'error');
