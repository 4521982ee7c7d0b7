// One POST with kept-alive connections: what came back, or how it broke off. Knows nothing of peers.
//
// Over node:http itself: with fifty peers at once node-fetch, made of streams, pipelines and signals, costs ten times
// what signing and verifying do (bench/findings.md), and hides which connections had been used before.

import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';

export interface Posted {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly maxReplyBytes: number;
  readonly signal: AbortSignal;
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

const STALE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** Never rejects. */
export function exchange(agent: Agent, posted: Posted): Promise<HttpAnswer | Broken> {
  return new Promise((resolve) => {
    const { signal } = posted;
    let answer: IncomingMessage | undefined;
    const request = begin(agent, posted);
    const abort = (): void => void request.destroy();
    const end = (outcome: HttpAnswer | Broken): void => {
      signal.removeEventListener('abort', abort);
      resolve(outcome);
    };
    const broke = (broken: string): void => {
      const answered = answer !== undefined;
      end({ broken, answered, stale: !answered && request.reusedSocket && STALE.has(broken) });
      request.destroy();
    };
    request.on('error', (error: NodeJS.ErrnoException) => broke(error.code ?? ''));
    request.on('response', (response) => {
      answer = response;
      readAll(response, posted.maxReplyBytes, end, broke);
    });
    // Without this listener Node closes such a connection, and tells nobody.
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      broke('UNEXPECTED_UPGRADE');
    });
    // Destroyed before anything came, it says so by no other event.
    request.on('close', () => broke(''));
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    else request.end(posted.body);
  });
}

function begin(agent: Agent, { url, headers, body }: Posted): ClientRequest {
  const { protocol, hostname, port, pathname, search } = url;
  return httpRequest({
    agent,
    protocol,
    // URL writes an IPv6 address in brackets, connections have it without.
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: `${pathname}${search}`,
    method: 'POST',
    headers: { ...headers, 'Content-Length': body.length },
  });
}

function readAll(
  response: IncomingMessage,
  maxBytes: number,
  end: (answer: HttpAnswer) => void,
  broke: (code: string) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > maxBytes) broke('TOO_LARGE');
  });
  response.on('error', () => broke('ECONNRESET'));
  response.on('end', () => {
    const { statusCode = 0, headers, complete } = response;
    if (!complete) broke('ECONNRESET');
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    end({ status: statusCode, header: (name) => headers[name.toLowerCase()]?.toString() ?? '', body });
  });
}
