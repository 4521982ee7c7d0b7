// What a sender remembers of those it speaks to: sessions by incarnation, and who was last at which place.

import type { Identity } from '../identity.ts';
import type { Place } from '../link.ts';

const MAX_PEERS = 4000;
const MAX_PLACES = 8000;

export class KnownPeer {
  readonly identity: Identity;
  readonly session: string;
  #counter: number;

  constructor(identity: Identity, session: string, lastCounter: number) {
    this.identity = identity;
    this.session = session;
    this.#counter = lastCounter;
  }

  get lastCounter(): number {
    return this.#counter;
  }

  nextCounter(): number {
    return ++this.#counter;
  }
}

export class KnownPeers {
  readonly #peers = new Map<string, KnownPeer>();
  readonly #places = new Map<Place, string>();
  /** The receiver may still hold the session of whom is forgotten here: counters go on from the highest of those. */
  #counterFloor = 0;

  /** `to` undefined: whoever was last seen at the place. */
  get(place: Place, to: string | undefined): KnownPeer | undefined {
    const incarnation = to ?? this.#places.get(place);
    return incarnation === undefined ? undefined : this.#peers.get(incarnation);
  }

  /** After a hello: one that is known, with the same session, goes on counting. */
  greeted(identity: Identity, session: string): KnownPeer {
    const known = this.#peers.get(identity.incarnation);
    if (known?.session === session) return known;
    const peer = new KnownPeer(identity, session, this.#counterFloor);
    touch(this.#peers, identity.incarnation, peer);
    const dropped = this.#peers.size > MAX_PEERS ? dropOldest(this.#peers) : undefined;
    this.#counterFloor = Math.max(this.#counterFloor, dropped?.lastCounter ?? 0);
    return peer;
  }

  seenAt(place: Place, incarnation: string): void {
    touch(this.#places, place, incarnation);
    if (this.#places.size > MAX_PLACES) dropOldest(this.#places);
  }

  /** Its session is not known there any more. Unless another ask has said hello meanwhile. */
  forget(peer: KnownPeer): void {
    const { incarnation } = peer.identity;
    if (this.#peers.get(incarnation) === peer) this.#peers.delete(incarnation);
  }
}

function touch<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
}

function dropOldest<K, V>(map: Map<K, V>): V | undefined {
  for (const [key, value] of map) {
    map.delete(key);
    return value;
  }
  return undefined;
}
