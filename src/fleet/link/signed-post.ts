// One signed request to a place, and what of the answer is verified.

import { replyInput, requestInput, type SignedHead } from '../auth/canonical.ts';
import { ANYBODY, HEADERS, JSON_TYPE, WIRE_VERSION } from '../auth/head.ts';
import { digestOf, type Key, type Keyring } from '../auth/keyring.ts';
import { type Identity, isIncarnation } from '../identity.ts';
import type { Place } from '../link.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Body } from './bodies.ts';
import type { Connections } from './connections.ts';
import type { Deadline } from './deadline.ts';
import { exchange, type HttpAnswer } from './exchange.ts';
import { type Failure, failureOfAnswer, failureOfBreak, forged, parseJson, timedOut } from './failure.ts';
import type { KnownPeer } from './known-peers.ts';

export interface PostParts {
  readonly keyring: Keyring;
  readonly self: Identity;
  readonly transport: PeerTransport;
  readonly connections: Connections;
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
  readonly deadline: Deadline;
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
  const { transport, keyring, connections } = parts;
  const { place, body, deadline, maxReplyBytes, timeoutMs } = post;
  const key = keyring.first;
  if (key === undefined) return { result: 'refused', why: 'peers need fleet.token, and there is none here' };
  const { url, headers } = transport.request(place);
  const origin = connections.originOf(url);
  const loading = connections.ready(origin);
  if (loading !== undefined && !(await loading.then(yes, no))) {
    const why = `${transport.describe(place)} cannot be asked: no TLS with this CA file`;
    return { result: 'unreachable', why };
  }
  const target = `${origin.path}/fleet/${post.kind}`;
  const head = headOf(parts.self.incarnation, target, post);
  const answer = await exchange(connections, {
    url,
    origin,
    target,
    headers: { ...headers, ...headersOf(head, key.sign(requestInput(head))) },
    body: body.bytes,
    maxReplyBytes,
    deadline,
  });
  if ('broken' in answer) {
    const at = transport.describe(place);
    if (deadline.isOver) return timedOut(at, timeoutMs);
    return answer.stale ? 'stale' : failureOfBreak(answer, at, transport);
  }
  if (answer.header(HEADERS.mac) === '') return failureOfAnswer(answer, transport.describe(place));
  const from = answer.header(HEADERS.from);
  if (!isSigned(answer, from, head, key)) return forged(answer, transport.describe(place));
  return { status: answer.status, from, json: parseJson(answer.body) };
}

const yes = (): boolean => true;
const no = (): boolean => false;

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

function headersOf(head: SignedHead, mac: string): Record<string, string> {
  return {
    'Content-Type': head.contentType,
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
function isSigned(answer: HttpAnswer, from: string, head: SignedHead, key: Key): boolean {
  if (answer.header(HEADERS.version) !== WIRE_VERSION || !isIncarnation(from)) return false;
  const contentType = answer.header('content-type');
  const digest = digestOf(answer.body);
  const input = replyInput(head, { status: answer.status, from, contentType, digest });
  return key.verifies(input, answer.header(HEADERS.mac));
}
