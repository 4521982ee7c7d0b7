// Connections to peers over TLS. Imported only for https: loading TLS and its root certificates costs megabytes.

import { X509Certificate } from 'node:crypto';
import type { AgentOptions } from 'node:http';
import { Agent } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';

/**
 * `caPem` is trusted besides the usual authorities. `servername`: whom certificates must be of where URLs have bare
 * addresses. One context for all connections: parsing the roots is slow. Throws where `caPem` is none.
 */
export function createSecureAgent(
  options: AgentOptions,
  servername: string | undefined,
  caPem: string | undefined,
): Agent {
  const named = servername === undefined ? options : { ...options, servername };
  if (caPem === undefined) return new Agent(named);
  // OpenSSL passes over what it cannot read, and then trusts nobody; this throws.
  new X509Certificate(caPem);
  return new Agent({ ...named, secureContext: createSecureContext({ ca: [...rootCertificates, caPem] }) });
}
