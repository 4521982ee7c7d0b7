// One POST to the app over node-fetch: what it comes to in one word and, where it failed, why, without secret or body.

import { Agent, type ClientRequest } from 'node:http';
import { Readable } from 'node:stream';
import fetch from 'node-fetch';
import type { Clock } from '../cache/clock.ts';
import type { AppUrl } from './app-url.ts';
import type { Told } from './job.ts';
import { type Message, messageOf } from './message.ts';
import type { PostAnswer } from './notifier.ts';

/** An answer's body is read up to here, so that its connection can be used again; beyond it is closed. */
const MAX_DISCARDED_BYTES = 64 * 1024;
/** A connection that nobody uses is closed after this long. */
const IDLE_MS = 30_000;
const AGENT = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1, timeout: IDLE_MS };

export interface Poster {
  /** One call at a time. Never rejects. */
  post(told: Told): Promise<PostAnswer>;
  /** Breaks off a call in flight. */
  close(): void;
}

/** `timeoutMs` bounds an exchange as a whole, the answer's body included. */
export function createPoster(app: AppUrl, timeoutMs: number, clock: Clock, resyncId: string): Poster {
  let agent: Promise<Agent> | undefined;
  const closing = new AbortController();
  const headers: Record<string, string> = { 'user-agent': 'sidecache' };
  if (app.authorization !== undefined) headers.authorization = app.authorization;

  const post = async (told: Told): Promise<PostAnswer> => {
    agent ??= createAgent(app.secure);
    const connections = await agent;
    const call = newCall(connections, timeoutMs, clock, closing.signal);
    try {
      const message = messageOf(told, resyncId);
      const sent = { ...message, headers: { ...headers, ...message.headers } };
      const status = await exchange(app.href, sent, call);
      return status >= 200 && status < 300 ? { ok: true } : { ok: false, why: wordsForStatus(status) };
    } catch (error) {
      return { ok: false, why: wordsFor(call, codeOf(error)) };
    } finally {
      call.end();
    }
  };

  return {
    post,
    close: () => {
      closing.abort();
      void agent?.then((connections) => connections.destroy());
    },
  };
}

/** Loaded only for an app behind TLS: it costs megabytes. */
async function createAgent(secure: boolean): Promise<Agent> {
  if (!secure) return new Agent(AGENT);
  const https = await import('node:https');
  return new https.Agent(AGENT);
}

interface Call {
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly expired: boolean;
  /** As node:http has it; node-fetch hides it. */
  request: ClientRequest | undefined;
  answered: boolean;
  end(): void;
}

function newCall(connections: Agent, timeoutMs: number, clock: Clock, closing: AbortSignal): Call {
  const over = new AbortController();
  let expired = false;
  const timer = clock.after(timeoutMs, () => {
    expired = true;
    over.abort();
  });
  const abort = (): void => over.abort();
  if (closing.aborted) abort();
  closing.addEventListener('abort', abort);
  const call: Call = {
    agent: watchedBy((request) => {
      call.request = request;
    }, connections),
    signal: over.signal,
    timeoutMs,
    get expired(): boolean {
      return expired;
    },
    request: undefined,
    answered: false,
    end: () => {
      timer.cancel();
      closing.removeEventListener('abort', abort);
    },
  };
  return call;
}

/** Resolves with the status once the answer is over, or longer than anybody wants to know. */
async function exchange(url: string, message: Message, call: Call): Promise<number> {
  try {
    return await exchangeOnce(url, message, call);
  } catch (error) {
    if (!wasStale(call, error)) throw error;
    return await exchangeOnce(url, message, call);
  }
}

async function exchangeOnce(url: string, message: Message, call: Call): Promise<number> {
  const { status, body } = await fetch(url, {
    method: 'POST',
    headers: { ...message.headers },
    body: message.bytes,
    agent: () => call.agent,
    signal: call.signal,
    redirect: 'manual',
    compress: false,
  });
  call.answered = true;
  if (body instanceof Readable) await discard(body);
  return status;
}

async function discard(body: Readable): Promise<void> {
  let discardedBytes = 0;
  const chunks: AsyncIterable<Buffer> = body;
  for await (const chunk of chunks) {
    discardedBytes += chunk.length;
    if (discardedBytes > MAX_DISCARDED_BYTES) break;
  }
}

/** The app closed the kept-alive connection while the call was on its way: nobody's failure, so once more. */
function wasStale({ signal, answered, request }: Call, error: unknown): boolean {
  return !signal.aborted && !answered && request?.reusedSocket === true && BREAKS.has(codeOf(error));
}

/** Agents take requests by this method; Node's types leave it out. */
interface RequestTaker {
  addRequest(request: ClientRequest, ...rest: unknown[]): void;
}

/** The agent, showing each request that it is given. */
function watchedBy(show: (request: ClientRequest) => void, agent: Agent): Agent {
  const addRequest = (request: ClientRequest, ...rest: unknown[]): void => {
    show(request);
    // Without this listener Node closes such a connection, tells nobody, and node-fetch waits until the time is over.
    request.prependOnceListener('upgrade', (_, socket) => {
      socket.destroy();
      request.emit('error', Object.assign(new Error('unexpected upgrade'), { code: 'UNEXPECTED_UPGRADE' }));
    });
    (agent as Agent & RequestTaker).addRequest(request, ...rest);
  };
  return Object.create(agent, { addRequest: { value: addRequest } });
}

const BREAKS: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ENOTFOUND: 'could not be resolved: no such host name',
  EAI_AGAIN: 'could not be resolved: the name server did not answer',
  ETIMEDOUT: 'did not accept a connection in time',
};

function wordsForStatus(status: number): string {
  const redirects = status >= 300 && status < 400 && status !== 304;
  return `answered ${status}${redirects ? ': redirects are not followed' : ''}`;
}

/** Never the error's own message: node-fetch repeats the URL in it. */
function wordsFor({ answered, expired, timeoutMs, signal }: Call, code: string): string {
  if (expired)
    return `${answered ? 'answered, but not to the end' : 'did not answer'} within ${timeoutMs} ms`;
  if (signal.aborted) return 'was not waited for: the daemon is ending';
  if (BREAKS.has(code)) {
    return `closed the connection before ${answered ? 'the end of its answer' : 'it answered'}`;
  }
  if (code === 'UNEXPECTED_UPGRADE') return 'answered 101, though no other protocol was asked for';
  return UNREACHABLE[code] ?? `could not be told (${code === '' ? 'unknown reason' : code})`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
