// What an answer that is no verified reply of a peer says of the place: from the router, from a daemon that refuses, or
// from something else. In sentences for an operator. Source: PLATFORM section 1.

import type { Outcome } from '../link.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Broken, HttpAnswer } from './exchange.ts';

export type Failure = Extract<Outcome, { readonly why: string }>;

const ROUTER_ERROR = 'x-cf-routererror';
const UNKNOWN_ROUTE = 'unknown_route';
const MAX_QUOTED = 300;

/** `at`: the place in words. */
export function failureOfAnswer(answer: HttpAnswer, at: string): Failure {
  const { status } = answer;
  const routerError = answer.header(ROUTER_ERROR);
  if (routerError !== '') return failureOfRouter(status, routerError, at);
  if (status === 502 || status === 503 || status === 504) {
    return { result: 'unreachable', why: `${at} answered ${status}${saidBy(answer)}` };
  }
  const problem = problemOf(answer);
  if (problem !== undefined && status >= 400) {
    return { result: 'refused', why: `${at} takes nothing of this instance: ${status} ${problem}` };
  }
  return {
    result: 'foreign',
    why: `${at} answered ${status} without a signature of a peer: ${guess(answer)}`,
  };
}

function failureOfRouter(status: number, routerError: string, at: string): Failure {
  const said = `${status} ${quoted(routerError)}`;
  if (status === 400 && routerError === UNKNOWN_ROUTE) {
    return { result: 'unlisted', why: `the router does not know ${at} (${said})` };
  }
  if (status === 404 && routerError === UNKNOWN_ROUTE) {
    return { result: 'no-route', why: `there is no route to ${at} (${said})` };
  }
  return { result: 'unreachable', why: `the router cannot reach ${at} (${said})` };
}

function guess(answer: HttpAnswer): string {
  if (answer.status >= 300 && answer.status < 400) return 'a redirect';
  if (answer.header('content-type').startsWith('text/html')) return 'a web page';
  return 'another program answers there';
}

/** The reply has a signature, and not that of a peer. */
export function forged(answer: HttpAnswer, at: string): Failure {
  const why = `${at} answered ${answer.status} with a signature that is not of this token and this request`;
  return { result: 'foreign', why };
}

export function timedOut(at: string, timeoutMs: number): Failure {
  return { result: 'unreachable', why: `${at} did not answer within ${Math.round(timeoutMs)} ms` };
}

/** `transport`: what it means where nobody has the name, or the port. */
export function failureOfBreak(
  { broken, answered }: Broken,
  at: string,
  transport: Pick<PeerTransport, 'hostIsInstance' | 'portIsInstance'>,
): Failure {
  if (broken === 'TOO_LARGE') {
    return { result: 'foreign', why: `${at} answered with more than a reply may have` };
  }
  if (UNNAMED.has(broken)) {
    const why = `there is no address for ${at} (${broken})`;
    return { result: transport.hostIsInstance ? 'unlisted' : 'unreachable', why };
  }
  if (broken === 'UNEXPECTED_UPGRADE' || broken.startsWith('HPE_')) {
    return { result: 'foreign', why: `${at} answered with something that is not HTTP (${broken})` };
  }
  if (broken === 'ECONNREFUSED' && transport.portIsInstance) {
    return { result: 'unlisted', why: `nobody listens for ${at}` };
  }
  const what = answered ? 'broke off its answer' : (BREAKS[broken] ?? breakInWords(broken));
  return { result: 'unreachable', why: `${at} ${what}` };
}

const UNNAMED: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

const BREAKS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection before it answered',
  EPIPE: 'closed the connection before it answered',
  ETIMEDOUT: 'did not accept a connection in time',
  EHOSTUNREACH: 'cannot be reached: no route to the host',
  ENETUNREACH: 'cannot be reached: no route to its network',
  EAI_AGAIN: 'has a name that could not be looked up: the name server did not answer',
};

function breakInWords(code: string): string {
  if (/CERT|SIGN|ISSUER/.test(code)) return `has a certificate that is not trusted (${code})`;
  if (/SSL|TLS|EPROTO/.test(code)) return `does not speak TLS as expected (${code})`;
  return `cannot be asked (${code === '' ? 'unknown reason' : code})`;
}

function saidBy(answer: HttpAnswer): string {
  const problem = problemOf(answer);
  return problem === undefined ? '' : `: ${problem}`;
}

/** `code: detail` of a daemon's problem+json; undefined where it is none. Unsigned: believed to be a hint, no more. */
function problemOf(answer: HttpAnswer): string | undefined {
  if (!answer.header('content-type').startsWith('application/problem+json')) return undefined;
  const { type, detail } = Object(parseJson(answer.body)) as Record<string, unknown>;
  if (typeof type !== 'string' || !type.startsWith('urn:sidecache:')) return undefined;
  const code = quoted(type.slice('urn:sidecache:'.length));
  return typeof detail === 'string' ? `${code}: ${quoted(detail)}` : code;
}

/** Undefined where it is none. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** For logs: on one line, and not without end. */
export function quoted(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_QUOTED);
}
