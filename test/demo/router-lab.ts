// A stand-in router with backends behind it, and requests to it that no HTTP library has tidied up.

import type { IncomingMessage, RequestListener } from 'node:http';
import { connect } from 'node:net';
import { type Endpoint, type RouterOptions, StandInRouter } from '../../src/demo/router.ts';
import { type Origin, startOrigin } from '../load/origin.ts';

export const APP = '11111111-aaaa-4bbb-8ccc-000000000001';
export const OTHER_APP = '11111111-aaaa-4bbb-8ccc-000000000002';
export const WEB = '22222222-aaaa-4bbb-8ccc-000000000001';
export const CANARY = '22222222-aaaa-4bbb-8ccc-000000000002';
export const HOST = 'app.test';

export interface Reply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** As it stood on the wire. */
  readonly text: string;
}

export class Lab {
  readonly router: StandInRouter;
  readonly #origins: Origin[] = [];

  private constructor(router: StandInRouter) {
    this.router = router;
  }

  static async start(options: RouterOptions = {}): Promise<Lab> {
    return new Lab(await StandInRouter.start(options));
  }

  /** A backend that says its own index, unless it is given something else to do. */
  async backend(
    index: string | number,
    also: Partial<Endpoint> = {},
    handler?: RequestListener,
  ): Promise<Origin> {
    const origin = await startOrigin(handler ?? ((_request, response) => response.end(`instance ${index}`)));
    this.#origins.push(origin);
    this.router.register(HOST, endpoint(index, origin.port, also));
    return origin;
  }

  /** One GET of / with these headers beside Host. */
  get(...headers: readonly string[]): Promise<Reply> {
    return this.raw(['GET / HTTP/1.1', `Host: ${HOST}`, ...headers]);
  }

  /** Head lines without their ends; the connection is closed after the answer. */
  raw(head: readonly string[], body = ''): Promise<Reply> {
    return exchange(this.router.port, `${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  }

  async close(): Promise<void> {
    await this.router.close();
    for (const origin of this.#origins) await origin.close();
  }
}

export function endpoint(index: string | number, port: number, also: Partial<Endpoint> = {}): Endpoint {
  const host = '127.0.0.1';
  return { host, port, appGuid: APP, processGuid: WEB, index, instanceId: `instance-${index}`, ...also };
}

/** Sends the bytes as they are; resolves with what came until the end. */
export function exchange(port: number, bytes: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(parsed(text)));
    socket.write(bytes, 'latin1');
  });
}

export function parsed(text: string): Reply {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Map(lines.map((line) => [nameOf(line), line.slice(line.indexOf(': ') + 2)]));
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n'), text };
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(': ')).toLowerCase();
}

/** The value of the one line with this name, as the backend was sent it; undefined when there is none or two. */
export function sentTo(request: IncomingMessage | undefined, name: string): string | undefined {
  const raw = request?.rawHeaders ?? [];
  const at = raw.flatMap((one, n) => (n % 2 === 0 && one.toLowerCase() === name.toLowerCase() ? [n] : []));
  return at.length === 1 ? raw[at[0]! + 1] : undefined;
}
