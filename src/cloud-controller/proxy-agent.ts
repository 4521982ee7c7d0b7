// Connections through an HTTP or HTTPS proxy. Imported only where one is set.

import type { Agent, AgentOptions } from 'node:http';
import type { AgentOptions as SecureOptions } from 'node:https';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';

/** `secure`: how TLS is spoken, with the API through a tunnel and with a proxy that speaks it; undefined: the API does not. */
export function proxyAgent(
  proxy: URL,
  options: AgentOptions | undefined,
  secure: (Agent & { options: SecureOptions }) | undefined,
): Agent {
  // These packages write the URL to stderr where the app's environment has DEBUG: the password is no part of it.
  const { bare, headers } = apart(proxy);
  if (secure === undefined) return new HttpProxyAgent(bare, { ...options, headers });
  const tls = tlsOf(secure);
  const agent = new HttpsProxyAgent(bare, { ...options, ...tls, headers });
  // What it is made with it uses for the proxy alone; this is for the API.
  Object.assign(agent.options, tls);
  // Otherwise it looks for it in a stack trace, with every request.
  agent.protocol = 'https:';
  return agent;
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
