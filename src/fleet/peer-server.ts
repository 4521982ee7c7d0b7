// What peers reach: a message is verified by its head before its body is read, and handed on once it is whole.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../cache/clock.ts';
import { unpredictableBytes } from '../entropy.ts';
import { type BodyProblem, type Held, MAX_HELLO_BYTES, MAX_MESSAGE_BYTES, receiveBody } from './auth/body.ts';
import { requestInput } from './auth/canonical.ts';
import { type MessageHead, readHead } from './auth/head.ts';
import { Keyring } from './auth/keyring.ts';
import { REFUSAL_STATUS, type RefusalReason, Refusals } from './auth/refusals.ts';
import { jsonReply, problemReply, type Reply, sendReply, type Verified } from './auth/reply.ts';
import { type Session, Sessions } from './auth/sessions.ts';
import { type Identity, parseIdentity, wireIdentity } from './identity.ts';
import { MESSAGE_KINDS, type MessageKind, type Receive } from './link.ts';

export { MAX_HELLO_BYTES, MAX_MESSAGE_BYTES } from './auth/body.ts';

export interface PeerServerParts {
  /** The first signs, all verify; none: nobody is a peer. */
  readonly tokens: readonly string[];
  readonly self: Identity;
  readonly receive: Receive;
  /** Of the request's path before `/fleet/…`: empty, or `/` and no slash at the end. */
  readonly prefix: string;
  readonly clock: Clock;
  /** Memory for what is being received: false where there is none. All of it is released in the end. */
  charge?(bytes: number): boolean;
  release?(bytes: number): void;
  random?(bytes: number): Buffer;
  /** Told of what should not be: `receive` threw. */
  onDefect?(error: unknown): void;
}

export interface PeerServer {
  /** Takes any request, and never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  readonly refused: Refusals;
  /** Senders whose session is held. */
  readonly sessions: number;
}

const RETRY_AFTER_SECONDS = '1';
/** Hellos that may be on their way at once: of more the oldest is cut, as a recorded one can be begun by anybody. */
const MOST_GREETING = 16;
/** What most are. */
const SMALL_REPLY_BYTES = 64 << 10;
/** 16 bytes or more, base64url. */
const CHALLENGE = /^[A-Za-z0-9_-]{22,128}$/;

interface Refusal {
  readonly reason: RefusalReason;
  readonly detail: string;
  readonly status?: number;
  /** More of the answer's document. */
  readonly members?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export function createPeerServer(parts: PeerServerParts): PeerServer {
  const { self, clock, prefix } = parts;
  const keyring = new Keyring(parts.tokens);
  const sessions = new Sessions(parts.random ?? unpredictableBytes);
  const refused = new Refusals();
  const greeting = new Set<IncomingMessage>();

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    request.on('error', () => {});
    response.on('error', () => {});
    answer(request, response).catch((error: unknown) => {
      parts.onDefect?.(error);
      response.destroy();
    });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const kind = kindOf(request.url ?? '', prefix);
    const refuse = (refusal: Refusal, verified?: Verified): void => {
      refused.count(refusal.reason);
      sendReply(request, response, refusalReply(refusal), self.incarnation, verified);
    };
    const head = readOpenly(request, kind);
    if ('reason' in head) return refuse(head);
    const key = keyring.keyOf(requestInput(head.signed), head.mac);
    if (key === undefined) return refuse(BAD_MAC);
    const verified = { head: head.signed, key };
    const session = kind === 'hello' ? undefined : sessionOf(head);
    if (session && 'reason' in session) return refuse(session, verified);
    const reply = await withBody(request, response, kind, head, async (body) =>
      kind === 'hello' ? greet(head, body) : await deliver(kind, head, session, body),
    );
    if ('reason' in reply) return refuse(reply, verified);
    if (!holdReply(response, reply.body.length)) return refuse(NO_ROOM, verified);
    sendReply(request, response, reply, self.incarnation, verified);
  };

  /** A large one is charged until it is sent, or nobody takes it any more; false where there is no memory for it. */
  const holdReply = (response: ServerResponse, bytes: number): boolean => {
    if (bytes <= SMALL_REPLY_BYTES || response.destroyed) return true;
    if (parts.charge?.(bytes) === false) return false;
    response.once('close', () => parts.release?.(bytes));
    return true;
  };

  /** What can be said without a key. */
  const readOpenly = (request: IncomingMessage, kind: string): MessageHead | Refusal => {
    if (request.method !== 'POST') {
      const headers = { Allow: 'POST' };
      return { reason: 'malformed', status: 405, detail: 'messages of peers are sent by POST', headers };
    }
    if (parts.tokens.length === 0) return NO_TOKEN;
    const head = readHead(request, kind === 'hello');
    return 'code' in head ? { reason: head.code, detail: head.detail } : head;
  };

  const sessionOf = ({ signed, counter }: MessageHead): Session | Refusal => {
    if (signed.to !== self.incarnation) {
      const detail = 'this was meant for another member, or for this one before it was started again';
      return { reason: 'other_member', detail, members: { identity: wireIdentity(self) } };
    }
    const session = sessions.find(signed.from, signed.session);
    if (session === undefined) {
      return { reason: 'unknown_session', detail: 'this session is not known here: say hello again' };
    }
    return session.window.has(counter) ? REPLAYED : session;
  };

  const withBody = async (
    request: IncomingMessage,
    response: ServerResponse,
    kind: string,
    { lengthBytes, signed }: MessageHead,
    use: (body: unknown) => Promise<Reply | Refusal>,
  ): Promise<Reply | Refusal> => {
    const mostBytes = kind === 'hello' ? MAX_HELLO_BYTES : MAX_MESSAGE_BYTES;
    if (lengthBytes > mostBytes) return tooLarge(mostBytes);
    if (kind === 'hello') greeting.add(request);
    const [oldest] = greeting;
    if (greeting.size > MOST_GREETING) oldest?.destroy();
    let heldBytes = 0;
    const held: Held = {
      charge: (bytes) => {
        if (parts.charge?.(bytes) === false) return false;
        heldBytes += bytes;
        return true;
      },
    };
    try {
      if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
      const bytes = await receiveBody(request, lengthBytes, signed.digest, clock, held);
      if (typeof bytes === 'string') return BODY_REFUSALS[bytes];
      const json = parseJson(bytes);
      return json === undefined ? MALFORMED : await use(json.value);
    } finally {
      greeting.delete(request);
      parts.release?.(heldBytes);
    }
  };

  /** A hello may be a replayed one: it makes the session where there is none, and does nothing else. */
  const greet = ({ signed }: MessageHead, body: unknown): Reply | Refusal => {
    const { identity, challenge } = Object(body) as Record<string, unknown>;
    const sender = parseIdentity(identity);
    const isChallenge = typeof challenge === 'string' && CHALLENGE.test(challenge);
    if (sender?.incarnation !== signed.from || !isChallenge) return MALFORMED;
    return jsonReply({ identity: wireIdentity(self), session: sessions.greet(signed.from).id });
  };

  const deliver = async (
    kind: string,
    { signed, counter }: MessageHead,
    session: Session | undefined,
    body: unknown,
  ): Promise<Reply | Refusal> => {
    if (!isMessageKind(kind)) {
      return { reason: 'malformed', status: 404, detail: 'this kind of message is not known here' };
    }
    // Only now, so that nobody can use up a counter with a body that is not the sender's.
    if (!session?.window.take(counter)) return REPLAYED;
    try {
      return jsonReply(await parts.receive(kind, signed.from, body));
    } catch (error) {
      parts.onDefect?.(error);
      return { reason: 'internal', detail: 'the message could not be dealt with; the log says more' };
    }
  };

  return {
    handle,
    refused,
    get sessions(): number {
      return sessions.size;
    },
  };
}

const NO_TOKEN: Refusal = {
  reason: 'no_token',
  detail: 'this daemon takes no messages of peers: they need fleet.token, and it has none',
};
const BAD_MAC: Refusal = {
  reason: 'bad_mac',
  detail: 'the signature is not of a token in fleet.token, or the message was changed on its way',
};
const REPLAYED: Refusal = { reason: 'replayed', detail: 'this counter was seen, or is older than any kept' };
function tooLarge(mostBytes: number): Refusal {
  return { reason: 'too_large', detail: `this message may have at most ${mostBytes} bytes` };
}
const NO_ROOM: Refusal = {
  reason: 'no_room',
  detail: 'there is no memory for this message now',
  headers: { 'Retry-After': RETRY_AFTER_SECONDS },
};
const MALFORMED: Refusal = { reason: 'malformed', detail: 'the body is not the JSON that this message has' };
const BODY_REFUSALS: Readonly<Record<BodyProblem, Refusal>> = {
  truncated: { reason: 'malformed', detail: 'the body ended before its announced length' },
  too_slow: { reason: 'too_slow', detail: 'the body did not come in time' },
  bad_digest: { reason: 'bad_mac', status: 400, detail: 'the body is not the one that was signed' },
  no_room: NO_ROOM,
};

function refusalReply({ reason, status, detail, members, headers }: Refusal): Reply {
  const reply = problemReply(status ?? REFUSAL_STATUS[reason], reason, detail, members);
  return headers === undefined ? reply : { ...reply, headers };
}

/** The whole rest of the target: no query, no further path. */
function kindOf(target: string, prefix: string): string {
  const path = `${prefix}/fleet/`;
  return target.startsWith(path) ? target.slice(path.length) : '';
}

function isMessageKind(kind: string): kind is MessageKind {
  return (MESSAGE_KINDS as readonly string[]).includes(kind);
}

function parseJson(bytes: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return undefined;
  }
}
