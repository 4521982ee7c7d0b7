// One request and its whole answer over node-fetch. Knows connections and bytes, not what the answer means.

import type { Agent } from 'node:http';
import { Readable } from 'node:stream';
import type { Headers } from 'node-fetch';
import { type Attempt, badAnswer, brokenOff } from '../load/attempt.ts';
import { chunksOf } from '../load/body.ts';
import { watchedBy } from '../load/watched-agent.ts';
import type { Answer } from '../load/wire.ts';
import { VERSION } from '../version.ts';
import { BodyRoom } from './body-room.ts';
import type { Connections } from './connections.ts';

export interface Ask {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Of the answer. */
  readonly maxBytes: number;
  /** What a message says of one that is longer. */
  readonly shortenBy?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One try: as a load's, and what the proxy said to a CONNECT. */
export interface ApiAttempt extends Attempt {
  proxyStatus: number | undefined;
}

/** What is read of an answer that is an error. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Of all answers that are read at one time; the longest of one comes on top. */
const ROOM_BYTES = 6 * 1024 * 1024;

export class Exchange {
  readonly #connections: Connections;
  readonly #room = new BodyRoom(ROOM_BYTES);

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Loads what an exchange with this place needs; afterwards a request goes out as soon as it is asked for. Throws LoadError. */
  async prepare(url: URL, attempt: ApiAttempt): Promise<void> {
    await this.#connections.agentFor(url).catch((error: unknown) => {
      throw badAnswer(attempt, 'cannot be asked: no TLS with this CA file', error);
    });
    await import('node-fetch');
  }

  /** Throws LoadError where there is no answer, or one too long. */
  async send(ask: Ask, attempt: ApiAttempt): Promise<Answered> {
    const agent = await this.#connections.agentFor(ask.url);
    const { default: fetch } = await import('node-fetch');
    const asked = fetch(ask.url.href, {
      method: ask.method,
      headers: { 'user-agent': `sidecache/${VERSION}`, 'accept-encoding': 'identity', ...ask.headers },
      ...(ask.body === undefined ? {} : { body: ask.body }),
      agent: () => watched(agent, attempt),
      signal: attempt.deadline.signal,
      redirect: 'manual',
      compress: false,
    });
    const { status, headers, body } = await asked.catch((error: unknown) => {
      throw proxyRefused(attempt) ?? brokenOff(attempt, error);
    });
    const refused = proxyRefused(attempt, status);
    if (refused !== undefined || !(body instanceof Readable)) {
      if (body instanceof Readable) body.destroy();
      throw refused ?? badAnswer(attempt, 'answered without a body to read');
    }
    const text = await this.#readText({ status, headers, body }, ask, attempt);
    return { status, headers, text };
  }

  /** Whole, or an error: what the API asked for must not be taken from a part. */
  async #readText(answer: Answer, ask: Ask, attempt: ApiAttempt): Promise<string> {
    const bound = boundOf(answer, ask, attempt);
    this.#room.enter(attempt);
    try {
      bound(Number(answer.headers.get('content-length') ?? 0));
      const chunks: Uint8Array[] = [];
      let readBytes = 0;
      for await (const chunk of chunksOf(answer, attempt)) {
        readBytes += chunk.length;
        bound(readBytes);
        const { signal } = attempt.deadline;
        if (!(await this.#room.take(attempt, chunk.length, signal))) throw brokenOff(attempt, signal.reason);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    } finally {
      this.#room.leave(attempt);
      answer.body.destroy();
    }
  }
}

/** Throws LoadError where the answer is longer than it may be. */
function boundOf({ status }: Answer, ask: Ask, attempt: ApiAttempt): (bytes: number) => void {
  const maxBytes = status < 300 ? ask.maxBytes : MAX_ERROR_BYTES;
  const advice = status < 300 && ask.shortenBy !== undefined ? `: ${ask.shortenBy}` : '';
  return (bytes) => {
    if (bytes <= maxBytes) return;
    throw badAnswer(attempt, `answered with more than the ${maxBytes / 1024} KiB allowed${advice}`);
  };
}

/** A proxy's own answer comes in place of the API's, or of the connection. */
function proxyRefused(attempt: ApiAttempt, status?: number): Error | undefined {
  const said = attempt.proxyStatus ?? (status === 407 ? status : 200);
  if (said === 200) return undefined;
  attempt.passing = said >= 500;
  const why = said === 407 ? 'it does not take the user and the password, or wants them' : 'no connection';
  return badAnswer(attempt, `cannot be asked: the proxy answered ${said} (${why})`);
}

function watched(agent: Agent, attempt: ApiAttempt): Agent {
  return watchedBy(attempt, agent, { abandoned: attempt.deadline.signal }, (request) => {
    request.prependOnceListener('proxyConnect', (connect: { statusCode?: number }) => {
      attempt.proxyStatus = connect.statusCode;
    });
  });
}
