// The head of a message: which headers it has, and in which form. Nothing in it is believed before its MAC is verified.

import type { IncomingMessage } from 'node:http';
import { isIncarnation } from '../identity.ts';
import type { SignedHead } from './canonical.ts';

/** The only version of the wire that is spoken here. */
export const WIRE_VERSION = '1';
export const JSON_TYPE = 'application/json';
export const PROBLEM_TYPE = 'application/problem+json';
/** Instead of the receiver's incarnation, in a hello. */
export const ANYBODY = '-';

export const HEADERS = {
  version: 'Sidecache-Version',
  from: 'Sidecache-From',
  to: 'Sidecache-To',
  counter: 'Sidecache-Counter',
  session: 'Sidecache-Session',
  digest: 'Sidecache-Digest',
  mac: 'Sidecache-Mac',
} as const;

const COUNTER = /^(?:0|[1-9][0-9]{0,15})$/;
const SESSION = /^[A-Za-z0-9_-]{22}$/;
/** 32 bytes in base64url. */
const HASH = /^[A-Za-z0-9_-]{43}$/;
const LENGTH = /^[0-9]{1,15}$/;

export interface MessageHead {
  readonly signed: SignedHead;
  readonly mac: string;
  readonly counter: number;
  /** As announced; no body is taken without. */
  readonly lengthBytes: number;
}

/** Why there is no head: it is not signed, speaks another version, or has not the form of one. */
export interface HeadProblem {
  readonly code: 'bad_mac' | 'unsupported_version' | 'malformed';
  readonly detail: string;
}

export function readHead(request: IncomingMessage, isHello: boolean): MessageHead | HeadProblem {
  const said = (name: keyof typeof HEADERS): string => oneValue(request, HEADERS[name]);
  const [version, mac] = [said('version'), said('mac')];
  if (mac === '') return { code: 'bad_mac', detail: `this is not signed: ${HEADERS.mac} is missing` };
  if (version !== WIRE_VERSION) return unsupported(version);
  const [from, to, counter, session] = [said('from'), said('to'), said('counter'), said('session')];
  const [digest, contentType] = [said('digest'), oneValue(request, 'content-type')];
  const length = oneValue(request, 'content-length');
  if (!isIncarnation(from)) return wrong(HEADERS.from);
  if (isHello ? to !== ANYBODY : !isIncarnation(to)) return wrong(HEADERS.to);
  if (!COUNTER.test(counter) || !Number.isSafeInteger(Number(counter))) return wrong(HEADERS.counter);
  if (isHello ? session !== '' : !SESSION.test(session)) return wrong(HEADERS.session);
  if (!HASH.test(digest)) return wrong(HEADERS.digest);
  if (!HASH.test(mac)) return wrong(HEADERS.mac);
  if (contentType !== JSON_TYPE) return wrong('Content-Type');
  if (!LENGTH.test(length) || request.headers['transfer-encoding'] !== undefined) {
    return wrong('Content-Length');
  }
  const { method = '', url: target = '' } = request;
  const signed = { version, method, target, from, to, counter, session, contentType, digest };
  return { signed, mac, counter: Number(counter), lengthBytes: Number(length) };
}

/** Empty where it is missing; more than one are joined by Node, or are more than one here: neither has a right form. */
function oneValue(request: IncomingMessage, name: string): string {
  const values = request.headersDistinct[name.toLowerCase()];
  return values?.length === 1 ? (values[0] ?? '') : '';
}

function unsupported(version: string): HeadProblem {
  const what = version === '' ? `${HEADERS.version} is missing` : 'this version is not spoken here';
  const detail = `${what}: peers speak version ${WIRE_VERSION} of the messages with this daemon, and no other`;
  return { code: 'unsupported_version', detail };
}

function wrong(header: string): HeadProblem {
  return { code: 'malformed', detail: `${header} is missing or not in the form that a message has` };
}
