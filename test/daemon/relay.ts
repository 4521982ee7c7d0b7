// Something on the way to a daemon, such as a proxy: it keeps what passes, and changes or answers it when told to.

import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passed {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class Relay {
  readonly port: number;
  /** Oldest first. */
  readonly passed: Passed[] = [];
  /** Answers in the daemon's place; undefined: it passes on. */
  answering: ((asked: Passed) => Reply | undefined) | undefined;
  /** What becomes of the daemon's reply. */
  altering: ((reply: Reply, asked: Passed) => Reply) | undefined;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  /** `to`: the daemon's port. */
  static async start(to: number): Promise<Relay> {
    let relay: Relay | undefined;
    const agent = new Agent({ keepAlive: true });
    const server = createServer((incoming, outgoing) => {
      incoming.on('error', () => undefined);
      outgoing.on('error', () => undefined);
      pass(relay!, agent, to, incoming, outgoing).catch(() => outgoing.destroy());
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    relay = new Relay((server.address() as AddressInfo).port, async () => {
      agent.destroy();
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    });
    return relay;
  }

  /** Messages of the kind, of one sender where it is named. */
  messages(kind: string, from?: string): Passed[] {
    return this.passed.filter(
      ({ target, headers }) =>
        target.endsWith(`/fleet/${kind}`) && (from === undefined || headers['sidecache-from'] === from),
    );
  }

  close(): Promise<void> {
    return this.#close();
  }
}

async function pass(
  relay: Relay,
  agent: Agent,
  to: number,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = '', url: target = '', headers } = incoming;
  const asked = { method, target, headers, body: await bytesOf(incoming) };
  relay.passed.push(asked);
  const reply = relay.answering?.(asked) ?? (await forward(agent, to, asked, outgoing));
  const { status, headers: said, body } = relay.altering?.(reply, asked) ?? reply;
  const { connection: _, 'transfer-encoding': __, ...kept } = said;
  outgoing.writeHead(status, { ...kept, 'content-length': body.length }).end(body);
}

async function forward(agent: Agent, port: number, asked: Passed, outgoing: ServerResponse): Promise<Reply> {
  const { method, target: path, headers, body } = asked;
  const { connection: _, ...kept } = headers;
  const response = await new Promise<IncomingMessage>((answered, failed) => {
    const options = { agent, host: '127.0.0.1', port, method, path, headers: kept };
    const request = httpRequest(options, answered).on('error', failed);
    outgoing.on('close', () => request.destroy());
    request.end(body);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, body: await bytesOf(response) };
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
