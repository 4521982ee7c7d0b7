// One POST with kept-alive connections: what came back, or how it broke off. Knows nothing of peers.

import type { Connections, Origin } from './connections.ts';
import type { Deadline } from './deadline.ts';

export interface Posted {
  /** Of which `origin` is. */
  readonly url: string;
  readonly origin: Origin;
  /** As it stands in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly maxReplyBytes: number;
  readonly deadline: Deadline;
}

export interface HttpAnswer {
  readonly status: number;
  /** Empty where it is missing. */
  header(name: string): string;
  readonly body: Buffer;
}

export interface Broken {
  /** Node's error code, `TOO_LARGE` for a reply that is, or empty. */
  readonly broken: string;
  readonly answered: boolean;
  /** A kept-alive connection that the other side had closed meanwhile: nobody's failure. */
  readonly stale: boolean;
}

const SMALL_BYTES = 16 << 10;
const VALUE = /^[\t\x20-\x7e]*$/;

/** Never rejects; `connections` are ready for the origin. */
export function exchange(connections: Connections, posted: Posted): Promise<HttpAnswer | Broken> {
  return new Promise((resolve) => {
    const { url, origin, body, maxReplyBytes, deadline } = posted;
    const head = headOf(posted);
    const broken = deadline.isOver ? 'ABORTED' : head === undefined ? 'INVALID_HEADER' : undefined;
    if (head === undefined || broken !== undefined) {
      resolve({ broken: broken ?? '', answered: false, stale: false });
      return;
    }
    const connection = connections.take(url, origin);
    deadline.whenOver = () => connection.abort();
    const settle = (result: HttpAnswer | Broken): void => {
      deadline.whenOver = undefined;
      resolve(result);
    };
    // As text of one byte a character it leaves together with the head, in one write; a large one is not copied.
    const isSmall = body.length <= SMALL_BYTES;
    const text = isSmall ? head + body.toString('latin1') : head;
    connection.send(text, isSmall ? undefined : body, maxReplyBytes, settle);
  });
}

/** Undefined where a value would be more than one. */
function headOf({ origin, target, headers, body }: Posted): string | undefined {
  let head = `POST ${target} HTTP/1.1\r\nHost: ${origin.host}\r\nConnection: keep-alive\r\n`;
  for (const name in headers) {
    const value = headers[name]!;
    if (!VALUE.test(value)) return undefined;
    head += `${name}: ${value}\r\n`;
  }
  return `${head}Content-Length: ${body.length}\r\n\r\n`;
}
