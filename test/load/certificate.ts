// Self-signed certificates, made while a test runs: no key lies in the repository, and no tool is needed. Source: RFC 5280.

import { generateKeyPairSync, sign } from 'node:crypto';

export interface Certificate {
  keyPem: string;
  certPem: string;
}

/** For the IPv4 address `host`, valid from 2020 until 2049. */
export function selfSigned(host: string): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const toSign = certificateBody(host, keyInfo);
  const signature = sign('sha256', toSign, privateKey);
  const certificate = sequence(toSign, ECDSA_SHA256, der(0x03, Buffer.of(0), signature));
  const lines = certificate.toString('base64').replace(/.{1,64}/g, '$&\n');
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certPem: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`,
  };
}

function certificateBody(host: string, keyInfo: Buffer): Buffer {
  const version3 = der(0xa0, der(0x02, Buffer.of(2)));
  const serial = der(0x02, Buffer.of(1));
  const commonName = sequence(der(0x06, Buffer.of(0x55, 4, 3)), der(0x0c, Buffer.from('sidecache test')));
  const name = sequence(der(0x31, commonName));
  const validity = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const address = der(0x87, Buffer.from(host.split('.').map(Number)));
  const extensions = der(
    0xa3,
    sequence(
      extension(17, sequence(address)),
      // A CA, as whoever trusts it must be able to take it for its own issuer.
      extension(19, sequence(der(0x01, Buffer.of(0xff)))),
    ),
  );
  return sequence(version3, serial, ECDSA_SHA256, name, validity, name, keyInfo, extensions);
}

/** Extension `2.5.29.n`. */
function extension(n: number, value: Buffer): Buffer {
  return sequence(der(0x06, Buffer.of(0x55, 29, n)), der(0x04, value));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, ...parts);
}

/** Tag, length, value. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const length = value.length < 128 ? [value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), value]);
}

const ECDSA_SHA256 = sequence(der(0x06, Buffer.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)));
