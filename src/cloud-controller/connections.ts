// The connections to one API, its UAA included: kept-alive agents, TLS with its own authorities, and the proxy before them.

import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import type { Agent as SecureAgent } from 'node:https';
import { ConfigError } from '../errors.ts';
import { agentOptions } from '../load/wire.ts';
import type { ApiSettings } from './settings.ts';

export interface Hop {
  readonly hostname: string;
  readonly port: number;
}

export interface Connections {
  /** What messages call the place of a URL: its origin, and the proxy it is reached through, without a password. */
  nameOf(url: URL): string;
  agentFor(url: URL): Promise<Agent>;
  /** What is connected to for a URL. */
  hopTo(url: URL): Hop;
  close(): void;
}

/** Throws ConfigError. Nothing is loaded before there is something to connect to. */
export function createConnections(settings: ApiSettings): Connections {
  const proxy = settings.proxyUrl === undefined ? undefined : new URL(settings.proxyUrl);
  const caPem = settings.caFile === undefined ? undefined : readCaFile(settings.name, settings.caFile);
  const agents = new Map<string, Promise<Agent>>();
  const make = async (protocol: string): Promise<Agent> => {
    const options = agentOptions(settings.concurrency);
    const secure = protocol === 'https:' ? await secureAgent(settings, caPem) : undefined;
    if (proxy === undefined) return secure ?? new Agent(options);
    const { proxyAgent } = await import('./proxy-agent.ts');
    return proxyAgent(proxy, options, secure);
  };
  return {
    nameOf: ({ origin }) => (proxy === undefined ? origin : `${origin} (through the proxy ${proxy.origin})`),
    agentFor: ({ protocol }) => {
      const agent = agents.get(protocol) ?? make(protocol);
      agents.set(protocol, agent);
      return agent;
    },
    hopTo: (url) => hopOf(proxy ?? url),
    close: () => {
      for (const agent of agents.values()) {
        agent.then(
          (connections) => connections.destroy(),
          () => undefined,
        );
      }
    },
  };
}

async function secureAgent(settings: ApiSettings, caPem: string | undefined): Promise<SecureAgent> {
  const { createSecureAgent } = await import('../load/secure-agent.ts');
  const options = { ...agentOptions(settings.concurrency), rejectUnauthorized: settings.verifyTls };
  return createSecureAgent(options, caPem);
}

function hopOf({ hostname, port, protocol }: URL): Hop {
  return {
    // As net.connect wants it: an IPv6 address without brackets.
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
  };
}

/** Read at the start, so that a wrong path, or file, is known then. */
function readCaFile(api: string, path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError([`CA file of the API ${api}: ${path} cannot be read`], { cause });
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new ConfigError([`CA file of the API ${api}: ${path} holds no PEM certificate`]);
}
