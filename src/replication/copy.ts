// What one instance tells another of a key of a replicated cache: what is under it, or that it is gone, and since when.
// As it is, and as it stands on the wire.

import { isContentType, MAX_KEY_BYTES, MAX_TAG_BYTES, MAX_TAGS } from '../cache/attributes.ts';
import { isCount } from '../fleet/hybrid-clock.ts';
import { decodePercent, encodePercent } from '../units/percent.ts';
import { parseStamp, type Stamp } from './stamp.ts';

export interface Copy {
  readonly cache: string;
  readonly key: Buffer;
  readonly stamp: Stamp;
  /** Undefined: it is gone, or too large to be sent along. */
  readonly value: Buffer | undefined;
  /** Bytes of a value that is to be asked for. */
  readonly size: number | undefined;
  readonly contentType: string;
  readonly tags: readonly string[];
  /** By the wall clock; Infinity: never. */
  readonly endAtMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const TAG = /^[\x21-\x7e]+$/;

export function wireCopy({ cache, key, stamp, value, size, contentType, tags, endAtMs }: Copy): object {
  const isGone = value === undefined && size === undefined;
  return {
    cache,
    key: encodePercent(key),
    at: stamp,
    ...(!isGone && {
      type: contentType,
      ...(tags.length > 0 && { tags }),
      ...(endAtMs !== NEVER && { end: Math.ceil(endAtMs) }),
      ...(value ? { value: value.toString('base64') } : { size }),
    }),
  };
}

export function goneCopy(cache: string, key: Buffer, stamp: Stamp): Copy {
  const nothing = { value: undefined, size: undefined, contentType: '', tags: [], endAtMs: NEVER };
  return { cache, key, stamp, ...nothing };
}

/** Undefined where it is none. */
export function parseCopy(wire: unknown): Copy | undefined {
  const { cache, key: text, at, type, tags = [], end, value, size } = Object(wire) as Record<string, unknown>;
  const key = typeof text === 'string' ? decodePercent(text) : undefined;
  const stamp = parseStamp(at);
  if (typeof cache !== 'string' || !key || key.length > MAX_KEY_BYTES || !stamp) return undefined;
  if (value === undefined && size === undefined) return goneCopy(cache, key, stamp);
  if (typeof type !== 'string' || !isContentType(type) || !areTags(tags)) return undefined;
  const isSent = typeof value === 'string';
  const bytes = isSent ? parseBase64(value) : undefined;
  if (isSent ? !bytes : !isCount(size)) return undefined;
  if (end !== undefined && !isCount(end)) return undefined;
  return {
    ...{ cache, key, stamp, tags, contentType: type },
    value: bytes,
    size: isCount(size) ? size : undefined,
    endAtMs: isCount(end) ? end : NEVER,
  };
}

/** What is no base64 is skipped by Node: then there are fewer bytes than the text has room for. */
function parseBase64(text: string): Buffer | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  return text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined;
}

export function areTags(tags: unknown): tags is string[] {
  if (!Array.isArray(tags) || tags.length > MAX_TAGS) return false;
  return tags.every((tag) => typeof tag === 'string' && tag.length <= MAX_TAG_BYTES && TAG.test(tag));
}
