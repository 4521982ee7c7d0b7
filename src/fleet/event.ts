// What one instance tells the others: that something is to be forgotten, or got old. As it is, and as it stands on the wire.

import { decodePercent, encodePercent } from '../units/percent.ts';
import { type HybridTime, isCount, parseHybridTime } from './hybrid-clock.ts';

/** `write` and `delete` are of single entries, by clients; the other two are calls, of which apps are told, too. */
export const EVENT_KINDS = ['invalidate', 'refresh', 'write', 'delete'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface EventBody {
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** Keys of a replicated cache; none: any of them. */
export interface Copied {
  readonly cache: string;
  readonly keys: readonly Buffer[];
}

export interface NewEvent {
  readonly kind: EventKind;
  /** By name; what an instance does not know is no concern of it. */
  readonly caches: readonly string[];
  /** They unite; all three empty: the caches whole. */
  readonly keys: readonly Buffer[];
  readonly tags: readonly string[];
  readonly prefixes: readonly Buffer[];
  /** Whether apps that want to be told are told. */
  readonly notify: boolean;
  /** What came with the call, for the apps. */
  readonly body: EventBody | undefined;
  /**
   * The replicated cache that the keys are of: what is under them goes along. Daemons that do not copy are told of no
   * cache then, or they would forget what only they have.
   */
  readonly copied?: string | undefined;
  /** Undefined: the time at which it gets its number. */
  readonly at?: HybridTime | undefined;
  /** It is of a kind that is not known here, or says more than is read. */
  readonly isUnknown?: boolean;
}

export interface PeerEvent extends NewEvent {
  /** Counts up by one in each life of a daemon. */
  readonly sequence: number;
  readonly at: HybridTime;
}

/** Longer on the wire than this, an event is about the caches whole: everybody forgets more than it must. */
const MAX_EVENT_LENGTH = 256 << 10;
const MAX_NAMES = 10_000;
/** More of them are the caches whole: each is held against every key. */
const MAX_PREFIXES = 100;
const MAX_CACHES = 1000;
const CACHE_NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const TAG = /^[\x21-\x7e]{1,256}$/;
const CONTENT_TYPE = /^[\x20-\x7e]{0,255}$/;

/** JSON. */
export function encodeEvent(event: PeerEvent): string {
  const text = JSON.stringify(wireEvent(event));
  if (text.length <= MAX_EVENT_LENGTH) return text;
  const isCopied = event.copied !== undefined;
  const whole = { keys: [], tags: [], prefixes: [], ...(isCopied && { caches: [] }) };
  return JSON.stringify(wireEvent({ ...event, ...whole }));
}

function wireEvent(event: PeerEvent): object {
  const { sequence, at, kind, caches, keys, tags, prefixes, notify, body, copied } = event;
  return {
    sequence,
    at,
    kind,
    caches: copied !== undefined && kind === 'write' ? [] : caches,
    ...(copied !== undefined && { copied }),
    ...(keys.length > 0 && { keys: keys.map(encodePercent) }),
    ...(tags.length > 0 && { tags }),
    ...(prefixes.length > 0 && { prefixes: prefixes.map(encodePercent) }),
    ...(notify && { notify }),
    ...(body && { body: { type: body.contentType, base64: body.bytes.toString('base64') } }),
  };
}

/**
 * Undefined where it is no event at all. One of a kind that is not known here, from a newer daemon, is read as the
 * strongest there is: its caches are to be forgotten whole.
 */
export function parseEvent(value: unknown): PeerEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    sequence,
    at,
    kind,
    caches,
    keys = [],
    tags = [],
    prefixes = [],
    notify,
    body,
    copied,
  } = value as Wire;
  const time = parseHybridTime(at);
  if (!isCount(sequence) || sequence === 0 || !time || typeof kind !== 'string') return undefined;
  if (!areTexts(caches, CACHE_NAME, MAX_CACHES) || !areTexts(tags, TAG, MAX_NAMES)) return undefined;
  const [keyBytes, prefixBytes] = [parseKeys(keys), parseKeys(prefixes)];
  const parsedBody = body === undefined ? undefined : parseBody(body);
  if (!keyBytes || !prefixBytes || (body !== undefined && !parsedBody)) return undefined;
  const about = {
    sequence,
    at: time,
    caches: [...new Set(caches)],
    notify: notify === true,
    body: parsedBody,
    ...(typeof copied === 'string' && { copied }),
  };
  if (!isKind(kind))
    return { ...about, kind: 'invalidate', keys: [], tags: [], prefixes: [], isUnknown: true };
  if (prefixBytes.length > MAX_PREFIXES)
    return { ...about, kind, keys: [], tags: [], prefixes: [], isUnknown: true };
  return { ...about, kind, keys: keyBytes, tags, prefixes: prefixBytes };
}

type Wire = Readonly<Record<string, unknown>>;

function isKind(kind: string): kind is EventKind {
  return (EVENT_KINDS as readonly string[]).includes(kind);
}

export function areTexts(value: unknown, form: RegExp, most: number): value is string[] {
  if (!Array.isArray(value) || value.length > most) return false;
  return value.every((text) => typeof text === 'string' && form.test(text));
}

function parseKeys(value: unknown): Buffer[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_NAMES) return undefined;
  const keys: Buffer[] = [];
  for (const text of value as unknown[]) {
    const key = typeof text === 'string' ? decodePercent(text) : undefined;
    if (!key || key.length === 0) return undefined;
    keys.push(key);
  }
  return keys;
}

function parseBody(value: unknown): EventBody | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, base64 } = value as Wire;
  if (typeof type !== 'string' || !CONTENT_TYPE.test(type) || typeof base64 !== 'string') return undefined;
  return { contentType: type, bytes: Buffer.from(base64, 'base64') };
}
