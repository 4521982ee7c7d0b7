// Bytes to commands, however they are cut, and what is no command.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BROKEN, COMMAND, Parser } from '../../../src/serve/resp/parser.ts';
import { seededRandom } from '../../store/seeded-random.ts';

const MAX_BULK_BYTES = 1 << 20;

interface Read {
  readonly commands: readonly (readonly string[])[];
  readonly problem: string;
}

/** What a parser makes of bytes that come in these pieces, as a connection hands them to it. */
function read(pieces: readonly Buffer[], prepare: (parser: Parser) => void = () => {}): Read {
  const parser = new Parser(MAX_BULK_BYTES);
  prepare(parser);
  const commands: string[][] = [];
  for (const piece of pieces) {
    const bytes = Buffer.concat([parser.bytes.subarray(parser.from, parser.end), piece]);
    parser.take(bytes, bytes.length);
    for (let said = parser.next(); said !== 0; said = parser.next()) {
      if (said === BROKEN) return { commands, problem: parser.problem };
      assert.is(said, COMMAND);
      commands.push(Array.from({ length: parser.call.count }, (_, i) => parser.call.text(i)));
    }
  }
  return { commands, problem: '' };
}

function readText(text: string, prepare?: (parser: Parser) => void): Read {
  return read([Buffer.from(text, 'latin1')], prepare);
}

const test = suite('parser');

const PIPELINE =
  '*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*0\r\n*-1\r\n\r\n*3\r\n$3\r\nSET\r\n$0\r\n\r\n$7\r\n\0\r\n\xff\r\n*\r\n' +
  'SET "a b" \'c\\\'d\' "\\x41\\n"\n*1\r\n$4\r\nQUIT\r\n';
const COMMANDS = [
  ['GET', 'a'],
  ['PING'],
  ['SET', '', '\0\r\n\xff\r\n*'],
  ['SET', 'a b', "c'd", 'A\n'],
  ['QUIT'],
];

test('commands are the same however their bytes are cut in two', () => {
  const bytes = Buffer.from(PIPELINE, 'latin1');
  for (let at = 0; at <= bytes.length; at++) {
    const { commands, problem } = read([bytes.subarray(0, at), bytes.subarray(at)]);
    assert.is(problem, '');
    assert.equal(commands, COMMANDS, `cut at ${at}`);
  }
});

test('commands are the same when their bytes come one by one, or in pieces of any lengths', () => {
  const bytes = Buffer.from(PIPELINE, 'latin1');
  assert.equal(read([...bytes].map((byte) => Buffer.from([byte]))).commands, COMMANDS);
  const random = seededRandom(7);
  for (let run = 0; run < 200; run++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + Math.floor(random() * 12);
      pieces.push(bytes.subarray(at, at + length));
      at += length;
    }
    assert.equal(read(pieces).commands, COMMANDS);
  }
});

test('what is no command is told in the words of Redis 7', () => {
  const problems: readonly (readonly [sent: string, problem: string])[] = [
    ['*x\r\n', 'invalid multibulk length'],
    ['*1048577\r\n', 'invalid multibulk length'],
    ['*1000000000\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*99999999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\n:3\r\n', "expected '$', got ':'"],
    ['*1\r\n*1\r\n', "expected '$', got '*'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$-2\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$1x\r\n', 'invalid bulk length'],
    ['*1\r\n$999999999999\r\n', 'invalid bulk length'],
    [`*1\r\n$${MAX_BULK_BYTES + 1}\r\n`, 'invalid bulk length'],
    [`*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
    ['x'.repeat(70_000), 'too big inline request'],
    ['x'.repeat(70_000).concat('\n'), 'too big inline request'],
    ['SET "a\r\n', 'unbalanced quotes in request'],
    ['SET "a"b\r\n', 'unbalanced quotes in request'],
    ["SET 'a\r\n", 'unbalanced quotes in request'],
  ];
  for (const [sent, problem] of problems) {
    assert.equal(
      readText(`*1\r\n$4\r\nPING\r\n${sent}`),
      { commands: [['PING']], problem: `ERR Protocol error: ${problem}` },
      sent.slice(0, 40),
    );
  }
});

test('who has not said who it is may send less', () => {
  const unknown = (parser: Parser): void => {
    parser.isUnknown = true;
  };
  assert.is(readText('*11\r\n', unknown).problem, 'ERR Protocol error: unauthenticated multibulk length');
  assert.is(readText('*1\r\n$16385\r\n', unknown).problem, 'ERR Protocol error: unauthenticated bulk length');
  assert.equal(readText('*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n', unknown).commands, [['AUTH', 'x']]);
});

test('where lines are no commands, one is an error', () => {
  const strict = (parser: Parser): void => {
    parser.takesInline = false;
  };
  assert.is(readText('POST / HTTP/1.1\r\n', strict).problem, "ERR Protocol error: expected '*', got 'P'");
  assert.equal(readText('*1\r\n$4\r\nPING\r\n', strict).commands, [['PING']]);
});

test('a long argument says from its first line on how much is needed', () => {
  const parser = new Parser(MAX_BULK_BYTES);
  const bytes = Buffer.from('*2\r\n$3\r\nGET\r\n$500000\r\nabc', 'latin1');
  parser.take(bytes, bytes.length);
  assert.is(parser.next(), 0);
  assert.is(parser.neededBytes, bytes.length - 3 + 500_000 + 2);
});

test('arguments by the hundred thousand are all there', () => {
  const keys = Array.from({ length: 200_000 }, (_, i) => `${i}`);
  const text = `*${keys.length}\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('')}`;
  assert.equal(readText(text).commands, [keys]);
});

test.run();
