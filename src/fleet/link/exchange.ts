// One POST over node-fetch with kept-alive connections: what came back, or how it broke off. Knows nothing of peers.

import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fetch from 'node-fetch';

export interface Posted {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly maxReplyBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Empty where it is missing. */
  header(name: string): string;
  readonly body: Buffer;
}

export interface Broken {
  /** Node's error code, `TOO_LARGE` for a reply that is, or empty. */
  readonly broken: string;
  readonly answered: boolean;
  /** A kept-alive connection that the other side had closed meanwhile: nobody's failure. */
  readonly stale: boolean;
}

interface Watched {
  request: ClientRequest | undefined;
  answer: IncomingMessage | undefined;
  cause: NodeJS.ErrnoException | undefined;
}

/** Never rejects. */
export async function exchange(agent: Agent, posted: Posted): Promise<HttpAnswer | Broken> {
  const watched: Watched = { request: undefined, answer: undefined, cause: undefined };
  try {
    const { url, headers, body, signal } = posted;
    const {
      status,
      headers: said,
      body: stream,
    } = await fetch(url, {
      method: 'POST',
      headers: { ...headers },
      body,
      signal,
      agent: () => watchedBy(watched, agent),
      redirect: 'manual',
      compress: false,
    });
    const received =
      stream instanceof Readable ? await readAll(stream, posted.maxReplyBytes) : Buffer.alloc(0);
    if (received === undefined) return { broken: 'TOO_LARGE', answered: true, stale: false };
    // Node's parser knows whether the answer ended or only its bytes did.
    if (watched.answer?.complete === false) return { broken: 'ECONNRESET', answered: true, stale: false };
    return { status, header: (name) => said.get(name) ?? '', body: received };
  } catch (error) {
    return brokenOff(watched, error);
  }
}

function brokenOff({ request, answer, cause }: Watched, error: unknown): Broken {
  const broken = cause?.code ?? codeOf(error);
  const answered = answer !== undefined;
  return { broken, answered, stale: !answered && request?.reusedSocket === true && STALE.has(broken) };
}

const STALE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Undefined where there is more than `maxBytes`. */
async function readAll(stream: Readable, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    stream.destroy();
  }
}

/** Agents take requests by this method; Node's types leave it out. */
interface RequestTaker {
  addRequest(request: ClientRequest, ...rest: unknown[]): void;
}

/** The agent as one exchange sees it: node-fetch hides whether a connection was used before, and what broke it. */
function watchedBy(watched: Watched, agent: Agent): Agent {
  const addRequest = (request: ClientRequest, ...rest: unknown[]): void => {
    watched.request = request;
    request.prependOnceListener('error', (error) => {
      watched.cause = error;
    });
    request.prependOnceListener('response', (answer) => {
      watched.answer = answer;
    });
    // Without this listener Node closes such a connection, tells nobody, and node-fetch waits for ever.
    request.prependOnceListener('upgrade', (_, socket) => {
      socket.destroy();
      request.emit('error', Object.assign(new Error('unexpected upgrade'), { code: 'UNEXPECTED_UPGRADE' }));
    });
    (agent as Agent & RequestTaker).addRequest(request, ...rest);
  };
  return Object.create(agent, { addRequest: { value: addRequest } });
}
