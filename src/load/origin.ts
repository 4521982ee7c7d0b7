// An origin as loaders ask it: with the configured headers, over connections kept alive, within the time and tries allowed.

import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { ConfigError } from '../errors.ts';
import type { Attempt } from './attempt.ts';
import { type Clock, startDeadline } from './deadline.ts';
import { acceptsConnections } from './reachable.ts';
import { getFollowing } from './redirect.ts';
import { requestHeaders } from './request-headers.ts';
import type { HttpLoaderConfig } from './settings.ts';
import { persistently, type TryClock } from './tries.ts';
import type { UrlTemplate } from './url-template.ts';
import { type Answer, agentOptions, createWire } from './wire.ts';

export interface Asking {
  readonly url: string;
  /** For If-None-Match. */
  readonly etag: string | undefined;
  readonly signal: AbortSignal;
}

export interface Origin {
  /** Throws LoadError, and what `read` throws, which is called once a try. */
  ask<T>(asking: Asking, read: (answer: Answer, attempt: Attempt) => Promise<T>): Promise<T>;
  /** Never throws. */
  reachable(): Promise<boolean>;
  /** Ends what is under way. */
  close(): void;
}

/** Throws ConfigError. */
export function createOrigin(
  config: HttpLoaderConfig,
  template: UrlTemplate,
  clock: Clock & TryClock,
): Origin {
  const headers = requestHeaders(config.headers, template.authorization);
  const wire = createWire(agentMaker(config, template.secure));
  const closing = new AbortController();
  return {
    /** `timeoutMs` bounds all of it, tries and gaps: it is what a reader waits. */
    ask: async ({ url, etag, signal }, read) => {
      const asked = etag === undefined ? headers : { ...headers, 'if-none-match': etag };
      const deadline = startDeadline(config.timeoutMs, [signal, closing.signal], clock);
      try {
        return await persistently(template.origin, deadline, config, clock, async (attempt) =>
          read(await getFollowing(wire, url, asked, attempt), attempt),
        );
      } finally {
        deadline.end();
      }
    },
    reachable: () => acceptsConnections(template.hostname, template.port, clock),
    close: () => {
      closing.abort();
      wire.close();
    },
  };
}

function agentMaker(config: HttpLoaderConfig, secure: boolean): () => Promise<Agent> {
  const options = agentOptions(config.concurrency);
  if (!secure) return async () => new Agent(options);
  const caPem = config.caFile === undefined ? undefined : readCaFile(config.caFile);
  return async () => {
    const { createSecureAgent } = await import('./secure-agent.ts');
    return createSecureAgent(options, caPem);
  };
}

/** Read at the start, so that a wrong path, or file, is known then. */
function readCaFile(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError([`loader ca: ${path} cannot be read`], { cause });
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new ConfigError([`loader ca: ${path} holds no PEM certificate`]);
}
