// A network that is made of chance: what one instance asks arrives at another after a while, twice never, or not at all.

import type { Identity } from '../../../src/fleet/identity.ts';
import type { Ask, Link, MessageKind, Outcome, Place } from '../../../src/fleet/link.ts';
import type { SeededRandom } from '../../store/seeded-random.ts';
import type { OwnClock, SimClock } from './sim-clock.ts';

/** Who is reached by the network. */
export interface Host {
  readonly identity: Identity;
  readonly clock: OwnClock;
  /** Where the router, or DNS, has it. */
  readonly place: Place;
  /** Where the router has it, or another one with its index. */
  readonly sharedPlace?: Place | undefined;
  receive(kind: MessageKind, from: string, body: unknown): unknown;
}

export type RouteFault = 'no-route' | 'unlisted' | 'foreign' | 'misrouted';

/** How long a request that is refused, or a router, takes. */
const SHORT_MS = 2;

export class Network {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #hosts = new Map<Place, Host[]>();
  /** For everybody, the own place too. */
  routeFault: RouteFault | undefined;
  latencyMs: readonly [least: number, most: number] = [1, 20];
  /** Of a hundred. */
  lostRequests = 0;
  lostReplies = 0;
  /** `FROM>TO` incarnations between which nothing passes. */
  readonly cut = new Set<string>();
  /** Incarnations to which connections are refused. */
  readonly refusing = new Set<string>();
  /** Which of several at one place is reached. */
  pick: (hosts: readonly Host[]) => Host = (hosts) => hosts.at(-1)!;
  messages = 0;
  bytes = 0;
  /** Told of what goes over the wire. */
  onReply: (from: Host, to: Host, kind: MessageKind, body: unknown) => void = () => {};
  onRequest: (from: Host, to: Host, kind: MessageKind, body: unknown) => void = () => {};

  constructor(clock: SimClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  register(host: Host): void {
    for (const place of placesOf(host)) this.#hosts.set(place, [...(this.#hosts.get(place) ?? []), host]);
  }

  unregister(host: Host): void {
    for (const place of placesOf(host)) {
      const rest = (this.#hosts.get(place) ?? []).filter((other) => other !== host);
      if (rest.length > 0) this.#hosts.set(place, rest);
      else this.#hosts.delete(place);
    }
  }

  get places(): Place[] {
    return [...this.#hosts.keys()];
  }

  isRegistered(host: Host): boolean {
    return this.#hosts.get(host.place)?.includes(host) ?? false;
  }

  linkOf(host: Host): Link {
    return { ask: (ask) => this.#ask(host, ask) };
  }

  #ask(asker: Host, ask: Ask): Promise<Outcome> {
    return new Promise((resolve) => {
      const isLate: Outcome = { result: 'unreachable', why: `no answer within ${ask.timeoutMs} ms` };
      const late = this.#clock.after(ask.timeoutMs, () => asker.clock.run(() => resolve(isLate)));
      const answer = (outcome: Outcome, afterMs: number): void => {
        this.#clock.after(afterMs, () =>
          asker.clock.run(() => {
            late.cancel();
            resolve(outcome);
          }),
        );
      };
      this.#send(asker, ask, answer);
    });
  }

  #send(asker: Host, ask: Ask, answer: (outcome: Outcome, afterMs: number) => void): void {
    if (this.routeFault !== undefined) {
      answer({ result: this.routeFault, why: `the route: ${this.routeFault}` }, SHORT_MS);
      return;
    }
    const hosts = this.#hosts.get(ask.place);
    if (!hosts) {
      answer({ result: 'unlisted', why: 'the router knows no such instance' }, SHORT_MS);
      return;
    }
    const target = this.pick(hosts);
    if (this.refusing.has(target.identity.incarnation)) {
      answer({ result: 'unreachable', why: 'connection refused' }, SHORT_MS);
      return;
    }
    if (this.#isLost(this.lostRequests) || this.#isCut(asker, target)) return;
    const text = typeof ask.body === 'string' ? ask.body : JSON.stringify(ask.body);
    this.messages++;
    this.bytes += text.length;
    this.#clock.after(this.#latency(), () =>
      target.clock.run(() => void this.#deliver(asker, target, ask, text, answer)),
    );
  }

  async #deliver(
    asker: Host,
    target: Host,
    ask: Ask,
    text: string,
    answer: (outcome: Outcome, afterMs: number) => void,
  ): Promise<void> {
    const from = target.identity;
    if (ask.to !== undefined && ask.to !== from.incarnation) {
      answer({ result: 'other', from }, this.#latency());
      return;
    }
    const request: unknown = JSON.parse(text);
    this.onRequest(asker, target, ask.kind, request);
    const reply: unknown = await target.receive(ask.kind, asker.identity.incarnation, request);
    const replyText = JSON.stringify(reply);
    this.bytes += replyText.length;
    const body: unknown = JSON.parse(replyText);
    this.onReply(target, asker, ask.kind, body);
    if (this.#isLost(this.lostReplies) || this.#isCut(target, asker)) return;
    answer({ result: 'answered', from, body }, this.#latency());
  }

  #isLost(percent: number): boolean {
    return percent > 0 && this.#random.percent(percent);
  }

  #isCut(from: Host, to: Host): boolean {
    return this.cut.size > 0 && this.cut.has(`${from.identity.incarnation}>${to.identity.incarnation}`);
  }

  #latency(): number {
    const [least, most] = this.latencyMs;
    return least + this.#random() * (most - least);
  }
}

function placesOf({ place, sharedPlace }: Host): Place[] {
  return sharedPlace === undefined ? [place] : [place, sharedPlace];
}
