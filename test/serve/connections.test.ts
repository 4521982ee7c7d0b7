// Connections that hold memory and ask nothing, over real sockets: they make way for who sends.

import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONNECTION_COST_BYTES, Connections } from '../../src/serve/connections.ts';
import { Garbage } from '../../src/serve/garbage.ts';
import { Headroom } from '../../src/serve/headroom.ts';
import { createHttpServer } from '../../src/serve/http/server.ts';
import { Budget } from '../../src/store/budget.ts';
import { FakeClock } from '../cache/fake-clock.ts';

const test = suite<{ lab: Lab }>('connections');
const FOR_ONE_BYTES = 1 << 10;
const LONGER_THAN_SILENT_MS = 300;

class Lab {
  readonly clock = new FakeClock();
  readonly headroom = new Headroom(new Budget(1 << 20));
  /** What V8 was made to collect. */
  readonly collected: string[] = [];
  readonly garbage = new Garbage({
    heldBytes: () => 0,
    takeCollector: () => (how) => this.collected.push(how ? 'young' : 'all'),
  });
  readonly #sockets: Socket[] = [];
  readonly connections: Connections;
  readonly #server: Server;
  /** Of the server, the one accepted last. */
  accepted: Socket | undefined;

  private constructor() {
    const { headroom, garbage, clock } = this;
    this.connections = new Connections({ headroom, garbage, clock, most: 1000 });
    this.#server = createHttpServer(this.connections, (_request, response) => response.end('answered'));
  }

  static async open(): Promise<Lab> {
    const lab = new Lab();
    lab.#server.listen(0, '127.0.0.1');
    await once(lab.#server, 'listening');
    return lab;
  }

  /** A connection that the server has accepted. */
  async connect(): Promise<Socket> {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const socket = connect(address.port, '127.0.0.1').on('error', () => {});
    this.#sockets.push(socket);
    const [, [accepted]] = await Promise.all([once(socket, 'connect'), once(this.#server, 'connection')]);
    this.accepted = accepted;
    return socket;
  }

  /** Leaves nothing free for what is sent, though more may be sent. */
  fill(): void {
    while (this.headroom.chargeConnection(FOR_ONE_BYTES));
    while (this.headroom.usedBytes + FOR_ONE_BYTES <= this.headroom.limitBytes)
      assert.ok(this.headroom.charge(FOR_ONE_BYTES));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

test.before.each(async (context) => {
  context.lab = await Lab.open();
});

test.after.each(({ lab }) => lab.close());

test('who has been silent from the start is closed for who sends, and only as many as it takes', async ({
  lab,
}) => {
  const silent = [await lab.connect(), await lab.connect()];
  lab.fill();
  lab.clock.advance(LONGER_THAN_SILENT_MS);
  const closed = once(silent[0]!, 'close');
  silent[0]!.resume();
  const before = lab.headroom.usedBytes;
  assert.ok(lab.headroom.charge(FOR_ONE_BYTES));
  assert.is(lab.headroom.usedBytes, before - CONNECTION_COST_BYTES + FOR_ONE_BYTES);
  await closed;
});

test('who has just come is not closed for who sends', async ({ lab }) => {
  await lab.connect();
  lab.fill();
  assert.not(lab.headroom.charge(CONNECTION_COST_BYTES));
});

test('who has asked once is not closed for who sends, but waits for the next request', async ({ lab }) => {
  const socket = await lab.connect();
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await once(socket, 'data');
  lab.fill();
  lab.clock.advance(60_000);
  assert.not(lab.headroom.charge(CONNECTION_COST_BYTES));
});

test('who has been silent from the start makes way for a newcomer before who has asked once', async ({
  lab,
}) => {
  const asked = await lab.connect();
  asked.write('GET / HTTP/1.1\r\n\r\n');
  await once(asked, 'data');
  const silent = await lab.connect();
  while (lab.headroom.chargeConnection(FOR_ONE_BYTES));
  lab.clock.advance(60_000);
  const closed = once(silent.resume(), 'close');
  await lab.connect();
  await closed;
  asked.write('GET / HTTP/1.1\r\n\r\n');
  await once(asked, 'data');
});

test('who is no HTTP, keeps memory and moves nothing for 30 s is ended for who lacks it, not sooner', async ({
  lab,
}) => {
  await lab.connect();
  const heldBytes = 1 << 16;
  assert.ok(lab.headroom.charge(heldBytes));
  let givenUp = 0;
  lab.connections.handOver(lab.accepted!, {
    isBusy: true,
    isKept: true,
    get isHolding() {
      return givenUp === 0;
    },
    giveUp: () => {
      givenUp++;
      lab.headroom.release(heldBytes);
    },
  });
  while (lab.headroom.charge(FOR_ONE_BYTES));
  lab.clock.advance(29_000);
  assert.not(lab.headroom.charge(FOR_ONE_BYTES));
  assert.is(givenUp, 0);
  lab.clock.advance(2_000);
  assert.ok(lab.headroom.charge(FOR_ONE_BYTES));
  assert.is(givenUp, 1);
});

test('no head is parsed behind the request that is the last to be answered', async ({ lab }) => {
  const socket = await lab.connect();
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await once(socket, 'data');
  const parsed = countHeads(lab.accepted!);
  const sent = 3000;
  let answers = '';
  socket.on('data', (chunk) => {
    answers += chunk;
  });
  socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(sent));
  await once(socket, 'close');
  const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  assert.is(statuses.pop(), '503');
  assert.equal([...new Set(statuses)], ['200']);
  assert.ok(statuses.length < sent / 2, `${statuses.length} were answered`);
  // The one behind it is where parsing ends.
  assert.is(parsed(), statuses.length + 2);
});

test('what was sent by who is closed because there is no room for it counts as garbage', async ({ lab }) => {
  const sent = `GET /${'x'.repeat(60_000)}`;
  for (let sentBytes = 0; sentBytes < 2 << 20; sentBytes += sent.length) {
    const socket = await lab.connect();
    lab.fill();
    socket.resume().write(sent);
    await once(socket, 'close');
  }
  assert.ok(lab.collected.includes('young'));
});

/** How many heads the parser of Node, as it is given a server's connection, has parsed since. */
function countHeads(socket: Socket): () => number {
  const { parser } = socket as Socket & { parser: Record<number, (...args: unknown[]) => unknown> };
  const { kOnHeadersComplete } = parser.constructor as unknown as { kOnHeadersComplete: number };
  const completed = parser[kOnHeadersComplete]!;
  let heads = 0;
  parser[kOnHeadersComplete] = function (this: unknown, ...args) {
    heads++;
    return completed.apply(this, args);
  };
  return () => heads;
}

test.run();
