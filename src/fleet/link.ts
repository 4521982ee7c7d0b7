// What the core of the fleet is given of the network: places, and asking whoever is there.

import type { Identity } from './identity.ts';

/**
 * Where a peer may be found, as a transport writes it: `process:GUID:2`, `app:GUID:2` (gorouter), `index:2` (address),
 * `10.0.0.1:7071` (dns), a URL of the configuration (list). Opaque to the core, and the same text on every instance.
 */
export type Place = string;

/** The last part of the request's path: `POST /fleet/sync`. */
export const MESSAGE_KINDS = [
  'sync',
  'events',
  'confirm',
  'pull',
  'bye',
  'metrics',
  'publish',
  'entries',
] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export interface Ask {
  readonly place: Place;
  /** The incarnation that is meant; undefined: whoever is there. */
  readonly to: string | undefined;
  readonly kind: MessageKind;
  /** Sent as JSON; a text is JSON already. */
  readonly body: unknown;
  readonly timeoutMs: number;
}

export type Outcome =
  | {
      /** Its reply, verified. */
      readonly result: 'answered';
      readonly from: Identity;
      readonly body: unknown;
    }
  | {
      /** Verified, but somebody else than was meant is there; nothing was sent to it but a hello. */
      readonly result: 'other';
      readonly from: Identity;
    }
  | {
      /**
       * unlisted: the router, or DNS, knows the host and not this instance. no-route: the route itself is missing.
       * unreachable: it is there and does not answer (502, 503, refused, time-out). refused: a daemon is there and
       * takes nothing of us. foreign: something answered that is no peer (no signature, or a forged one). misrouted:
       * a peer answered, and not the one that this place stands for: the header was stripped on the way.
       */
      readonly result: 'unlisted' | 'no-route' | 'unreachable' | 'refused' | 'foreign' | 'misrouted';
      /** For logs and reports: what is wrong, in a sentence without a secret. */
      readonly why: string;
    };

export type OutcomeResult = Outcome['result'];

export const OUTCOME_RESULTS: readonly OutcomeResult[] = [
  'answered',
  'other',
  'unlisted',
  'no-route',
  'unreachable',
  'refused',
  'foreign',
  'misrouted',
];

export interface Link {
  /** Never rejects. A session is made, and made again where the peer has started anew, as needed. */
  ask(ask: Ask): Promise<Outcome>;
}

/** Places as one way of addressing peers has them. */
export interface Transport {
  readonly kind: 'gorouter' | 'address' | 'dns' | 'list';
  /** Own place, where it is known without asking: peers are not looked for there. */
  readonly own: Place | undefined;
  /** What is wrong with this way of reaching peers as a whole, in a sentence: then nobody can be said to be alone. */
  readonly problem?: string | undefined;
  /** Where to look for peers; `highestIndex`: the highest that is known to be taken, -1 for none. Never rejects. */
  find(highestIndex: number): Promise<readonly Place[]>;
  /** Where somebody with this identity is to be found; undefined where only asking around tells. */
  placeOf(identity: Identity): Place | undefined;
  /** Whether this is a place of this transport: places come from peers, too. */
  isPlace(place: Place): boolean;
}

/** What a peer's verified message is handed to; what it returns, or resolves with, is the reply's JSON. */
export type Receive = (kind: MessageKind, from: string, body: unknown) => unknown;
