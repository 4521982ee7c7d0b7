// Talks HTTP to the daemon, over its socket or loopback, and says in plain words when that does not work.

import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { CommandError } from '../errors.ts';
import type { Address } from './address.ts';
import { type Fields, readFields, textAt } from './answer.ts';
import { EXIT } from './exit-codes.ts';
import { upload } from './upload.ts';

const PATIENCE_MS = 30_000;

export interface Ask {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query, percent-encoded. */
  target: string;
  headers?: Record<string, string | string[]>;
  body?: Uint8Array | Readable;
  /** So long without a byte from the daemon is given up. Default 30 s. */
  patienceMs?: number;
}

/** The answer, whatever its status; its body is still to be read. */
export function send(address: Address, ask: Ask): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const patienceMs = ask.patienceMs ?? PATIENCE_MS;
    const { shown: _, ...place } = address;
    const request = httpRequest({
      ...place,
      method: ask.method,
      path: ask.target,
      headers: ask.headers,
      agent: false,
    });
    request.setTimeout(patienceMs, () => request.destroy(tooSlow(address, patienceMs)));
    // What breaks after the answer began is the reader's to notice: a refused upload breaks, too.
    request.on('response', resolve);
    request.on('error', (error) => reject(explained(error, address)));
    sendBody(request, ask.body);
  });
}

/** The answer, or the daemon's refusal as an error. */
export async function expectOk(address: Address, ask: Ask): Promise<IncomingMessage> {
  const reply = await send(address, ask);
  if ((reply.statusCode ?? 500) < 400) return reply;
  throw refusal(reply.statusCode ?? 500, await readFields(reply));
}

export async function askForFields(address: Address, ask: Ask): Promise<Fields> {
  const fields = await readFields(await expectOk(address, ask));
  if (fields !== undefined) return fields;
  throw new CommandError(EXIT.failed, `${address.shown} did not answer as a sidecache daemon does`);
}

/** From problem+json (RFC 9457) where there is one. */
export function refusal(status: number, problem: Fields | undefined): CommandError {
  return new CommandError(exitCodeOf(status, problem), reasonIn(problem) ?? `the daemon answered ${status}`);
}

/** What a problem+json says is wrong, on one line. */
export function reasonIn(problem: Fields | undefined): string | undefined {
  const reason = problem && (textAt(problem, 'detail') ?? textAt(problem, 'title'));
  return reason?.replaceAll('\n', '; ') || undefined;
}

/** The stable name at the end of a problem+json's type; empty where there is none. */
export function codeIn(problem: Fields | undefined): string {
  return String(problem?.type ?? '').replace(/^.*[/:#]/, '');
}

function exitCodeOf(status: number, problem: Fields | undefined): number {
  if (status === 404) return EXIT.notFound;
  const code = codeIn(problem);
  return code === 'not_confirmed' || code === 'not_ready' ? EXIT.notInTime : EXIT.failed;
}

function sendBody(request: ClientRequest, body: Uint8Array | Readable | undefined): void {
  if (body === undefined) {
    request.end();
  } else if (body instanceof Uint8Array) {
    request.setHeader('Content-Length', body.length).end(body);
  } else {
    upload(body, request);
  }
}

const NOBODY_THERE = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'EHOSTUNREACH', 'ENOTFOUND']);

function explained(error: Error & { code?: string }, address: Address): Error {
  if (error instanceof CommandError) return error;
  const code = error.code ?? '';
  const at = address.shown;
  if (NOBODY_THERE.has(code)) {
    const hint = 'is it running? start one with `sidecache serve`';
    return new CommandError(EXIT.unreachable, `no daemon answers on ${at} (${hint})`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'the socket belongs to another user; see socket_mode';
    return new CommandError(EXIT.unreachable, `not allowed to use ${at} (${hint})`, { cause: error });
  }
  return new CommandError(EXIT.unreachable, `the connection to ${at} broke: ${error.message}`, {
    cause: error,
  });
}

function tooSlow(address: Address, patienceMs: number): CommandError {
  return new CommandError(EXIT.unreachable, `${address.shown} did not answer within ${patienceMs / 1000} s`);
}
