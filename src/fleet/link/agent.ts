// The connections to peers: kept alive between messages, over TLS where the transport says so.

import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { ConfigError } from '../../errors.ts';
import type { PeerTransport } from '../transport/transport.ts';

/** Less than the 90 s after which the router, and a peer, close them. */
const IDLE_MS = 60_000;

export type AgentFor = (url: string) => Promise<Agent>;

export interface Agents {
  readonly agentFor: AgentFor;
  close(): void;
}

/** Throws ConfigError where `caFile` cannot be used: it is read now, not at the first message. */
export function createAgents(transport: PeerTransport, caFile: string | undefined, maxFree: number): Agents {
  const { lookup, serverName } = transport;
  const options = {
    keepAlive: true,
    maxFreeSockets: maxFree,
    timeout: IDLE_MS,
    ...(lookup && { lookup }),
  };
  const caPem = caFile === undefined || !transport.tls ? undefined : readCaFile(caFile);
  const plain = new Agent(options);
  let secure: Promise<Agent> | undefined;
  const makeSecure = async (): Promise<Agent> => {
    const { createSecureAgent } = await import('./secure-agent.ts');
    return createSecureAgent(options, serverName, caPem);
  };
  return {
    agentFor: async (url) => {
      if (!url.startsWith('https:')) return plain;
      secure ??= makeSecure();
      return await secure;
    },
    close: () => {
      plain.destroy();
      secure?.then(
        (agent) => agent.destroy(),
        () => undefined,
      );
    },
  };
}

function readCaFile(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError([`fleet ca: ${path} cannot be read`], { cause });
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new ConfigError([`fleet ca: ${path} holds no PEM certificate`]);
}
