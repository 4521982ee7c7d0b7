// What is said to one place: a hello where there is no session yet, then the message, and both again where the other
// side has started anew. Two instances may take turns behind one place, so there is an end to it.

import { MAX_MESSAGE_BYTES } from '../auth/body.ts';
import { type Identity, parseIdentity, wireIdentity } from '../identity.ts';
import type { Ask, Outcome, Place } from '../link.ts';
import type { Sign } from '../transport/transport.ts';
import { type Bodies, bodyOf } from './bodies.ts';
import type { Deadline } from './deadline.ts';
import { type Failure, quoted } from './failure.ts';
import type { KnownPeer, KnownPeers } from './known-peers.ts';
import type { RouteWitness } from './route-witness.ts';
import { type Post, type PostParts, signedPost, type VerifiedReply } from './signed-post.ts';

export interface ConversationParts extends PostParts {
  readonly known: KnownPeers;
  /** What a peer's metrics may be long now. */
  readonly maxMetricsBytes: () => number;
  readonly witness: RouteWitness;
  readonly bodies: Bodies;
  random(bytes: number): Buffer;
}

export interface Limits {
  readonly timeoutMs: number;
  readonly deadline: Deadline;
}

export interface Greeted {
  readonly identity: Identity;
  readonly session: string;
}

export const MAX_REPLY_BYTES = 1 << 20;
export const MAX_METRICS_REPLY_BYTES = 8 << 20;

const CHALLENGE_BYTES = 32;
const MAX_MESSAGES = 3;

export async function converse(parts: ConversationParts, ask: Ask, limits: Limits): Promise<Outcome> {
  const outcome = await exchangeMessages(parts, ask, limits);
  if (outcome.result !== 'unlisted') return outcome;
  return await parts.witness.confirm(outcome, async (own) => {
    const found = await hello(parts, own, limits);
    const isThere = 'identity' in found || found.result === 'foreign' || found.result === 'refused';
    return isThere ? undefined : found;
  });
}

async function exchangeMessages(parts: ConversationParts, ask: Ask, limits: Limits): Promise<Outcome> {
  const { place, to, kind } = ask;
  const at = parts.transport.describe(place);
  const body = parts.bodies.of(ask.body);
  if (body.bytes.length > MAX_MESSAGE_BYTES) {
    const why = `${at} would refuse a message of ${body.bytes.length} bytes: ${MAX_MESSAGE_BYTES} are allowed`;
    return { result: 'refused', why };
  }
  const maxReplyBytes = kind === 'metrics' ? parts.maxMetricsBytes() : MAX_REPLY_BYTES;
  for (let message = 0; message < MAX_MESSAGES; message++) {
    const way = wayTo(parts, place);
    // What came back by a wrong way may have taught of another one.
    const isOtherNow = (outcome: Outcome): boolean =>
      outcome.result === 'misrouted' && wayTo(parts, place) !== way;
    const peer = parts.known.get(place, to) ?? (await introduce(parts, ask, limits));
    if ('result' in peer) {
      if (isOtherNow(peer)) continue;
      return peer;
    }
    const reply = await post(parts, { place, kind, body, peer, maxReplyBytes, ...limits });
    if ('result' in reply) return reply;
    const outcome = read(parts, ask, peer, reply, at);
    if (outcome !== 'again' && !isOtherNow(outcome)) return outcome;
  }
  return { result: 'refused', why: `${at} answered, and each time without taking the message` };
}

/** What picks the instance. */
function wayTo({ transport }: ConversationParts, place: Place): string {
  return Object.entries(transport.request(place).headers).join();
}

/** Says hello, to know who is there and in which session it listens. */
async function introduce(
  parts: ConversationParts,
  { place, to }: Ask,
  limits: Limits,
): Promise<KnownPeer | Outcome> {
  const greeted = await hello(parts, place, limits);
  if ('result' in greeted) return greeted;
  const wrong = wrongOne(parts, place, to, greeted.identity);
  return wrong ?? parts.known.greeted(greeted.identity, greeted.session);
}

/** Who is there. The challenge makes the reply one of now. */
export async function hello(
  parts: ConversationParts,
  place: Place,
  limits: Limits,
): Promise<Greeted | Failure> {
  const challenge = parts.random(CHALLENGE_BYTES).toString('base64url');
  const body = bodyOf(JSON.stringify({ identity: wireIdentity(parts.self), challenge }));
  const maxReplyBytes = MAX_REPLY_BYTES;
  const reply = await post(parts, { place, kind: 'hello', body, peer: undefined, maxReplyBytes, ...limits });
  if ('result' in reply) return reply;
  const { identity: said, session } = Object(reply.json) as Record<string, unknown>;
  const identity = parseIdentity(said);
  if (reply.status !== 200 || typeof session !== 'string' || identity?.incarnation !== reply.from) {
    return refusedBy(reply, parts.transport.describe(place));
  }
  noteWho(parts, place, identity);
  return { identity, session };
}

function read(
  parts: ConversationParts,
  { place, to }: Ask,
  peer: KnownPeer,
  reply: VerifiedReply,
  at: string,
): Outcome | 'again' {
  const { type, identity: said } = Object(reply.json) as Record<string, unknown>;
  if (reply.status === 200 && reply.from === peer.identity.incarnation) {
    noteWho(parts, place, peer.identity);
    const wrong = wrongOne(parts, place, to, peer.identity);
    return wrong ?? { result: 'answered', from: peer.identity, body: reply.json };
  }
  const identity = parseIdentity(said);
  if (type === 'urn:sidecache:other_member' && identity?.incarnation === reply.from) {
    noteWho(parts, place, identity);
    return wrongOne(parts, place, to, identity) ?? 'again';
  }
  if (type === 'urn:sidecache:unknown_session') {
    parts.known.forget(peer);
    return 'again';
  }
  // Also where something on the way sent it twice: then this is the answer to the second.
  return type === 'urn:sidecache:replayed' ? 'again' : refusedBy(reply, at);
}

/** Undefined where it is who was meant: wherever it was found, if its incarnation was named. */
function wrongOne(
  { transport }: ConversationParts,
  place: Place,
  to: string | undefined,
  identity: Identity,
): Outcome | undefined {
  if (identity.incarnation === to) return undefined;
  if (!transport.fits(place, identity)) {
    const who = `index ${identity.index}${identity.process === '' ? '' : ` of process ${identity.process}`}`;
    const why = `asked for ${transport.describe(place)}, ${who} answered: what picks the instance is lost on the way`;
    return { result: 'misrouted', why };
  }
  return to === undefined ? undefined : { result: 'other', from: identity };
}

function noteWho({ transport, known, self }: ConversationParts, place: Place, identity: Identity): void {
  const isSelf = identity.incarnation === self.incarnation;
  const sign: Sign = !transport.fits(place, identity) ? 'misfit' : isSelf ? 'own' : 'fits';
  transport.heard(place, sign);
  known.seenAt(place, identity.incarnation);
}

async function post(parts: ConversationParts, message: Post): Promise<VerifiedReply | Failure> {
  const reply = await signedPost(parts, message);
  if (!('result' in reply) || reply.result === 'foreign' || reply.result === 'refused')
    parts.witness.answered();
  else if (reply.result === 'unlisted') parts.transport.heard(message.place, 'unlisted');
  return reply;
}

function refusedBy({ status, json }: VerifiedReply, at: string): Failure {
  const { type, detail } = Object(json) as Record<string, unknown>;
  const code = typeof type === 'string' ? quoted(type.replace(/^urn:sidecache:/, '')) : 'no reason given';
  const said = `${status} ${code}${typeof detail === 'string' ? `: ${quoted(detail)}` : ''}`;
  if (status === 503) return { result: 'unreachable', why: `${at} takes no message now: ${said}` };
  return { result: 'refused', why: `${at} did not take the message: ${said}` };
}
