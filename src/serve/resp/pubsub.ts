// Channels and patterns, who listens to them, and what is published there. No I/O: a message is handed to the connection
// of each listener, which bounds what it holds of them. Names are texts of one character a byte.

import { Glob, MAX_PATTERN_BYTES } from './glob.ts';
import type { Reply } from './reply.ts';

/** A client, as far as it listens. */
export interface Subscriber {
  /** What it is subscribed to; kept here. */
  channels: number;
  patterns: number;
  readonly port: Pushed;
}

/** Takes what was not asked for, behind the reply under way; who cannot keep up is cut off. */
export interface Pushed {
  push(write: (reply: Reply) => void): void;
}

export type TopicKind = 'channels' | 'patterns';

export interface PubSubParts {
  /** Memory for what is subscribed to; false where there is none. */
  charge(bytes: number): boolean;
  release(bytes: number): void;
  /** Of one subscriber. */
  readonly most?: Readonly<Record<TopicKind, number>>;
}

/** Each pattern is held against every channel that is published to. */
const MOST: Readonly<Record<TopicKind, number>> = { channels: 10_000, patterns: 100 };
/** A name's place in two maps and two sets, and the name. */
const COST_BYTES = 300;
/** What a pattern is read into, of one of its bytes: half of a class, at worst. */
const PATTERN_BYTE_COST_BYTES = 200;

/** Who publishes, and the reply in front of which its own message is to stand. */
export interface OwnReply {
  readonly client: Subscriber;
  readonly reply: Reply;
}

interface Message {
  readonly channel: Buffer;
  readonly payload: Buffer;
  readonly self: OwnReply | undefined;
}

/** A channel or pattern with at least one subscriber. */
interface Topic {
  readonly name: string;
  /** Of a pattern. */
  readonly glob: Glob | undefined;
  readonly subscribers: Set<Subscriber>;
}

type Own = Readonly<Record<TopicKind, Set<string>>>;

export class PubSub {
  readonly #parts: PubSubParts;
  readonly #most: Readonly<Record<TopicKind, number>>;
  readonly #topics = { channels: new Map<string, Topic>(), patterns: new Map<string, Topic>() };
  readonly #own = new Map<Subscriber, Own>();
  /** Told of what a client of this instance publishes, where there are others. */
  tellOthers: ((channel: Buffer, payload: Buffer) => void) | undefined;

  constructor(parts: PubSubParts) {
    this.#parts = parts;
    this.#most = parts.most ?? MOST;
  }

  /** Those that it is not subscribed to yet, for which memory is charged; an error text where it may not be. */
  reserve(subscriber: Subscriber, kind: TopicKind, names: readonly string[]): readonly string[] | string {
    const own = this.#own.get(subscriber)?.[kind];
    const added = [...new Set(names)].filter((name) => !own?.has(name));
    if ((own?.size ?? 0) + added.length > this.#most[kind])
      return `ERR a client may subscribe to at most ${this.#most[kind]} ${kind}`;
    if (kind === 'patterns' && added.some(({ length }) => length > MAX_PATTERN_BYTES))
      return `ERR a pattern may have at most ${MAX_PATTERN_BYTES} bytes`;
    let bytes = 0;
    for (const name of added) bytes += costOf(kind, name);
    if (bytes > 0 && !this.#parts.charge(bytes)) return 'OOM there is no memory for more subscriptions';
    return added;
  }

  /** It is not to be subscribed to what was reserved; it may be already, to some of it. */
  cancel(subscriber: Subscriber, kind: TopicKind, reserved: readonly string[]): void {
    for (const name of reserved) {
      this.subscribe(subscriber, kind, name);
      this.unsubscribe(subscriber, kind, name);
    }
  }

  /** After `reserve`, once for each of its names. */
  subscribe(subscriber: Subscriber, kind: TopicKind, name: string): void {
    const own = this.#ownOf(subscriber)[kind];
    if (own.has(name)) return;
    own.add(name);
    subscriber[kind]++;
    let topic = this.#topics[kind].get(name);
    if (!topic) {
      const glob = kind === 'patterns' ? new Glob(Buffer.from(name, 'latin1')) : undefined;
      topic = { name, glob, subscribers: new Set() };
      this.#topics[kind].set(name, topic);
    }
    topic.subscribers.add(subscriber);
  }

  unsubscribe(subscriber: Subscriber, kind: TopicKind, name: string): void {
    const own = this.#own.get(subscriber);
    if (!own?.[kind].delete(name)) return;
    subscriber[kind]--;
    this.#parts.release(costOf(kind, name));
    const topic = this.#topics[kind].get(name)!;
    topic.subscribers.delete(subscriber);
    if (topic.subscribers.size === 0) this.#topics[kind].delete(name);
    if (own.channels.size + own.patterns.size === 0) this.#own.delete(subscriber);
  }

  /** What it is subscribed to, in the order in which it did so. */
  namesOf(subscriber: Subscriber, kind: TopicKind): string[] {
    return [...(this.#own.get(subscriber)?.[kind] ?? [])];
  }

  /** It is gone, or begins anew. */
  left(subscriber: Subscriber): void {
    for (const kind of ['channels', 'patterns'] as const)
      for (const name of this.namesOf(subscriber, kind)) this.unsubscribe(subscriber, kind, name);
  }

  /**
   * Hands the message to all who listen here, to `self` as it says; how often, as who listens in two ways gets it twice.
   */
  publish(channel: Buffer, payload: Buffer, self?: OwnReply): number {
    const name = channel.toString('latin1');
    let receivers = this.#send(this.#topics.channels.get(name), undefined, { channel, payload, self });
    for (const topic of this.#topics.patterns.values())
      if (topic.glob!.matches(channel))
        receivers += this.#send(topic, topic.name, { channel, payload, self });
    return receivers;
  }

  // --- what is asked of it as a whole

  /** Channels somebody is subscribed to by name; those that match, where a pattern is given. */
  channels(pattern?: Glob): string[] {
    const names = [...this.#topics.channels.keys()];
    return pattern ? names.filter((name) => pattern.matches(Buffer.from(name, 'latin1'))) : names;
  }

  /** Who is subscribed to the channel by its name. */
  subscribersOf(channel: string): number {
    return this.#topics.channels.get(channel)?.subscribers.size ?? 0;
  }

  /** Distinct ones. */
  get patterns(): number {
    return this.#topics.patterns.size;
  }

  #send(topic: Topic | undefined, pattern: string | undefined, { channel, payload, self }: Message): number {
    if (!topic) return 0;
    const write = (reply: Reply): void => writeMessage(reply, pattern, channel, payload);
    // Of who is cut off on the way the others are not deprived: a set is walked on while it loses members.
    let receivers = 0;
    for (const subscriber of topic.subscribers) {
      if (subscriber === self?.client) write(self.reply);
      else subscriber.port.push(write);
      receivers++;
    }
    return receivers;
  }

  #ownOf(subscriber: Subscriber): Own {
    let own = this.#own.get(subscriber);
    if (!own) {
      own = { channels: new Set(), patterns: new Set() };
      this.#own.set(subscriber, own);
    }
    return own;
  }
}

function writeMessage(reply: Reply, pattern: string | undefined, channel: Buffer, payload: Buffer): void {
  reply.push(pattern === undefined ? 3 : 4);
  reply.bulkText(pattern === undefined ? 'message' : 'pmessage');
  if (pattern !== undefined) reply.bulkText(pattern);
  reply.bulk(channel);
  reply.bulk(payload);
}

function costOf(kind: TopicKind, name: string): number {
  return COST_BYTES + name.length * (kind === 'patterns' ? PATTERN_BYTE_COST_BYTES : 1);
}
