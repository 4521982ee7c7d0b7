// Peers over real HTTP on 127.0.0.1: servers with the receiving side, and links of other members to them.

import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { requestInput, type SignedHead } from '../../../src/fleet/auth/canonical.ts';
import { HEADERS } from '../../../src/fleet/auth/head.ts';
import { digestOf, Key } from '../../../src/fleet/auth/keyring.ts';
import { type Identity, wireIdentity } from '../../../src/fleet/identity.ts';
import { createLink, type LinkParts, type PeerLink } from '../../../src/fleet/link/create-link.ts';
import type { Receive } from '../../../src/fleet/link.ts';
import { createPeerServer, type PeerServer, type PeerServerParts } from '../../../src/fleet/peer-server.ts';
import {
  createTransport,
  type PeersBy,
  type TransportParts,
} from '../../../src/fleet/transport/create-transport.ts';
import type { PeerTransport } from '../../../src/fleet/transport/transport.ts';
import { FakeClock } from '../../cache/fake-clock.ts';

export const TOKEN = 'a token of sixteen bytes or more';
export const OTHER_TOKEN = 'another token of that length';
export const APP = '11111111-2222-3333-4444-555555555555';
export const PROCESS = '99999999-8888-7777-6666-555555555555';

export function identity(name: string, index = '0', process = PROCESS): Identity {
  return {
    incarnation: `incarnation${name}`,
    index,
    instanceId: `instance-${name}`,
    process,
    version: '0.1.0',
  };
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  readonly connections: Socket[];
  close(): Promise<void>;
}

export async function listening(handle: RequestListener): Promise<HttpServer> {
  const requests: IncomingMessage[] = [];
  const connections: Socket[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handle(request, response);
  });
  server.on('connection', (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    connections,
    close: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface PeerLab extends HttpServer {
  readonly self: Identity;
  readonly server: PeerServer;
  readonly clock: FakeClock;
  /** Kind, sender and body of what was handed on. */
  readonly received: [kind: string, from: string, body: unknown][];
  /** What was charged and not released. */
  readonly chargedBytes: number;
}

/** A member that answers each message with its name and the kind, unless `receive` is given. */
export async function startPeer(name: string, given: Partial<PeerServerParts> = {}): Promise<PeerLab> {
  const self = given.self ?? identity(name);
  const clock = new FakeClock();
  const received: PeerLab['received'] = [];
  const receive: Receive = (kind, from, body) => {
    received.push([kind, from, body]);
    return given.receive ? given.receive(kind, from, body) : { name, kind };
  };
  let chargedBytes = 0;
  const server = createPeerServer({
    tokens: [TOKEN],
    prefix: '',
    clock,
    charge: (bytes) => {
      chargedBytes += bytes;
      return true;
    },
    release: (bytes) => {
      chargedBytes -= bytes;
    },
    ...given,
    self,
    receive,
  });
  const http = await listening(server.handle);
  return {
    ...http,
    self,
    server,
    clock,
    received,
    get chargedBytes(): number {
      return chargedBytes;
    },
  };
}

export interface LinkLab {
  readonly link: PeerLink;
  readonly transport: PeerTransport;
  readonly clock: FakeClock;
}

export function linkTo(
  peers: PeersBy,
  given: Partial<LinkParts> = {},
  ownIndex = '7',
  names: Pick<TransportParts, 'resolve4' | 'lookup'> = {},
): LinkLab {
  const clock = new FakeClock();
  const transport = createTransport(peers, { ownIndex, ownIp: undefined, clock, ...names });
  const self = given.self ?? identity('asker', ownIndex);
  const link = createLink({ tokens: [TOKEN], clock, port: 7071, ...given, self, transport });
  return { link, transport, clock };
}

export function linkToList(urls: readonly string[], given: Partial<LinkParts> = {}): LinkLab {
  return linkTo({ by: 'list', urls }, given);
}

/** A message by hand, to be bent in any way before it is sent. */
export interface RawMessage {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export function rawHello(from: Identity, token = TOKEN): RawMessage {
  const body = { identity: wireIdentity(from), challenge: 'c'.repeat(43) };
  return rawMessage('hello', { from: from.incarnation, to: '-', counter: '0', session: '' }, body, token);
}

/** `body`: sent as JSON, or bytes as they are. */
export function rawMessage(
  kind: string,
  head: Pick<SignedHead, 'from' | 'to' | 'counter' | 'session'>,
  body: unknown,
  token = TOKEN,
): RawMessage {
  const bytes = body instanceof Buffer ? body : Buffer.from(JSON.stringify(body));
  return signed({ method: 'POST', path: `/fleet/${kind}`, headers: {}, body: bytes }, head, token);
}

function signed(
  message: RawMessage,
  head: Pick<SignedHead, 'from' | 'to' | 'counter' | 'session'>,
  token: string,
): RawMessage {
  const { method, path: target, body } = message;
  const contentType = 'application/json';
  const digest = digestOf(body);
  const mac = new Key(token).sign(
    requestInput({ version: '1', method, target, contentType, digest, ...head }),
  );
  const headers: Record<string, string> = {
    [HEADERS.version]: '1',
    [HEADERS.from]: head.from,
    [HEADERS.to]: head.to,
    [HEADERS.counter]: head.counter,
    ...(head.session !== '' && { [HEADERS.session]: head.session }),
    [HEADERS.digest]: digest,
    [HEADERS.mac]: mac,
    'Content-Type': contentType,
    'Content-Length': String(body.length),
  };
  return { ...message, headers };
}

export function send(port: number, { method, path, headers, body }: RawMessage): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false });
    let isAnswered = false;
    request.on('error', (error) => {
      if (!isAnswered) reject(error);
    });
    request.on('response', (response) => {
      isAnswered = true;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.end(body);
  });
}

/** Says hello for `from`, and gives the session. */
export async function sessionOf(peer: HttpServer, from: Identity): Promise<string> {
  const answer = await send(peer.port, rawHello(from));
  return (JSON.parse(answer.text) as { session: string }).session;
}
