// What an answer says of its value — tags, content type, ETag — where an origin's mistakes are met kindly, or not.

import { DEFAULT_CONTENT_TYPE, isContentType } from '../cache/attributes.ts';

/** Throws RequestError('bad_tag'). */
export { parseTags } from '../cache/attributes.ts';

const MAX_ETAG_BYTES = 256;
const VISIBLE = /^[\x21-\x7e]+$/;

/** A type that may not be stored is as good as none: the bytes are still the value. */
export function contentTypeOf(header: string | null): string {
  return header !== null && isContentType(header) ? header : DEFAULT_CONTENT_TYPE;
}

/** As sent, `W/` included, for it is only ever sent back; one that cannot be kept is dropped, and costs a 304. */
export function etagOf(header: string | null): string | undefined {
  return header !== null && header.length <= MAX_ETAG_BYTES && VISIBLE.test(header) ? header : undefined;
}
