// Sends a stream as a request's body, and stops when the daemon has answered already.
//
// A daemon that refuses an upload answers and closes. Writing to a closed socket is an error that throws away what
// was not read of it: the answer. So each chunk waits one turn of the event loop, in which an answer is read first.

import type { ClientRequest } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CommandError } from '../errors.ts';
import { EXIT } from './exit-codes.ts';

/** A failure is the request's 'error' event; there is nothing to await. */
export function upload(body: Readable, request: ClientRequest): void {
  let answered = false;
  request.once('response', () => {
    answered = true;
  });
  pipeline(
    untilAnswered(body, () => answered),
    request,
  ).catch((cause: Error) => request.destroy(cause));
  // Before the pipeline hears of it: it would end the request without saying why.
  body.prependListener('error', (cause) => {
    const message = `standard input cannot be read: ${cause.message}`;
    request.destroy(new CommandError(EXIT.failed, message, { cause }));
  });
}

async function* untilAnswered(body: Readable, answered: () => boolean): AsyncGenerator<Buffer> {
  for await (const chunk of body as AsyncIterable<Buffer>) {
    await nextTurn();
    if (answered()) return;
    yield chunk;
  }
}
