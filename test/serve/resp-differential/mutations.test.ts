// The parser by itself, given what is almost right: it never throws, never reads beyond its bytes, and says the same of
// a stream whether it comes whole or in pieces. RESP_PARSER_MUTATIONS=10000000 gives it ten million inputs.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BROKEN, COMMAND, INCOMPLETE, Parser } from '../../../src/serve/resp/parser.ts';
import { type SeededRandom, seededRandom } from '../../store/seeded-random.ts';
import { CORPUS } from './corpus/index.ts';
import { encodeCommand } from './raw-client.ts';
import { casesOf } from './step.ts';

const SEED = Number(process.env.RESP_HOSTILE_SEED ?? 20261122);
const MUTATIONS = Number(process.env.RESP_PARSER_MUTATIONS ?? 300_000);
const MAX_BULK_BYTES = 1 << 20;
/** Inputs that follow one another on a connection. */
const STREAM = 4;
const LONGEST_INPUT_BYTES = 200;

const test = suite('mutated RESP');

const INPUTS: readonly Buffer[] = [
  ...new Set(
    Object.values(CORPUS)
      .flatMap(casesOf)
      .flatMap(({ steps }) => steps)
      .map(({ how, args }) =>
        how === 'raw' || how === 'closes' ? args.join(' ') : encodeCommand(args).toString('latin1'),
      )
      .filter((text) => text.length <= LONGEST_INPUT_BYTES),
  ),
].map((text) => Buffer.from(text, 'latin1'));

/** What was parsed: each command's arguments, and how it ended. Bytes behind `end` are poison. */
function parsedWhole(stream: Buffer): string {
  const parser = new Parser(MAX_BULK_BYTES);
  const room = Buffer.alloc(stream.length + 32, '\r\n*1$4PING');
  stream.copy(room);
  parser.take(room, stream.length);
  return drained(parser, []).join('\n');
}

function parsedInPieces(stream: Buffer, random: SeededRandom): string {
  const parser = new Parser(MAX_BULK_BYTES);
  const said: string[] = [];
  let left = Buffer.alloc(0);
  for (let from = 0; from < stream.length; ) {
    const to = Math.min(stream.length, from + 1 + random.below(12));
    left = Buffer.concat([left, stream.subarray(from, to)]);
    parser.take(left, left.length);
    if (said.at(-1) === 'incomplete') said.pop();
    drained(parser, said);
    if (said.at(-1) !== 'incomplete') break;
    left = left.subarray(parser.from);
    from = to;
  }
  return said.join('\n');
}

function drained(parser: Parser, said: string[]): string[] {
  for (;;) {
    const outcome = parser.next();
    if (outcome === COMMAND) {
      const { call } = parser;
      said.push(Array.from({ length: call.count }, (_, i) => call.text(i)).join('\x01'));
      parser.used();
    } else {
      said.push(outcome === INCOMPLETE ? 'incomplete' : parser.problem);
      assert.ok(outcome === INCOMPLETE || outcome === BROKEN);
      return said;
    }
  }
}

function mutated(input: Buffer, random: SeededRandom): Buffer {
  const at = random.below(input.length);
  switch (random.below(5)) {
    case 0: {
      const bytes = Buffer.from(input);
      bytes[at] = random.percent(50) ? random.pick(SPECIAL) : random.below(256);
      return bytes;
    }
    case 1:
      return input.subarray(0, at);
    case 2:
      return Buffer.concat([input.subarray(0, at), Buffer.from([random.pick(SPECIAL)]), input.subarray(at)]);
    case 3:
      return Buffer.concat([input.subarray(0, at), input.subarray(at + 1 + random.below(4))]);
    default:
      return Buffer.concat([input.subarray(0, at), random.pick(INPUTS)]);
  }
}

const SPECIAL = [...'\r\n*$-+:_"\'\\ 0123456789\0\xff'].map((char) => char.charCodeAt(0));

test('every prefix of every valid command is incomplete, or the command itself', () => {
  for (const input of INPUTS.filter((one) => one[0] === 0x2a)) {
    const whole = parsedWhole(input);
    if (!whole.endsWith('\nincomplete')) continue;
    for (let end = 1; end < input.length; end++) assert.is(parsedWhole(input.subarray(0, end)), 'incomplete');
  }
});

test(`${MUTATIONS} mutated inputs are parsed the same whole and in pieces`, () => {
  const random = seededRandom(SEED);
  for (let left = MUTATIONS; left > 0; left -= STREAM) {
    const inputs = Array.from({ length: STREAM }, () => {
      const input = random.pick(INPUTS);
      return random.percent(40) ? input : mutated(input, random);
    });
    const stream = Buffer.concat(inputs);
    const whole = parsedWhole(stream);
    const pieces = parsedInPieces(stream, random);
    if (stream.length > 0 && whole !== pieces) {
      assert.is(pieces, whole, `seed ${SEED}: ${JSON.stringify(stream.toString('latin1'))}`);
    }
  }
});

test.run();
