// Connections to peers over TLS. Imported only for https: loading TLS and its root certificates costs megabytes.

import { X509Certificate } from 'node:crypto';
import { isIP, type TcpNetConnectOpts } from 'node:net';
import { connect, createSecureContext, rootCertificates, type TLSSocket } from 'node:tls';

export type SecureConnect = (options: TcpNetConnectOpts) => TLSSocket;

/**
 * `caPem` is trusted besides the usual authorities. `serverName`: whom certificates must be of where URLs have bare
 * addresses. One context for all connections: parsing the roots is slow. Throws where `caPem` is none.
 */
export function createSecureConnect(
  serverName: string | undefined,
  caPem: string | undefined,
): SecureConnect {
  // OpenSSL passes over what it cannot read, and then trusts nobody; this throws.
  if (caPem !== undefined) new X509Certificate(caPem);
  const ca = caPem === undefined ? {} : { ca: [...rootCertificates, caPem] };
  const secureContext = createSecureContext(ca);
  return (options) => {
    const { host = '' } = options;
    const name = serverName ?? (isIP(host) ? undefined : host);
    const named = name === undefined ? {} : { servername: name };
    return connect({ ...options, ...named, secureContext, ALPNProtocols: ['http/1.1'] });
  };
}
