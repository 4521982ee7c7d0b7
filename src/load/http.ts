// The HTTP loader: a key in, what the origin says out. Tries, time and the agent are here; caching is not.

import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import type { Loaded, Loader, LoadRequest } from '../cache/loader.ts';
import { ConfigError } from '../errors.ts';
import { readAnswer } from './answer.ts';
import type { Attempt } from './attempt.ts';
import { type Clock, startDeadline } from './deadline.ts';
import { acceptsConnections } from './reachable.ts';
import { getFollowing } from './redirect.ts';
import { requestHeaders } from './request-headers.ts';
import type { HttpLoaderConfig } from './settings.ts';
import { persistently } from './tries.ts';
import { compileUrlTemplate } from './url-template.ts';
import { agentOptions, createWire } from './wire.ts';

export interface HttpLoaderDeps extends Clock {
  maxValueBytes: number;
  /** From 0 up to 1. */
  random(): number;
  /** Told of every answer that may be served and not stored; also in its terms. */
  onUnstorable?(reason: string): void;
}

/** Throws ConfigError. */
export function createHttpLoader(config: HttpLoaderConfig, deps: HttpLoaderDeps): Loader {
  const template = compileUrlTemplate(config.url);
  const headers = requestHeaders(config.headers, template.authorization);
  const wire = createWire(agentMaker(config, template.secure));
  const closing = new AbortController();

  /** `timeoutMs` bounds the load as a whole, its tries and gaps: it is what a reader waits. */
  const load = async (request: LoadRequest): Promise<Loaded> => {
    const url = template.fill(request.key);
    const deadline = startDeadline(config.timeoutMs, [request.signal, closing.signal], deps);
    try {
      return await persistently(template.origin, deadline, config, deps, (attempt) =>
        loadOnce(url, request, attempt),
      );
    } finally {
      deadline.end();
    }
  };

  const loadOnce = async (url: string, request: LoadRequest, attempt: Attempt): Promise<Loaded> => {
    const asked = request.etag === undefined ? headers : { ...headers, 'if-none-match': request.etag };
    const answer = await getFollowing(wire, url, asked, attempt);
    const rules = { maxValueBytes: deps.maxValueBytes, cacheControl: config.cacheControl };
    const loaded = await readAnswer(answer, request, rules, attempt);
    if (loaded.kind !== 'absent' && loaded.terms.unstorable !== undefined) {
      deps.onUnstorable?.(loaded.terms.unstorable);
    }
    return loaded;
  };

  return {
    load,
    reachable: () => acceptsConnections(template.hostname, template.port, deps),
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
