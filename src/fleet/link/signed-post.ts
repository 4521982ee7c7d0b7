// One signed request to a place, and what of the answer is verified.

import { replyInput, requestInput, type SignedHead } from '../auth/canonical.ts';
import { ANYBODY, HEADERS, JSON_TYPE, WIRE_VERSION } from '../auth/head.ts';
import { digestOf, type Keyring } from '../auth/keyring.ts';
import { isIncarnation } from '../identity.ts';
import type { Place } from '../link.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { AgentFor } from './agent.ts';
import type { Body } from './bodies.ts';
import { exchange, type HttpAnswer } from './exchange.ts';
import { type Failure, failureOfAnswer, failureOfBreak, forged, parseJson, timedOut } from './failure.ts';
import type { KnownPeer } from './known-peers.ts';

export interface PostParts {
  readonly keyring: Keyring;
  /** Own incarnation. */
  readonly self: string;
  readonly transport: PeerTransport;
  readonly agentFor: AgentFor;
}

export interface Post {
  readonly place: Place;
  /** `hello`, or a kind of message. */
  readonly kind: string;
  readonly body: Body;
  /** Undefined in a hello. */
  readonly peer: KnownPeer | undefined;
  readonly maxReplyBytes: number;
  readonly timeoutMs: number;
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
}

export interface VerifiedReply {
  readonly status: number;
  /** Incarnation of who signed it. */
  readonly from: string;
  /** Undefined where it is no JSON. */
  readonly json: unknown;
}

/** Never rejects. Repeated once, with a counter of its own, where a kept-alive connection turns out to be closed. */
export async function signedPost(parts: PostParts, post: Post): Promise<VerifiedReply | Failure> {
  const reply = await postOnce(parts, post);
  return reply === 'stale' ? await postAgain(parts, post) : reply;
}

async function postAgain(parts: PostParts, post: Post): Promise<VerifiedReply | Failure> {
  const reply = await postOnce(parts, post);
  if (reply !== 'stale') return reply;
  const why = `${parts.transport.describe(post.place)} closed the connection before it answered, twice`;
  return { result: 'unreachable', why };
}

async function postOnce(parts: PostParts, post: Post): Promise<VerifiedReply | Failure | 'stale'> {
  const { transport, keyring } = parts;
  const { place, body, signal, maxReplyBytes, timeoutMs } = post;
  const at = transport.describe(place);
  const key = keyring.first;
  if (key === undefined) return { result: 'refused', why: 'peers need fleet.token, and there is none here' };
  const { url, headers } = transport.request(place);
  const target = new URL(`${url}/fleet/${post.kind}`);
  const head = headOf(parts.self, target.pathname, post);
  const mac = key.sign(requestInput(head));
  const agent = await parts.agentFor(url).catch(() => undefined);
  if (agent === undefined) {
    return { result: 'unreachable', why: `${at} cannot be asked: no TLS with this CA file` };
  }
  const sent = { ...headers, ...headersOf(head, mac, body.bytes.length) };
  const answer = await exchange(agent, {
    url: target,
    headers: sent,
    body: body.bytes,
    maxReplyBytes,
    signal,
  });
  if ('broken' in answer) {
    if (signal.aborted) return timedOut(at, timeoutMs);
    return answer.stale ? 'stale' : failureOfBreak(answer, at, transport);
  }
  if (answer.header(HEADERS.mac) === '') return failureOfAnswer(answer, at);
  const from = answer.header(HEADERS.from);
  if (!isSigned(answer, from, head, (input, given) => key.verifies(input, given))) return forged(answer, at);
  return { status: answer.status, from, json: parseJson(answer.body) };
}

function headOf(self: string, target: string, { peer, body }: Post): SignedHead {
  return {
    version: WIRE_VERSION,
    method: 'POST',
    target,
    from: self,
    to: peer?.identity.incarnation ?? ANYBODY,
    counter: String(peer?.nextCounter() ?? 0),
    session: peer?.session ?? '',
    contentType: JSON_TYPE,
    digest: body.digest,
  };
}

function headersOf(head: SignedHead, mac: string, bodyBytes: number): Record<string, string> {
  return {
    'Content-Type': head.contentType,
    'Content-Length': String(bodyBytes),
    [HEADERS.version]: head.version,
    [HEADERS.from]: head.from,
    [HEADERS.to]: head.to,
    [HEADERS.counter]: head.counter,
    ...(head.session !== '' && { [HEADERS.session]: head.session }),
    [HEADERS.digest]: head.digest,
    [HEADERS.mac]: mac,
  };
}

/** The digest is that of the bytes that came, whatever the header says. */
function isSigned(
  answer: HttpAnswer,
  from: string,
  head: SignedHead,
  verifies: (input: string, mac: string) => boolean,
): boolean {
  if (answer.header(HEADERS.version) !== WIRE_VERSION || !isIncarnation(from)) return false;
  const contentType = answer.header('content-type');
  const digest = digestOf(answer.body);
  const input = replyInput(head, { status: answer.status, from, contentType, digest });
  return verifies(input, answer.header(HEADERS.mac));
}
