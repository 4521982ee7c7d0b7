// Parameters of a request: what several handlers take, and what they say of what they do not.

import { RequestError } from '../../errors.ts';

/** Throws RequestError 'bad_query'. */
export function parseSwitch(name: string, text: string): boolean {
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false') return false;
  throw new RequestError('bad_query', `${shown(name)} is 1, true, 0 or false; not '${shown(text)}'`);
}

export function unknownParameter(name: string, allowed: readonly string[]): RequestError {
  return new RequestError(
    'bad_query',
    `unknown parameter '${shown(name)}'; allowed here: ${allowed.join(', ')}`,
  );
}

/** What a client sent, short and printable enough to be sent back to it. */
export function shown(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}
