// Errors as RESP clients see them: a code in capitals that client libraries know, then the message.

import { LoadError, RoomError, type SidecacheError } from '../../errors.ts';
import type { Call } from './call.ts';

/** `-OOM` is what clients take for a server that is full; what the origin failed at has a code of its own. */
export function errorText(error: SidecacheError): string {
  if (error instanceof RoomError) return `OOM command not allowed: ${error.message}`;
  if (error instanceof LoadError) return `LOADFAIL ${error.message}`;
  return `${error.code === 'not_ready' ? 'LOADING' : 'ERR'} ${error.message}`;
}

/** The replies of Redis 7 to what is malformed. */
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

/** An argument as Redis shows it: up to a zero byte. */
export function shownText(call: Call, i: number, most = Number.POSITIVE_INFINITY): string {
  const [start, length] = [call.start(i), call.length(i)];
  const zeroAt = call.bytes.subarray(start, start + length).indexOf(0);
  return call.bytes.toString('latin1', start, start + Math.min(zeroAt === -1 ? length : zeroAt, most));
}
