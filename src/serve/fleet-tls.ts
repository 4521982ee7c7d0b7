// TLS of the fleet listener: its certificate, taken anew when it is renewed on disk, and who has not asked anything yet.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../cache/clock.ts';
import { SidecacheError } from '../errors.ts';
import type { Connections, RequestHandler } from './connections.ts';
import type { Headroom } from './headroom.ts';
import { createHttpsServer } from './http/server.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface FleetTlsParts {
  readonly files: TlsFiles;
  readonly connections: Connections;
  readonly headroom: Headroom;
  readonly clock: Clock;
  readonly handle: RequestHandler;
  /** Told why a renewed certificate is not used. */
  readonly warn: (message: string) => void;
}

/** PEM. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Measured: 56 KB a connection on Node 20, with what every connection is charged for. */
const TLS_COST_BYTES = 48 << 10;
const HANDSHAKE_WITHIN_MS = 10_000;
/** Beyond so many, the one that has asked nothing for longest makes way: to come and be silent must not shut others out. */
const MOST_SILENT = 64;
const LOOK_AT_FILES_EVERY_MS = 60_000;

export class FleetTls {
  readonly server: HttpsServer;
  readonly #parts: FleetTlsParts;
  /** Before their first request, handshake or not, by the caller's address and port, oldest first. */
  readonly #silent = new Map<string, Socket>();
  #pair: Pair;
  /** Why what lies on disk cannot be used: told once. */
  #refused: string | undefined;
  #look: Timer | undefined;
  #closed = false;

  /** Throws SidecacheError 'cannot_listen' where a file cannot be read, or the two do not belong together. */
  static async create(parts: FleetTlsParts): Promise<FleetTls> {
    const [{ createServer }, pair] = await Promise.all([import('node:https'), readPair(parts.files)]);
    try {
      return new FleetTls(parts, createServer, pair);
    } catch (error) {
      throw unusable(parts.files, error);
    }
  }

  private constructor(parts: FleetTlsParts, create: typeof import('node:https').createServer, pair: Pair) {
    this.#parts = parts;
    this.#pair = pair;
    const { connections, handle } = parts;
    this.server = createHttpsServer(
      (options) => create({ ...options, ...pair, handshakeTimeout: HANDSHAKE_WITHIN_MS }),
      connections,
      handle,
    );
    this.server.prependListener('connection', (socket: Socket) => this.#meet(socket));
    const asked = ({ socket }: IncomingMessage): void => void this.#silent.delete(nameOf(socket));
    this.server.prependListener('request', asked);
    this.server.prependListener('checkContinue', asked);
    this.#lookLater();
  }

  close(): void {
    this.#closed = true;
    this.#look?.cancel();
    for (const socket of this.#silent.values()) socket.destroy();
  }

  // --- connections

  #meet(socket: Socket): void {
    const { headroom } = this.#parts;
    const fits = headroom.chargeConnection(TLS_COST_BYTES);
    if (!fits || this.#silent.size >= MOST_SILENT) this.#makePlace();
    if (!fits) {
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    this.#silent.set(name, socket);
    socket.once('close', () => {
      headroom.releaseConnection(TLS_COST_BYTES);
      if (this.#silent.get(name) === socket) this.#silent.delete(name);
    });
  }

  /** What that one held is free once it is closed: for who comes next. */
  #makePlace(): void {
    for (const [name, socket] of this.#silent) {
      this.#silent.delete(name);
      socket.destroy();
      return;
    }
  }

  // --- the certificate

  #lookLater(): void {
    this.#look = this.#parts.clock.after(LOOK_AT_FILES_EVERY_MS, () => {
      this.renew().finally(() => {
        if (!this.#closed) this.#lookLater();
      });
    });
  }

  /** Takes what lies on disk now; while that is unusable, half renewed perhaps, goes on with what it has. */
  async renew(): Promise<void> {
    const { files, warn } = this.#parts;
    try {
      const pair = await readPair(files);
      this.#refused = undefined;
      if (pair.cert === this.#pair.cert && pair.key === this.#pair.key) return;
      this.server.setSecureContext({ ...pair });
      this.#pair = pair;
    } catch (error) {
      const { message } = unusable(files, error);
      if (message !== this.#refused) warn(`the old certificate is used on: ${message}`);
      this.#refused = message;
    }
  }
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** OpenSSL takes an empty key for none, and then nobody can connect: what is half written must not pass. */
async function readPair(files: TlsFiles): Promise<Pair> {
  const pair = {
    cert: await read('fleet.tls.cert', files.cert),
    key: await read('fleet.tls.key', files.key),
  };
  try {
    if (new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) return pair;
  } catch (error) {
    throw unusable(files, error);
  }
  throw unusable(files, new Error('the key is of another certificate'));
}

async function read(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    const { message } = error as Error;
    throw new SidecacheError('cannot_listen', `cannot read \`${option}\`: ${message}`, { cause: error });
  }
}

function unusable({ cert, key }: TlsFiles, error: unknown): SidecacheError {
  if (error instanceof SidecacheError) return error;
  const { message } = error as Error;
  const what = `the certificate ${cert} and the key ${key} cannot be used together`;
  return new SidecacheError('cannot_listen', `${what}: ${message}`, { cause: error });
}
