// What an answer says of its value — tags, content type, ETag — and the one place where load/ has it validated.

import { RequestError } from '../errors.ts';

const MAX_TAGS = 64;
const MAX_TAG_BYTES = 256;
const MAX_CONTENT_TYPE_BYTES = 255;
const MAX_ETAG_BYTES = 256;
const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

/** Tags of a Surrogate-Key header, separated by spaces. Throws RequestError('bad_tag'). */
export function parseTags(text: string): string[] {
  const tags = [...new Set(text.split(' ').filter((tag) => tag !== ''))];
  if (tags.length > MAX_TAGS) throw new RequestError('bad_tag', `more than ${MAX_TAGS} tags`);
  if (!tags.every((tag) => tag.length <= MAX_TAG_BYTES && isVisibleAscii(tag))) {
    throw new RequestError('bad_tag', `a tag is longer than ${MAX_TAG_BYTES} bytes or not visible ASCII`);
  }
  return tags;
}

/** A type that may not be stored is as good as none: the bytes are still the value. */
export function contentTypeOf(header: string | null): string {
  if (header === null || header === '' || header.length > MAX_CONTENT_TYPE_BYTES) return DEFAULT_CONTENT_TYPE;
  return /^[\x20-\x7e]+$/.test(header) ? header : DEFAULT_CONTENT_TYPE;
}

/** As sent, `W/` included, for it is only ever sent back; one that cannot be kept is dropped, and costs a 304. */
export function etagOf(header: string | null): string | undefined {
  if (header === null || header.length > MAX_ETAG_BYTES) return undefined;
  return isVisibleAscii(header) ? header : undefined;
}

function isVisibleAscii(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
