// Connections over TLS. Imported only for an https origin: loading TLS and its root certificates costs megabytes.

import { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { agentOptions } from './wire.ts';

/** `caPem` is trusted besides the usual authorities. One context for all connections: parsing the roots is slow. Throws. */
export function createSecureAgent(
  options: ReturnType<typeof agentOptions>,
  caPem: string | undefined,
): Agent {
  if (caPem === undefined) return new Agent(options);
  // OpenSSL passes over what it cannot read, and then trusts nobody; this throws.
  new X509Certificate(caPem);
  const secureContext = createSecureContext({ ca: [...rootCertificates, caPem] });
  return new Agent({ ...options, secureContext });
}
