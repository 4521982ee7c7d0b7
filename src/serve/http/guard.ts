// Protections of the loopback listener: a web page in a browser on this machine must not reach the caches through it,
// neither directly (its Origin is told) nor by a name of its own that it made point here (its Host is told).

import type { IncomingMessage } from 'node:http';
import { RequestError } from '../../errors.ts';

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const OWN_SITES = new Set(['none', 'same-origin']);

/** Throws RequestError 'wrong_host' or 'cross_origin'. */
export function checkLoopbackCaller({ headers }: IncomingMessage): void {
  if (!LOOPBACK_HOST.test(headers.host ?? '')) {
    throw new RequestError(
      'wrong_host',
      'the Host is not this machine: allowed are localhost, 127.0.0.1 and [::1]',
    );
  }
  if (headers.origin !== undefined)
    throw new RequestError('cross_origin', 'a request with an Origin is refused');
  const site = headers['sec-fetch-site'];
  if (site !== undefined && !OWN_SITES.has(String(site))) {
    throw new RequestError('cross_origin', 'a request from another site is refused');
  }
}
