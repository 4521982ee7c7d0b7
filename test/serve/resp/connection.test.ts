// One connection over a socket that is not there: the order of replies, what waits its turn, what is pushed, and its end.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Client } from '../../../src/serve/resp/client.ts';
import { type Command, NO_KEYS } from '../../../src/serve/resp/command.ts';
import { RespConnection } from '../../../src/serve/resp/connection.ts';
import { Dispatch } from '../../../src/serve/resp/dispatch.ts';
import type { Peer } from '../../../src/serve/resp/peer.ts';
import type { Reply } from '../../../src/serve/resp/reply.ts';
import { RespServer, type RespServerParts } from '../../../src/serve/resp/resp-server.ts';
import { ServerFacts, type ServerFactsParts } from '../../../src/serve/resp/server-facts.ts';
import type { Tracking } from '../../../src/serve/resp/tracking.ts';
import { RoomQueue } from '../../../src/serve/room-queue.ts';
import type { Value } from '../../../src/store/value.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { seededRandom } from '../../store/seeded-random.ts';
import { FakeSink } from './fake-sink.ts';

const test = suite('RESP connection');

/** As much of a socket as a connection uses. */
class FakeSocket extends EventEmitter {
  readonly sink = new FakeSink();
  isRead = true;
  ended = false;
  destroyed = false;
  writable = true;

  get writableLength(): number {
    return this.sink.writableLength;
  }

  write(bytes: Uint8Array, sent: (error?: Error | null) => void): boolean {
    assert.not(this.ended, 'nothing is written after the end');
    return this.sink.write(bytes, sent);
  }

  resume(): void {
    this.isRead = true;
  }

  pause(): void {
    this.isRead = false;
  }

  end(): void {
    this.ended = true;
  }

  destroySoon(): void {}

  destroy(): void {
    this.destroyed = true;
  }

  /** What came and was not taken, CRLF as a blank. */
  take(): string {
    const { text } = this.sink;
    this.sink.text = '';
    return text.trimEnd().replaceAll('\r\n', ' ');
  }
}

const ROOM_BYTES = 64 << 20;
const PEER: Peer = { address: '/s:0', localAddress: '/s:0', isTrusted: true, takesInline: true };

class ConnectionLab {
  readonly socket = new FakeSocket();
  readonly connection: RespConnection;
  readonly clock = new FakeClock();
  /** In the order in which they were run. */
  readonly ran: string[] = [];
  readonly defects: unknown[] = [];
  readonly server: ServerFacts;
  usedBytes = 0;
  roomBytes = ROOM_BYTES;
  /** Called before memory is given: something may have to go for it. */
  onCharge: () => void = () => {};
  /** Asked for and not given yet. */
  readonly turns: (() => void)[] = [];
  /** Long values that are held. */
  held = 0;
  /** Of commands that wait, by their word. */
  readonly loads = new Map<string, () => void>();

  constructor(peer = PEER) {
    this.server = new ServerFacts({
      clock: this.clock,
      maxValueBytes: 1 << 20,
      slowLog: { isOn: false, settings: [] },
    } as unknown as ServerFactsParts);
    const headroom = {
      charge: (bytes: number): boolean => {
        this.onCharge();
        if (this.usedBytes + bytes > this.roomBytes) return false;
        this.usedBytes += bytes;
        return true;
      },
      release: (bytes: number): void => {
        this.usedBytes -= bytes;
      },
    };
    const dispatch = new Dispatch({
      commands: this.#commands(),
      defect: (error) => this.defects.push(error),
      tracking: { active: false } as Tracking,
    });
    const parts = {
      ...{ dispatch, headroom, clock: this.clock, uploads: new RoomQueue(this.clock) },
      server: this.server,
      turn: () => new Promise<void>((resolve) => this.turns.push(resolve)),
      atEndOfTurn: (run: () => void) => run(),
      express: { run: (_client: Client, _bytes: Buffer, from: number) => from, forget: () => {} },
      garbage: { passed: () => {} },
      defect: (error: unknown) => this.defects.push(error),
    } as unknown as RespServerParts;
    this.connection = new RespConnection(new RespServer(parts), this.socket as unknown as Socket, peer);
  }

  send(...lines: string[]): void {
    this.connection.received(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
  }

  push(text: string): void {
    this.connection.push((reply) => reply.simple(text));
  }

  /** The load of this word ends. */
  async arrive(word: string): Promise<void> {
    this.loads.get(word)!();
    this.loads.delete(word);
    await new Promise(setImmediate);
  }

  /** It ends, and holds nothing. */
  end(): void {
    this.connection.closed();
    assert.is(this.usedBytes, 0);
    assert.equal(this.defects, []);
  }

  #longValue(): Value {
    this.held++;
    const value: Value = {
      length: 100_000,
      copy: (_position, target, at, length) => void target.fill(0x78, at, at + length),
      retain: () => value,
      release: () => {
        this.held--;
      },
    };
    return value;
  }

  #commands(): readonly Command[] {
    const row = (
      name: string,
      flags: Command['flags'],
      run: (word: string, reply: Reply) => void | Promise<void>,
    ) => ({
      ...{ name, arity: 2, flags, keys: NO_KEYS },
      run: (...[, call, reply]: Parameters<Command['run']>): void | Promise<void> => {
        const word = call.text(1);
        this.ran.push(word);
        return run(word, reply);
      },
    });
    const wait = (word: string, reply: Reply): Promise<void> =>
      new Promise((resolve) =>
        this.loads.set(word, () => {
          reply.simple(word);
          resolve();
        }),
      );
    return [
      row('look', ['overtakes'], (word, reply) => reply.simple(word)),
      row('load', ['overtakes'], wait),
      row('put', ['write'], (word, reply) => reply.simple(word)),
      row('work', [], wait),
      row('hold', ['overtakes'], (_word, reply) => reply.value(this.#longValue())),
      row('load-held', ['overtakes'], (word, reply) =>
        wait(word, reply).then(() => reply.value(this.#longValue())),
      ),
      row('tell', [], (word, reply) => {
        this.push(`pushed-${word}`);
        reply.simple(word);
      }),
      row('much', ['overtakes'], (word, reply) => reply.bulkText('x'.repeat(Number(word)))),
      row('last', [], (word, reply) => {
        reply.simple(word);
        this.connection.close();
      }),
    ];
  }
}

test('all of a chunk leaves with one write, in order', () => {
  const lab = new ConnectionLab();
  lab.send('look 1', 'put 2', 'look 3', 'nosuch');
  assert.is(lab.socket.sink.writes, 1);
  assert.match(lab.socket.take(), /^\+1 \+2 \+3 -ERR unknown command 'nosuch'/);
  lab.end();
});

test('reads behind one that waits are run at once, and answered behind it', async () => {
  const lab = new ConnectionLab();
  lab.send('look 1', 'load 2', 'look 3', 'load 4', 'look 5');
  assert.equal(lab.ran, ['1', '2', '3', '4', '5']);
  assert.is(lab.socket.take(), '+1');
  await lab.arrive('4');
  assert.is(lab.socket.take(), '');
  await lab.arrive('2');
  assert.is(lab.socket.take(), '+2 +3 +4 +5');
  lab.end();
});

test('what is no read waits until all before it was answered, and so does all behind it', async () => {
  const lab = new ConnectionLab();
  lab.send('load 1', 'load 2', 'put 3', 'look 4');
  assert.equal(lab.ran, ['1', '2']);
  await lab.arrive('2');
  assert.equal(lab.ran, ['1', '2']);
  await lab.arrive('1');
  assert.equal(lab.ran, ['1', '2', '3', '4']);
  assert.is(lab.socket.take(), '+1 +2 +3 +4');
  lab.end();
});

test('replies are in the order of the commands, whatever waits for how long, in whatever pieces they come', async () => {
  const random = seededRandom(3);
  for (let round = 0; round < 40; round++) {
    const lab = new ConnectionLab();
    const words: string[] = [];
    const lines: string[] = [];
    for (let i = 0; i < 60; i++) {
      const kind = ['look', 'look', 'load', 'put', 'work'][Math.floor(random() * 5)]!;
      words.push(String(i));
      lines.push(`${kind} ${i}\r\n`);
    }
    const bytes = Buffer.from(lines.join(''));
    let said = '';
    for (let at = 0; at < bytes.length || lab.loads.size > 0; ) {
      lab.socket.sink.isSlow = random() < 0.3;
      if (at < bytes.length && random() < 0.5) {
        const length = 1 + Math.floor(random() * 80);
        lab.connection.received(Buffer.from(bytes.subarray(at, at + length)));
        at += length;
      }
      const waiting = [...lab.loads.keys()];
      if (waiting.length > 0) await lab.arrive(waiting[Math.floor(random() * waiting.length)]!);
      if (random() < 0.5) lab.socket.sink.takeAll();
    }
    lab.socket.sink.takeAll();
    said += lab.socket.take();
    assert.is(said, words.map((word) => `+${word}`).join(' '), `round ${round}`);
    assert.equal(lab.ran, words);
    assert.is(lab.usedBytes, 0);
    lab.end();
  }
});

test('a push of its own command stands behind its reply', async () => {
  const lab = new ConnectionLab();
  lab.send('look 1', 'tell 2', 'look 3');
  assert.is(lab.socket.take(), '+1 +2 +pushed-2 +3');
  lab.end();
});

test('a push in a quiet moment leaves at once, also without a command', async () => {
  const lab = new ConnectionLab();
  lab.push('a');
  lab.push('b');
  await null;
  assert.is(lab.socket.take(), '+a +b');
  lab.end();
});

test('a push waits behind what was read before it, and comes before what is read after', async () => {
  const lab = new ConnectionLab();
  lab.send('load 1', 'look 2');
  lab.push('changed');
  await null;
  assert.is(lab.socket.take(), '');
  lab.send('look 3');
  await lab.arrive('1');
  assert.is(lab.socket.take(), '+1 +2 +changed +3');
  lab.end();
});

test('a push that comes of making room for what is received or sent does not wait for the next command', async () => {
  const receiving = new ConnectionLab();
  const makeRoom = (lab: ConnectionLab): void => {
    lab.onCharge = () => {
      lab.onCharge = () => {};
      lab.push('evicted');
    };
  };
  makeRoom(receiving);
  // How long the value is shows only in the second part.
  for (const part of ['*2\r\n$4\r\nlook\r\n$20', `000\r\n${'x'.repeat(100)}`])
    receiving.connection.received(Buffer.from(part));
  await null;
  assert.is(receiving.socket.take(), '+evicted');
  receiving.end();
  const sending = new ConnectionLab();
  sending.socket.sink.isSlow = true;
  makeRoom(sending);
  sending.send('look 1');
  sending.socket.sink.takeAll();
  await null;
  assert.is(sending.socket.take(), '+1 +evicted');
  sending.end();
});

test('long pushes leave as they are made; who takes none is cut off over a bound, who takes them is not', async () => {
  const taking = new ConnectionLab();
  for (let i = 0; i < 30; i++) taking.push('x'.repeat(100_000));
  assert.ok(taking.socket.sink.text.length > 3_000_000);
  assert.not(taking.socket.destroyed);
  taking.end();
  const slow = new ConnectionLab();
  slow.socket.sink.isSlow = true;
  let pushed = 0;
  while (!slow.socket.destroyed && pushed < 30) {
    slow.push('x'.repeat(100_000));
    pushed++;
  }
  assert.ok(pushed > 10 && pushed < 30, `${pushed} pushes`);
  slow.end();
});

test('who does not take its replies is not read from, and goes on where it stopped once it does', async () => {
  const lab = new ConnectionLab();
  lab.socket.sink.isSlow = true;
  for (let i = 0; i < 100; i++) lab.send('much 20000');
  assert.ok(lab.ran.length < 12, `${lab.ran.length} commands`);
  const before = lab.ran.length;
  lab.send(...new Array<string>(8000).fill('look 12'));
  assert.is(lab.ran.length, before);
  assert.not(lab.socket.isRead);
  lab.socket.sink.takeAll();
  assert.ok(lab.socket.isRead);
  assert.is(lab.ran.length, 8100);
  assert.not(lab.socket.destroyed);
  lab.socket.sink.takeAll();
  lab.end();
});

test('so many commands may wait for loads, and no more', async () => {
  const lab = new ConnectionLab();
  lab.send(...Array.from({ length: 1500 }, (_, i) => `load ${i}`));
  assert.is(lab.ran.length, 1024);
  await lab.arrive('0');
  assert.is(lab.ran.length, 1025);
  lab.end();
});

test('a protocol error is told behind what was asked before it, and ends the connection', async () => {
  const lab = new ConnectionLab();
  lab.send('load 1', '*1', 'x');
  assert.is(lab.socket.take(), '');
  assert.not(lab.socket.ended);
  await lab.arrive('1');
  assert.match(lab.socket.take(), /^\+1 -ERR Protocol error: /);
  assert.ok(lab.socket.ended);
  lab.send('look 2');
  assert.is(lab.socket.take(), '');
  lab.end();
});

test('who sends all and then ends is answered in full; who is closed is sent no more than was asked before', async () => {
  const lab = new ConnectionLab();
  lab.send('load 1', 'put 2');
  lab.connection.ended();
  assert.not(lab.socket.ended);
  await lab.arrive('1');
  assert.is(lab.socket.take(), '+1 +2');
  assert.ok(lab.socket.ended);
  lab.end();
  const last = new ConnectionLab();
  last.send('look 1', 'last 2', 'look 3');
  assert.is(last.socket.take(), '+1 +2');
  assert.ok(last.socket.ended);
  last.end();
});

test('while clients are paused nothing is run, or nothing that writes; then all is, in order', async () => {
  const lab = new ConnectionLab();
  lab.server.pause(1000, true);
  lab.send('look 1', 'put 2', 'look 3');
  assert.is(lab.socket.take(), '+1');
  lab.clock.advance(1000);
  await new Promise(setImmediate);
  assert.is(lab.socket.take(), '+2 +3');
  lab.server.pause(1000, false);
  lab.send('look 4');
  assert.is(lab.socket.take(), '');
  lab.server.unpause();
  await new Promise(setImmediate);
  assert.is(lab.socket.take(), '+4');
  lab.end();
});

test('who ends while it is paused is let go: nobody can tell how long that would be', () => {
  const lab = new ConnectionLab();
  lab.server.pause(1000, false);
  lab.send('look 1');
  assert.not(lab.socket.destroyed);
  lab.connection.ended();
  assert.ok(lab.socket.destroyed);
  lab.end();
});

test('who is closed by others ends once nothing is to be sent', async () => {
  const idle = new ConnectionLab();
  idle.connection.close();
  assert.ok(idle.socket.ended);
  idle.end();
  const waiting = new ConnectionLab();
  waiting.send('load 1');
  waiting.connection.close();
  assert.not(waiting.socket.ended);
  await waiting.arrive('1');
  assert.is(waiting.socket.take(), '+1');
  assert.ok(waiting.socket.ended);
  waiting.end();
});

test('long values in replies that never left are let go of', async () => {
  const lab = new ConnectionLab();
  lab.send('load 1', 'hold 2', 'load-held 3', 'hold 4');
  assert.is(lab.held, 2);
  lab.connection.closed();
  assert.is(lab.held, 0);
  await lab.arrive('3');
  assert.is(lab.held, 0);
  lab.end();
});

test('a load that ends after its connection costs nothing and says nothing', async () => {
  const lab = new ConnectionLab();
  lab.send('load 1', 'look 2', 'much 30000');
  lab.connection.closed();
  await lab.arrive('1');
  assert.is(lab.socket.take(), '');
  lab.end();
});

test('who may have sent more than is read at one time is read from again when others had their turn', async () => {
  const lab = new ConnectionLab();
  lab.send('look 0');
  const full = Buffer.alloc(8192, 'look 1\r\n');
  lab.connection.receivedShared(full, true);
  assert.is(lab.ran.length, 1 + 8192 / 8);
  assert.not(lab.socket.isRead);
  assert.is(lab.turns.length, 1);
  lab.turns.pop()!();
  await new Promise(setImmediate);
  assert.ok(lab.socket.isRead);
  lab.connection.receivedShared(full, false);
  assert.ok(lab.socket.isRead);
  assert.is(lab.turns.length, 0);
  lab.socket.take();
  lab.end();
});

test('where there is no memory for what comes, it waits; told so, it ends', async () => {
  const lab = new ConnectionLab();
  lab.roomBytes = 100_000;
  const bytes = Buffer.from(`*2\r\n$4\r\nlook\r\n$200000\r\n${'x'.repeat(200_000)}\r\n`);
  lab.connection.received(bytes.subarray(0, 50_000));
  assert.not(lab.socket.isRead);
  lab.clock.advance(60_000);
  await new Promise(setImmediate);
  assert.match(lab.socket.take(), /^-OOM command not allowed: /);
  assert.ok(lab.socket.ended);
  lab.end();
});

test('who keeps memory is not given up for the memory that its own command needs', async () => {
  const lab = new ConnectionLab();
  lab.send('load 1');
  assert.ok(lab.connection.isHolding);
  lab.onCharge = () => {
    if (lab.connection.isHolding) lab.connection.giveUp();
  };
  lab.send('much 20000');
  assert.not(lab.socket.destroyed);
  assert.ok(lab.connection.isHolding);
  lab.onCharge = () => {};
  await lab.arrive('1');
  assert.match(lab.socket.take(), /^\+1 \$20000 x+$/);
  lab.end();
});

test.run();
