// Connections over TLS. Imported only for an https origin: loading TLS and its root certificates costs megabytes.

import { Agent } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { agentOptions } from './wire.ts';

/** `caPem` is trusted besides the usual authorities. One context for all connections: parsing the roots is slow. */
export function createSecureAgent(
  options: ReturnType<typeof agentOptions>,
  caPem: string | undefined,
): Agent {
  if (caPem === undefined) return new Agent(options);
  const secureContext = createSecureContext({ ca: [...rootCertificates, caPem] });
  return new Agent({ ...options, secureContext });
}
