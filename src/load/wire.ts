// One GET over node-fetch, with kept-alive connections of the loader's own. Knows requests and connections, not their meaning.

import type { Agent } from 'node:http';
import { Readable } from 'node:stream';
import type { Headers } from 'node-fetch';
import { type Attempt, badAnswer, brokenOff } from './attempt.ts';
import { watchedBy } from './watched-agent.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
}

export interface Wire {
  /** Resolves at the answer's headers. Throws LoadError. */
  get(url: string, headers: Readonly<Record<string, string>>, attempt: Attempt): Promise<Answer>;
  close(): void;
}

/** Connections that nobody uses are closed after this long. */
const IDLE_MS = 30_000;

/** `makeAgent` is called at the first request: TLS costs memory that a plain origin need not cost. */
export function createWire(makeAgent: () => Promise<Agent>): Wire {
  let agent: Promise<Agent> | undefined;
  // It brings zlib, https and more: not loaded before there is something to fetch.
  let fetching: Promise<typeof import('node-fetch')> | undefined;
  return {
    get: async (url, headers, attempt) => {
      agent ??= makeAgent();
      const connections = await agent.catch((error: unknown) => {
        throw badAnswer(attempt, 'cannot be asked: no TLS with this CA file', error);
      });
      fetching ??= import('node-fetch');
      const { default: fetch } = await fetching;
      const asked = fetch(url, {
        headers: { ...headers },
        agent: () => watchedBy(attempt, connections),
        signal: attempt.deadline.signal,
        redirect: 'manual',
        compress: false,
      });
      const {
        status,
        headers: said,
        body,
      } = await asked.catch((error: unknown) => {
        throw brokenOff(attempt, error);
      });
      if (!(body instanceof Readable)) throw badAnswer(attempt, 'answered without a body to read');
      return { status, headers: said, body };
    },
    close: () => {
      agent?.then(
        (connections) => connections.destroy(),
        () => undefined,
      );
    },
  };
}

export function agentOptions(maxSockets: number): ConstructorParameters<typeof Agent>[0] {
  return { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout: IDLE_MS };
}
