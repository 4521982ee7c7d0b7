// What a daemon with an unusable configuration answers: 503 with the reason, to everything but /healthz.

import type { ConfigError } from '../../errors.ts';
import type { RequestHandler } from '../connections.ts';
import { sendJson } from './json.ts';
import { sendError } from './problem.ts';

/** The process is well and is not to be killed for it; it is never ready. */
export function degraded(error: ConfigError): RequestHandler {
  return (request, response) => {
    if (request.url === '/healthz') sendJson(response, 200, { status: 'degraded', problems: error.problems });
    else sendError(request, response, error, { members: { problems: error.problems } });
  };
}
