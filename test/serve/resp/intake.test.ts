// What came of a connection and is no command yet: whatever the pieces, the same commands, and only what is kept is charged.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Account } from '../../../src/serve/resp/account.ts';
import { FED, Intake, NO_ROOM, NOTHING_MORE } from '../../../src/serve/resp/intake.ts';
import { COMMAND, INCOMPLETE, Parser } from '../../../src/serve/resp/parser.ts';
import { seededRandom } from '../../store/seeded-random.ts';

const test = suite('RESP intake');

function setUp(roomBytes = 1 << 26) {
  const seen = { usedBytes: 0, mostBytes: 0 };
  const account = new Account({
    charge: (bytes) => {
      if (seen.usedBytes + bytes > roomBytes) return false;
      seen.usedBytes += bytes;
      seen.mostBytes = Math.max(seen.mostBytes, seen.usedBytes);
      return true;
    },
    release: (bytes) => {
      seen.usedBytes -= bytes;
    },
  });
  const parser = new Parser(1 << 24);
  const intake = new Intake(parser, account, () => {});
  const commands: string[] = [];
  /** As a connection does with a chunk; false where there was no room. */
  const receive = (chunk: Buffer): boolean => {
    intake.add(chunk);
    return run() && intake.settle();
  };
  const run = (): boolean => {
    for (;;) {
      const said = parser.next();
      if (said === COMMAND) {
        const { call } = parser;
        commands.push(Array.from({ length: call.count }, (_, i) => call.text(i)).join(' '));
        parser.used();
        continue;
      }
      assert.is(said, INCOMPLETE);
      const fed = intake.feed();
      if (fed === NOTHING_MORE) return true;
      if (fed === NO_ROOM) return false;
      assert.is(fed, FED);
    }
  };
  return { intake, parser, commands, receive, run, seen };
}

function encoded(...words: string[]): Buffer {
  return Buffer.from(
    `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`,
    'latin1',
  );
}

test('commands are the same in whatever pieces they come, and in the end nothing is held', () => {
  const random = seededRandom(7);
  const said: string[] = [];
  const all: Buffer[] = [];
  for (let i = 0; i < 200; i++) {
    const length = random() < 0.1 ? Math.floor(random() * 100_000) : Math.floor(random() * 40);
    const words = ['SET', `key${i}`, String.fromCharCode(97 + (i % 26)).repeat(length)];
    said.push(words.join(' '));
    all.push(encoded(...words));
  }
  const bytes = Buffer.concat(all);
  for (const [most, isShared] of [1 << 20, 65_536, 1000, 7].flatMap((n) => [
    [n, false] as const,
    [n, true] as const,
  ])) {
    const { commands, receive, intake, seen } = setUp();
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + Math.floor(random() * most);
      const chunk = Buffer.from(bytes.subarray(at, at + length));
      intake.isShared = isShared;
      assert.ok(receive(chunk));
      intake.isShared = false;
      if (isShared) {
        intake.leave(chunk);
        // It is used for what comes next, of whomever.
        chunk.fill(0xee);
      }
      at += length;
    }
    assert.equal(commands, said);
    assert.equal([intake.bytes, seen.usedBytes], [0, 0]);
  }
});

test('a long argument that is coming is charged once, about as long as it is', () => {
  const { receive, intake, seen, commands } = setUp();
  const bytes = encoded('SET', 'k', 'x'.repeat(1_000_000));
  for (let at = 0; at < bytes.length - 1; at += 50_000)
    assert.ok(receive(bytes.subarray(at, Math.min(bytes.length - 1, at + 50_000))));
  assert.is(intake.bytes, bytes.length - 1);
  assert.ok(seen.usedBytes >= 1_000_000 && seen.usedBytes < 1_100_000, `${seen.usedBytes} bytes`);
  assert.ok(receive(bytes.subarray(bytes.length - 1)));
  assert.is(commands.length, 1);
  assert.equal([intake.bytes, seen.usedBytes], [0, 0]);
});

test('a short rest is not charged, a long one is', () => {
  const { receive, seen } = setUp();
  receive(Buffer.from('*2\r\n$4\r\nECHO\r\n$3000\r\nshort'));
  assert.is(seen.usedBytes, 0);
  const other = setUp();
  other.receive(Buffer.from('*2\r\n$4\r\nECHO\r\n$9000\r\nlong'));
  assert.ok(other.seen.usedBytes > 9000);
});

test('where there is no room nothing is lost: it goes on once there is some', () => {
  const { intake, parser, seen, commands, receive, run } = setUp(50_000);
  const bytes = encoded('SET', 'k', 'x'.repeat(60_000));
  assert.not(receive(bytes.subarray(0, 30_000)));
  assert.not(intake.hasRoomNow());
  assert.is(seen.usedBytes, 0);
  assert.is(parser.end - parser.from + 0, 30_000);
  const free = setUp(100_000);
  free.receive(bytes.subarray(0, 30_000));
  assert.ok(free.intake.hasRoomNow());
  free.intake.add(bytes.subarray(30_000));
  assert.ok(free.run());
  assert.equal(free.commands.length, 1);
  assert.ok(run());
  assert.equal(commands, []);
});

test('there may be no room only once it is known how long an argument is', () => {
  const { receive, commands, intake, seen } = setUp(5000);
  assert.ok(receive(Buffer.from('*2\r\n$4\r\nECHO\r\n')));
  assert.not(receive(Buffer.from(`$60000\r\n${'x'.repeat(100)}`)));
  assert.equal(commands, []);
  intake.close();
  assert.is(seen.usedBytes, 0);
});

test('what waits behind a command that is not run yet is kept, and charged where it is much', () => {
  const { intake, parser, seen, commands, run } = setUp();
  intake.add(Buffer.concat([encoded('FIRST'), encoded('ECHO', 'y'.repeat(20_000)), encoded('LAST')]));
  intake.feed();
  assert.is(parser.next(), COMMAND);
  // The first waits its turn: nothing is used up, and the chunk is gone.
  assert.ok(intake.settle());
  assert.ok(seen.usedBytes >= 20_000);
  assert.is(parser.call.text(0), 'FIRST');
  intake.add(encoded('MORE'));
  assert.ok(intake.settle());
  intake.add(encoded('AGAIN'));
  assert.ok(intake.settle());
  parser.used();
  assert.ok(run());
  assert.ok(intake.settle());
  assert.equal(
    commands.map((text) => text.slice(0, 4)),
    ['ECHO', 'LAST', 'MORE', 'AGAI'],
  );
  assert.is(seen.usedBytes, 0);
});

test('once closed all is let go of', () => {
  const { intake, receive, seen } = setUp();
  receive(Buffer.from('*2\r\n$4\r\nECHO\r\n$90000\r\nlong'));
  assert.ok(seen.usedBytes > 0);
  intake.close();
  assert.equal([intake.bytes, seen.usedBytes], [0, 0]);
});

test.run();
