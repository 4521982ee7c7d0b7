// /discovery: the running instances of apps as Prometheus reads them by http_sd.

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError } from '../../errors.ts';
import type { Value } from '../../store/value.ts';
import type { Context } from './context.ts';
import { shown } from './parameters.ts';
import { sendValue } from './send-value.ts';
import { parseQuery } from './target.ts';

/** The document, to be released, and what it lacks, or has as it last was. */
export interface Discovered {
  readonly value: Value;
  readonly missing: readonly string[];
}

/** `isWanted`: whether who asks is still there. Throws RequestError, LoadError where nothing is known, RoomError. */
export type Discover = (
  parameters: readonly (readonly [string, string])[],
  isWanted: () => boolean,
) => Promise<Discovered>;

export async function sendDiscovery(
  context: Context,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!context.discover) {
    throw new RequestError('unknown_path', 'there is no /discovery without `preset: cloudfoundry`');
  }
  const parameters = parseQuery(query).map(({ name, value }) => [name, textOf(name, value)] as const);
  const { value, missing } = await context.discover(parameters, () => !response.destroyed);
  const headers = ['Content-Type', 'application/json', 'Content-Length', String(value.length)];
  headers.push('Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff');
  headers.push('Sidecache-Instance', context.instance.index);
  if (missing.length > 0) headers.push('Sidecache-Partial', String(missing.length));
  if (request.method === 'HEAD') {
    value.release();
    response.writeHead(200, headers).end();
  } else {
    sendValue(context, value, headers, request, response);
  }
}

function textOf(name: string, value: Buffer): string {
  if (isUtf8(value)) return value.toString();
  throw new RequestError('bad_query', `${shown(name)} is not UTF-8`);
}
