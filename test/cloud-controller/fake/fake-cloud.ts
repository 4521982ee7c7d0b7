// A Cloud Foundry API for tests: Cloud Controller and UAA on one port, with its faults, limits and records.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { ApiError, unknownRequest } from './api-error.ts';
import { type AskedRequest, authorizationKind, type RequestType, typeOf } from './asked.ts';
import { rootBody } from './bodies.ts';
import { Contents } from './contents.ts';
import {
  apiErrorReply,
  type Fault,
  Faults,
  type Match,
  type Misbehaviour,
  meets,
  type Reply,
  replyOf,
  send,
} from './faults.ts';
import { Hold } from './hold.ts';
import { Listener } from './listener.ts';
import { RateLimit, type RateLimitOptions } from './rate-limit.ts';
import { resourceBody } from './resources.ts';
import { Uaa } from './uaa.ts';

export interface FakeCloudOptions {
  tls?: { cert: string; key: string };
  /** Of the random delays. */
  seed?: number;
  /** Part of every guid: clouds of different numbers share none. */
  number?: number;
  /** 0: any that is free. */
  port?: number;
  /** Of tokens and records; default: the system's. */
  clock?: { now(): number };
}

export type Delay = (request: AskedRequest, random: SeededRandom) => number;

export class FakeCloud extends Contents {
  readonly uaa: Uaa;
  /** In the order of their arrival. */
  readonly requests: AskedRequest[] = [];
  /** Most requests that were under way at one time. */
  mostConcurrent = 0;
  readonly #faults = new Faults();
  readonly #random: SeededRandom;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();
  readonly #listener: Listener;
  readonly #holds = new Set<Hold>();
  #concurrent = 0;
  #delay: Delay | undefined;
  #limit: RateLimit | undefined;

  private constructor(options: FakeCloudOptions) {
    super(options.number);
    const { clock, tls, seed = 1 } = options;
    this.#now = clock === undefined ? () => Date.now() : () => clock.now();
    this.#random = seededRandom(seed);
    this.uaa = new Uaa(this.#now);
    this.#listener = new Listener(tls, (request, response) => void this.#handle(request, response));
  }

  static async start(options: FakeCloudOptions = {}): Promise<FakeCloud> {
    const cloud = new FakeCloud(options);
    await cloud.#listener.open(options.port);
    return cloud;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    for (const hold of this.#holds) hold.release();
    await this.#listener.close();
  }

  get url(): string {
    return this.#listener.url;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Connections that were ever accepted. */
  get connections(): number {
    return this.#listener.accepted;
  }

  /** All connections are ended, and new ones refused, until `comeUp`. */
  async goDown(): Promise<void> {
    await this.#listener.close();
  }

  /** On the same port. */
  async comeUp(): Promise<void> {
    await this.#listener.open();
  }

  get down(): boolean {
    return !this.#listener.isOpen;
  }

  /** Goes on until it has met `times` requests, or its `end`. */
  fail(match: Match, how: Misbehaviour, times = Number.POSITIVE_INFINITY): Fault {
    return this.#faults.add(match, how, times);
  }

  /** All faults, delays and holds end; the rate limit stays. */
  heal(): void {
    this.#faults.clear();
    this.#delay = undefined;
    for (const hold of this.#holds) hold.release();
  }

  /** Milliseconds before each answer; undefined: none. */
  delay(ms: Delay | undefined): void {
    this.#delay = ms;
  }

  /** Answers to what matches wait until it is released. */
  hold(match: Match = 'any'): Hold {
    const hold = new Hold(match, () => this.#holds.delete(hold));
    this.#holds.add(hold);
    return hold;
  }

  rateLimit(options: RateLimitOptions): RateLimit {
    this.#limit = new RateLimit(options, this.#now);
    return this.#limit;
  }

  revokeTokens(options: { refreshTokens?: boolean } = {}): void {
    this.uaa.revokeTokens(options);
  }

  count(match: Match = 'any'): number {
    return this.requests.filter((request) => meets(match, request)).length;
  }

  /** By type, for messages of tests. */
  counts(): Partial<Record<RequestType, number>> {
    const counts: Partial<Record<RequestType, number>> = {};
    for (const { type } of this.requests) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }

  /** Forgets the records. */
  forget(): void {
    this.requests.length = 0;
    this.mostConcurrent = this.#concurrent;
  }

  /** Resolves when so many requests that match have arrived, now or since the start. */
  async received(times: number, match: Match = 'any'): Promise<void> {
    while (this.count(match) < times) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', this.url);
    const request: AskedRequest = {
      type: typeOf(pathname),
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      atMs: this.#now(),
      authorization: authorizationKind(incoming.headers.authorization),
      status: undefined,
    };
    this.#note(request, response);
    const limited = this.#limit?.arrive();
    const body = await text(incoming);
    const how = this.#faults.take(request);
    await this.#wait(request);
    if (incoming.socket.destroyed) return;
    const reply =
      (how && replyOf(how)) ?? limited ?? this.#reply(request, incoming.headers.authorization, body);
    if (how === undefined || typeof how !== 'string') request.status = reply.status;
    send(response, incoming.socket, reply, how);
  }

  #note(request: AskedRequest, response: ServerResponse): void {
    this.requests.push(request);
    this.mostConcurrent = Math.max(this.mostConcurrent, ++this.#concurrent);
    response.once('close', () => {
      this.#concurrent--;
    });
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #wait(request: AskedRequest): Promise<void> {
    const ms = this.#delay?.(request, this.#random) ?? 0;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    for (const hold of this.#holds) await hold.pass(request);
  }

  #reply(request: AskedRequest, authorization: string | undefined, body: string): Reply {
    try {
      if (request.type === 'token') return json(this.uaa.answer(authorization, new URLSearchParams(body)));
      return json({ status: 200, body: this.#body(request, authorization) });
    } catch (error) {
      if (error instanceof ApiError) return apiErrorReply(error);
      throw error;
    }
  }

  #body({ type, method, path, query }: AskedRequest, authorization: string | undefined): unknown {
    if (type === 'root') return rootBody(this.url);
    if (!path.startsWith('/v3/') || method !== 'GET') throw unknownRequest();
    this.uaa.check(authorization);
    return resourceBody(this, this.url, path, query);
  }
}

function json({ status, body }: { status: number; body: unknown }): Reply {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers, body: JSON.stringify(body) };
}

async function text(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // The client is gone; its request counts all the same.
  }
  return Buffer.concat(chunks).toString();
}
