// An HTTP proxy for tests: tunnels for CONNECT, forwards what is asked with a whole URL, and may want a password.

import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Socket } from 'node:net';

export interface TestProxy {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** Hosts of CONNECT, and URLs that were forwarded, in their order. */
  readonly asked: readonly string[];
  /** Connections to it that are open. */
  readonly open: number;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** user:password */
  readonly wants?: string;
  readonly tls?: { key: string; cert: string };
  /** What it says to each CONNECT in place of a tunnel; undefined here: nothing ever. */
  readonly answers?: { readonly status: string | undefined };
}

export async function startProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = options.tls === undefined ? createServer() : createSecureServer(options.tls);
  const isRefused = ({ headers }: IncomingMessage): boolean =>
    options.wants !== undefined &&
    headers['proxy-authorization'] !== `Basic ${Buffer.from(options.wants).toString('base64')}`;

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('connect', (incoming: IncomingMessage, client: Socket) => {
    asked.push(incoming.url ?? '');
    client.on('error', () => undefined);
    if (options.answers !== undefined) {
      if (options.answers.status !== undefined) client.end(`HTTP/1.1 ${options.answers.status}\r\n\r\n`);
      // So that its end is seen.
      client.on('end', () => client.end()).resume();
      return;
    }
    if (isRefused(incoming)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const [host, port] = (incoming.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    target.on('error', () => client.destroy());
    client.on('close', () => target.destroy());
  });
  server.on('request', (incoming, response) => {
    asked.push(incoming.url ?? '');
    if (isRefused(incoming)) {
      response.writeHead(407).end();
      return;
    }
    const { method, headers } = incoming;
    const forwarded = request(incoming.url ?? '', { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    asked,
    get open(): number {
      return sockets.size;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
