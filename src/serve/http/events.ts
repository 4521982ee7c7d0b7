// GET /events: what is applied here, as Server-Sent Events. Source: the HTML standard, section "Server-sent events".

import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError, RoomError } from '../../errors.ts';
import type { FeedEvent } from '../event-feed.ts';
import type { Context } from './context.ts';
import { shown, unknownParameter } from './parameters.ts';
import { parseQuery } from './target.ts';

/** Often enough that a lost connection is noticed by both sides. */
const HEARTBEAT_MS = 15_000;
/** A listener that is so far behind is cut off; it comes back and catches up, or is told to start anew. */
const MAX_UNSENT_BYTES = 64 << 10;

/** Throws RequestError, RoomError. */
export function streamEvents(
  context: Context,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const wanted = parseCaches(context, query);
  const { feed, instance, headroom } = context;
  if (!headroom.charge(MAX_UNSENT_BYTES)) throw new RoomError('too many listen already; try again later');
  const send = (event: FeedEvent): void => {
    if (wanted.size > 0 && !event.caches.some((name) => wanted.has(name))) return;
    write(
      response,
      `id: ${instance.incarnation}-${event.number}\nevent: ${event.kind}\ndata: ${event.data}\n\n`,
    );
  };
  response.writeHead(200, ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-store']);
  // There may be nothing to say for long; that it listens, a client is to know now.
  response.flushHeaders();
  const missed = missedEvents(context, request.headers['last-event-id']?.toString());
  if (missed) for (const event of missed) send(event);
  else write(response, `id: ${instance.incarnation}-${feed.latest}\nevent: reset\ndata: {}\n\n`);
  const stopListening = feed.listen(send);
  const heartbeat = setInterval(() => write(response, ':\n\n'), HEARTBEAT_MS).unref();
  response.once('close', () => {
    headroom.release(MAX_UNSENT_BYTES);
    clearInterval(heartbeat);
    stopListening();
  });
}

/** What the listener has not had; undefined where that cannot be told any more. */
function missedEvents(context: Context, lastId: string | undefined): FeedEvent[] | undefined {
  if (lastId === undefined) return [];
  const dash = lastId.lastIndexOf('-');
  const number = Number(lastId.slice(dash + 1));
  if (lastId.slice(0, dash) !== context.instance.incarnation || !Number.isInteger(number)) return undefined;
  return context.feed.since(number);
}

function parseCaches(context: Context, query: string): Set<string> {
  const wanted = new Set<string>();
  for (const { name, value } of parseQuery(query)) {
    if (name !== 'cache') throw unknownParameter(name, ['cache']);
    const cache = value.toString('latin1');
    if (!context.caches.get(cache)) {
      const known = context.caches.names.join(', ');
      throw new RequestError('bad_query', `unknown cache '${shown(cache)}'; caches here: ${known}`);
    }
    wanted.add(cache);
  }
  return wanted;
}

function write(response: ServerResponse, text: string): void {
  if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
  else response.write(text);
}
