// One of the two servers that are compared: runs a case's steps on connections of the case's own.

import { encodeCommand, RawClient } from './raw-client.ts';
import { CLOSED, isBranch, show, type Tree } from './reply-tree.ts';
import type { Step } from './step.ts';

const MARKER = 'sidecache-differential-marker';
const UNTIL_MS = 5_000;
const LOOKS_EVERY_MS = 5;

export type Protocol = 2 | 3;

export class Side {
  readonly #path: string;
  readonly #protocol: Protocol;
  readonly #connections = new Map<number, RawClient>();
  readonly #ids = new Map<number, string>();

  constructor(path: string, protocol: Protocol) {
    this.#path = path;
    this.#protocol = protocol;
  }

  /** Nothing stored, nobody connected. */
  async reset(): Promise<void> {
    this.close();
    const client = await RawClient.connect(this.#path);
    await client.send('FLUSHALL');
    client.close();
  }

  close(): void {
    for (const client of this.#connections.values()) client.close();
    this.#connections.clear();
  }

  /** What came back of the step: one reply, but for `frames` and `closes`. */
  async run(step: Step): Promise<Tree[]> {
    const client = await this.#connection(step.connection);
    if (step.how === 'raw' || step.how === 'closes') {
      client.write(step.args.join(' '));
      return step.how === 'raw' ? [await client.next()] : await client.rest();
    }
    const args: string[] = [];
    // One by one: two that name the same connection are not to open it twice.
    for (const arg of step.args) args.push(await this.#resolved(arg));
    if (step.how === 'frames') return framesOf(client, args);
    if (step.how === 'scan') return [await scanned(client, args)];
    return [step.how === 'until' ? await untilNone(client, args) : await client.send(...args)];
  }

  /** All at once on one connection, one reply each. */
  async pipeline(steps: readonly Step[]): Promise<Tree[]> {
    const client = await this.#connection(steps[0]!.connection);
    client.write(Buffer.concat(steps.map(({ args }) => encodeCommand(args))));
    const replies: Tree[] = [];
    for (let i = 0; i < steps.length; i++) replies.push(await client.next());
    return replies;
  }

  async #connection(number: number): Promise<RawClient> {
    const open = this.#connections.get(number);
    if (open) return open;
    const client = await RawClient.connect(this.#path);
    this.#connections.set(number, client);
    const id = await client.send('CLIENT', 'ID');
    if ('text' in id) this.#ids.set(number, id.text);
    if (this.#protocol === 3) await client.send('HELLO', '3');
    return client;
  }

  async #resolved(arg: string): Promise<string> {
    const [, number] = /^\{id:(\d)\}$/.exec(arg) ?? [];
    if (number === undefined) return arg;
    // It was asked when it began: a subscriber cannot be.
    await this.#connection(Number(number));
    return this.#ids.get(Number(number)) ?? '';
  }
}

async function framesOf(client: RawClient, args: readonly string[]): Promise<Tree[]> {
  client.write(Buffer.concat([encodeCommand(args), encodeCommand(['PING', MARKER])]));
  const frames: Tree[] = [];
  for (;;) {
    const frame = await client.next();
    if (show(frame).includes(MARKER)) return frames;
    frames.push(frame);
    if (frame === CLOSED) return frames;
  }
}

/** `SCAN MATCH a*`, without its cursor, from cursor 0 until cursor 0; or the first error. */
async function scanned(client: RawClient, [name, ...options]: readonly string[]): Promise<Tree> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const reply = await client.send(name!, cursor, ...options);
    const [next, keys] = isBranch(reply) ? reply.items : [];
    if (!next || isBranch(next) || !keys || !isBranch(keys)) return reply;
    for (const key of keys.items) found.add(show(key));
    cursor = next.text;
  } while (cursor !== '0');
  return { type: '*', items: [...found].sort().map((text) => ({ type: '+', text })) };
}

/** The first answer that is 0 or nil; the last one when that takes too long. */
async function untilNone(client: RawClient, args: readonly string[]): Promise<Tree> {
  const endMs = performance.now() + UNTIL_MS;
  for (;;) {
    const reply = await client.send(...args);
    const none = !isBranch(reply) && (['$-', '_'].includes(reply.type) || reply.text === '0');
    if (none || performance.now() > endMs) return reply;
    await new Promise((resolve) => setTimeout(resolve, LOOKS_EVERY_MS));
  }
}
