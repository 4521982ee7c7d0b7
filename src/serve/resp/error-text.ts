// Errors as RESP clients see them: a code in capitals that client libraries know, then the message.

import { LoadError, RoomError, type SidecacheError } from '../../errors.ts';

/** `-OOM` is what clients take for a server that is full; what the origin failed at has a code of its own. */
export function errorText(error: SidecacheError): string {
  if (error instanceof RoomError) return `OOM command not allowed: ${error.message}`;
  if (error instanceof LoadError) return `LOADFAIL ${error.message}`;
  return `ERR ${error.message}`;
}

/** The replies of Redis 7 to what is malformed. */
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}
