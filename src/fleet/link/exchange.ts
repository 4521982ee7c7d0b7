// One POST with kept-alive connections: what came back, or how it broke off. Knows nothing of peers.
//
// Over node:http itself: with fifty peers at once node-fetch, made of streams, pipelines and signals, costs many
// times what signing and verifying do, and hides which connections had been used before.

import { type Agent, type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';

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

const SMALL_BYTES = 16 << 10;

/** Never rejects; of an agent for TLS where the URL is https. */
export function exchange(agent: Agent, posted: Posted): Promise<HttpAnswer | Broken> {
  return new Promise((resolve) => {
    const { url, headers, body, signal } = posted;
    const { protocol, hostname, port, pathname: path } = url;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const request = startRequest({ agent, protocol, host, port, path, method: 'POST', headers });
    let answer: IncomingMessage | undefined;
    const settle = (result: HttpAnswer | Broken): void => {
      signal.removeEventListener('abort', giveUp);
      resolve(result);
    };
    const breakOff = (broken: string): void => {
      settle(brokenOff(request, answer, broken));
      request.destroy();
    };
    const giveUp = (): void => breakOff('ABORTED');
    // Also after it is settled: an error that nobody listens for would end the process.
    request.on('error', (error) => breakOff(codeOf(error)));
    request.once('response', (response) => {
      answer = response;
      receive(response, posted.maxReplyBytes, settle, breakOff);
    });
    // Without this listener Node closes such a connection, and tells nobody.
    request.once('upgrade', () => breakOff('UNEXPECTED_UPGRADE'));
    // Whatever it was that ended it.
    request.once('close', () => settle(brokenOff(request, answer, '')));
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    // As text of one byte a character it leaves together with the head, in one write; a large one is not copied.
    else if (body.length <= SMALL_BYTES) request.end(body.toString('latin1'), 'latin1');
    else request.end(body);
  });
}

function receive(
  answer: IncomingMessage,
  maxBytes: number,
  settle: (answer: HttpAnswer) => void,
  breakOff: (broken: string) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) breakOff('TOO_LARGE');
    else chunks.push(chunk);
  });
  answer.on('error', (error) => breakOff(codeOf(error)));
  answer.once('end', () => {
    const { statusCode: status = 0, headers } = answer;
    const header = (name: string): string => String(headers[name.toLowerCase()] ?? '');
    settle({ status, header, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
  });
}

function brokenOff(request: ClientRequest, answer: IncomingMessage | undefined, broken: string): Broken {
  const answered = answer !== undefined;
  return { broken, answered, stale: !answered && request.reusedSocket && STALE.has(broken) };
}

const STALE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? '';
}
