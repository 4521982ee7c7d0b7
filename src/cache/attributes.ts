// The one door for what comes with a value: keys, content types and tags from HTTP, loaders and, later, RESP and peers.

import { RequestError } from '../errors.ts';

export const MAX_KEY_BYTES = 65_536;
export const MAX_CONTENT_TYPE_BYTES = 255;
export const MAX_TAGS = 64;
export const MAX_TAG_BYTES = 256;
export const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

const VISIBLE_AND_SPACE = /^[\x20-\x7e]*$/;
const VISIBLE = /^[\x21-\x7e]+$/;

/** Throws RequestError 'bad_key'. */
export function checkKeyLength(bytes: number): void {
  if (bytes > MAX_KEY_BYTES) throw new RequestError('bad_key', `a key has at most ${MAX_KEY_BYTES} bytes`);
}

export function isContentType(text: string): boolean {
  return text.length > 0 && text.length <= MAX_CONTENT_TYPE_BYTES && VISIBLE_AND_SPACE.test(text);
}

/** Throws RequestError 'bad_content_type'; absent means the default. */
export function parseContentType(text: string | undefined): string {
  if (text === undefined || text === '') return DEFAULT_CONTENT_TYPE;
  if (isContentType(text)) return text;
  throw new RequestError(
    'bad_content_type',
    `a content type has at most ${MAX_CONTENT_TYPE_BYTES} bytes, all of them 0x20 to 0x7E`,
  );
}

/** Tags of a Surrogate-Key header, separated by spaces, each once. Throws RequestError 'bad_tag'. */
export function parseTags(text: string | undefined): string[] {
  if (text === undefined) return [];
  const tags = new Set(text.split(/[ \t]+/).filter((tag) => tag !== ''));
  if (tags.size > MAX_TAGS) throw new RequestError('bad_tag', `an entry has at most ${MAX_TAGS} tags`);
  for (const tag of tags) checkTag(tag);
  return [...tags];
}

/** Throws RequestError 'bad_tag'. */
export function checkTag(tag: string): void {
  if (tag.length <= MAX_TAG_BYTES && VISIBLE.test(tag)) return;
  throw new RequestError('bad_tag', `a tag has 1 to ${MAX_TAG_BYTES} bytes, all of them 0x21 to 0x7E`);
}
