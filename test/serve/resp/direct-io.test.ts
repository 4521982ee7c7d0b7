// Reads below the stream: how much of a socket is read at one time, over real sockets.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDirectly } from '../../../src/serve/resp/direct-io.ts';

const NARROW_BYTES = 8192;
const WIDE_BYTES = 32_768;
const MOST_WIDE = 64;
const LONG = Buffer.alloc(2 * WIDE_BYTES + NARROW_BYTES, 'x');

const test = suite<{ lab: ReadsLab }>('RESP reads');

/** One read: so many bytes, and whether there may be more. */
type Read = readonly [bytes: number, isMore: boolean];

/** Both ends of a connection; the far one is read directly. */
class Pair {
  readonly near: Socket;
  readonly far: Socket;
  reads: Read[] = [];
  #told: () => void = () => {};

  constructor(near: Socket, far: Socket) {
    this.near = near;
    this.far = far;
    far.on('error', () => {});
    const isDirect = readDirectly(far, (bytes, isMore) => {
      this.reads.push([bytes.length, isMore]);
      this.#told();
    });
    assert.ok(isDirect);
    far.resume();
  }

  /** What is read of it, in which steps; all of it is there before the first. */
  async send(bytes: Uint8Array): Promise<Read[]> {
    this.reads = [];
    this.far.pause();
    await new Promise<void>((sent) => this.near.write(bytes, () => sent()));
    this.far.resume();
    const length = (): number => this.reads.reduce((sum, [some]) => sum + some, 0);
    while (length() < bytes.length) await new Promise<void>((told) => (this.#told = told));
    return this.reads;
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.far.once('close', done));
    this.far.destroy();
    this.near.destroy();
    await closed;
  }
}

class ReadsLab {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
  readonly #server: Server = createServer({ pauseOnConnect: true });
  readonly #pairs: Pair[] = [];

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(join(this.#folder, 's'), done));
    return this;
  }

  async connect(): Promise<Pair> {
    const accepted = new Promise<Socket>((resolve) => this.#server.once('connection', resolve));
    const near = connect(join(this.#folder, 's'));
    const pair = new Pair(near, await accepted);
    this.#pairs.push(pair);
    return pair;
  }

  async close(): Promise<void> {
    for (const { far, near } of this.#pairs) for (const end of [far, near]) end.destroy();
    await new Promise((done) => this.#server.close(done));
    rmSync(this.#folder, { recursive: true });
  }
}

test.before.each(async (context) => {
  context.lab = await new ReadsLab().listen();
});

test.after.each(({ lab }) => lab.close());

test('of who sends much, more is read at one time, until it sends little again', async ({ lab }) => {
  const pair = await lab.connect();
  assert.equal(await pair.send(LONG.subarray(0, 100)), [[100, false]]);
  assert.equal(await pair.send(LONG), [
    [NARROW_BYTES, true],
    [WIDE_BYTES, true],
    [WIDE_BYTES, true],
  ]);
  assert.equal(await pair.send(LONG.subarray(0, 20_000)), [[20_000, false]]);
  assert.equal(await pair.send(LONG.subarray(0, 100)), [[100, false]]);
  assert.equal(await pair.send(LONG.subarray(0, 10_000)), [
    [NARROW_BYTES, true],
    [10_000 - NARROW_BYTES, false],
  ]);
});

test('only so many sockets are read widely; those that end make room for others', async ({ lab }) => {
  const pairs: Pair[] = [];
  for (let i = 0; i <= MOST_WIDE; i++) pairs.push(await lab.connect());
  const isWide = async (pair: Pair): Promise<boolean> =>
    (await pair.send(LONG)).some(([bytes]) => bytes === WIDE_BYTES);
  for (const pair of pairs.slice(0, MOST_WIDE)) assert.ok(await isWide(pair));
  const last = pairs[MOST_WIDE]!;
  assert.not(await isWide(last));
  await pairs[0]!.close();
  assert.ok(await isWide(last));
});

test.run();
