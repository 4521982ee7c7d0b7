// Connections through an HTTP or HTTPS proxy. Imported only where one is set.

import type { Agent, AgentOptions, ClientRequest } from 'node:http';
import type { AgentOptions as SecureOptions } from 'node:https';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';

/** What both kinds have in common. */
interface ProxyAgent extends Agent {
  readonly proxy: URL;
  /** For the proxy itself. */
  connectOpts: TcpNetConnectOpts;
  connect(request: ClientRequest, options: ConnectOptions): Promise<Socket>;
}
type ConnectOptions = Parameters<HttpsProxyAgent<string>['connect']>[1];

/** Added to the options of a request: aborted when nobody waits for it any more. */
export interface Abandonable {
  readonly abandoned?: AbortSignal;
}

/** `secure`: how TLS is spoken, with the API through a tunnel and with a proxy that speaks it; undefined: the API does not. */
export function proxyAgent(
  proxy: URL,
  options: AgentOptions | undefined,
  secure: (Agent & { options: SecureOptions }) | undefined,
): Agent {
  // These packages write the URL to stderr where the app's environment has DEBUG: the password is no part of it.
  const { bare, headers } = apart(proxy);
  if (secure === undefined) return heedful(new HttpProxyAgent(bare, { ...options, headers }));
  const tls = tlsOf(secure);
  const agent = new HttpsProxyAgent(bare, { ...options, ...tls, headers });
  // What it is made with it uses for the proxy alone; this is for the API.
  Object.assign(agent.options, tls);
  // Otherwise it looks for it in a stack trace, with every request.
  agent.protocol = 'https:';
  return heedful(agent);
}

/**
 * Two things these packages leave out: a proxy that does not answer is let go of with the request, and the API's
 * certificate is held against the API's address where that is an IP address, too.
 */
function heedful(agent: ProxyAgent): Agent {
  const { connectOpts } = agent;
  const open = agent.connect.bind(agent);
  agent.connect = async (request, { abandoned, ...options }: ConnectOptions & Abandonable) => {
    const giveUp = new AbortController();
    const abort = (): void => giveUp.abort();
    abandoned?.addEventListener('abort', abort);
    // Read by it before it first waits.
    agent.connectOpts = withSignal(agent.proxy, connectOpts, giveUp.signal);
    const { host = '' } = options;
    const verify = {
      checkServerIdentity: (_: string, peer: PeerCertificate) => checkServerIdentity(host, peer),
    };
    try {
      return await open(request, { ...options, ...(options.secureEndpoint ? verify : {}) } as ConnectOptions);
    } finally {
      // The connection outlives the request.
      abandoned?.removeEventListener('abort', abort);
    }
  };
  return agent;
}

/** tls.connect knows no signal: it gets a connection that does. */
function withSignal<T extends TcpNetConnectOpts>({ protocol }: URL, options: T, signal: AbortSignal): T {
  const heeding = { ...options, signal };
  return protocol === 'https:' ? { ...options, socket: connect(heeding) } : heeding;
}

function apart(proxy: URL): { bare: URL; headers: Record<string, string> } {
  const { username, password } = proxy;
  const bare = new URL(proxy.origin);
  if (username === '' && password === '') return { bare, headers: {} };
  const pair = Buffer.from(`${decoded(username)}:${decoded(password)}`);
  return { bare, headers: { 'Proxy-Authorization': `Basic ${pair.toString('base64')}` } };
}

/** A percent sign of its own stays what it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function tlsOf({ options }: { options: SecureOptions }): SecureOptions {
  const { rejectUnauthorized = true, secureContext } = options;
  return secureContext === undefined ? { rejectUnauthorized } : { rejectUnauthorized, secureContext };
}
