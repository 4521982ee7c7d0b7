// The connections to peers: kept alive between messages, over TLS where the transport says so.

import { readFileSync } from 'node:fs';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { ConfigError } from '../../errors.ts';
import type { PeerTransport } from '../transport/transport.ts';
import { Connection } from './connection.ts';
import type { SecureConnect } from './secure-connect.ts';

/** Less than the 90 s after which the router, and a peer, close them. */
const IDLE_MS = 60_000;
const READ_BYTES = 64 << 10;

/** Where messages go: scheme, host and port of a URL, and what its paths begin with. */
export interface Origin {
  /** With the port, where it is not the usual one. */
  readonly host: string;
  /** Without a slash at its end. */
  readonly path: string;
  readonly isSecure: boolean;
  readonly to: TcpNetConnectOpts;
  /** Not in use, the last one used at the end. */
  readonly free: Connection[];
  open: number;
}

export class Connections {
  readonly #lookup: Partial<TcpNetConnectOpts>;
  readonly #maxFree: number;
  readonly #loadSecure: () => Promise<SecureConnect>;
  #secureConnect: SecureConnect | undefined;
  #loading: Promise<void> | undefined;
  readonly #origins = new Map<string, Origin>();
  readonly #all = new Set<Connection>();
  /** All plain connections read into it: what comes is read through before the next does. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  /** Throws ConfigError where `caFile` cannot be used: it is read now, not at the first message. */
  constructor({ tls, lookup, serverName }: PeerTransport, caFile: string | undefined, maxFree: number) {
    this.#lookup = lookup ? { lookup } : {};
    this.#maxFree = maxFree;
    const caPem = caFile === undefined || !tls ? undefined : readCaFile(caFile);
    this.#loadSecure = async () => {
      const { createSecureConnect } = await import('./secure-connect.ts');
      return createSecureConnect(serverName, caPem);
    };
  }

  /** Of a URL without query. Remembered while there are connections to it. */
  originOf(url: string): Origin {
    const known = this.#origins.get(url);
    if (known !== undefined) return known;
    const { protocol, hostname, host, port, pathname } = new URL(url);
    const isSecure = protocol === 'https:';
    const to: TcpNetConnectOpts = {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? (isSecure ? 443 : 80) : Number(port),
      noDelay: true,
      keepAlive: true,
      ...this.#lookup,
    };
    return { host, path: pathname.replace(/\/+$/, ''), isSecure, to, free: [], open: 0 };
  }

  /** Undefined: at once. Rejects where TLS cannot be used with the CA given. */
  ready({ isSecure }: Origin): Promise<void> | undefined {
    if (!isSecure || this.#secureConnect !== undefined) return undefined;
    this.#loading ??= this.#loadSecure().then((loaded) => {
      this.#secureConnect = loaded;
    });
    return this.#loading;
  }

  /** One that nobody uses, or a new one. After `ready`. */
  take(url: string, origin: Origin): Connection {
    const free = origin.free.pop();
    if (free !== undefined) return free;
    this.#origins.set(url, origin);
    origin.open++;
    const connection: Connection = new Connection((read) => this.#connect(origin, read), {
      idleMs: IDLE_MS,
      freed: () => {
        if (origin.free.length < this.#maxFree) origin.free.push(connection);
        else connection.close();
      },
      gone: () => this.#forget(url, origin, connection),
    });
    this.#all.add(connection);
    return connection;
  }

  /** What is under way breaks off. */
  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #connect(origin: Origin, read: (bytes: Buffer) => void): Socket {
    if (origin.isSecure) return this.#secureConnect!(origin.to).on('data', read);
    const callback = (length: number): boolean => {
      read(this.#buffer.subarray(0, length));
      return true;
    };
    return connect({ ...origin.to, onread: { buffer: this.#buffer, callback } });
  }

  #forget(url: string, origin: Origin, connection: Connection): void {
    this.#all.delete(connection);
    const at = origin.free.indexOf(connection);
    if (at >= 0) origin.free.splice(at, 1);
    origin.open--;
    if (origin.open === 0 && this.#origins.get(url) === origin) this.#origins.delete(url);
  }
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
