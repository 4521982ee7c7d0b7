// Answers read from bytes: the same however they are cut, and nothing that is not one.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AnswerParser } from '../../../src/fleet/link/answer-parser.ts';

const test = suite('answer parser');

const MAX_BODY_BYTES = 100_000;

interface Read {
  readonly fault?: string;
  readonly status?: number;
  readonly type?: string;
  readonly body?: string;
  readonly isKept?: boolean;
}

/** What the pieces, and the end of the connection behind them, come to; undefined while more is waited for. */
function read(pieces: readonly string[], isEnded = false): Read | undefined {
  const parser = new AnswerParser(MAX_BODY_BYTES);
  const shared = Buffer.alloc(Math.max(0, ...pieces.map(({ length }) => length)));
  let atEnd = 0;
  for (const piece of pieces) {
    atEnd++;
    shared.fill('?').write(piece, 'latin1');
    const result = parser.push(shared.subarray(0, piece.length));
    // What came before must not change when the connection's buffer does.
    shared.fill('!');
    if (result === undefined) continue;
    if ('fault' in result) return result;
    const { status, header, body } = result.answer;
    const isKept = result.isKept && pieces.slice(atEnd).join('') === '';
    return { status, type: header('Content-Type'), body: body.toString('latin1'), isKept };
  }
  if (!isEnded) return undefined;
  const result = parser.end();
  if ('fault' in result) return result;
  const { status, header, body } = result.answer;
  return { status, type: header('content-type'), body: body.toString('latin1'), isKept: result.isKept };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const JSON_FIELD = 'Content-Type: application/json\r\n';
const BODY = 'Content-Length: 2\r\n\r\n{}';
const taken = { status: 200, type: 'application/json', body: '{}', isKept: true };
const untyped = { ...taken, type: '' };

const ANSWERS: Readonly<Record<string, readonly [bytes: string, expected: Read]>> = {
  'with a length': [`${OK}${JSON_FIELD}${BODY}`, taken],
  'without a reason phrase': [`HTTP/1.1 200\r\n${BODY}`, untyped],
  'with names in any case and space around values': [
    `${OK}cOnTeNt-TyPe: \t application/json \t\r\n${BODY}`,
    taken,
  ],
  'in chunks, with extensions and trailers': [
    `${OK}Transfer-Encoding: Chunked\r\n\r\n1;a="b"\r\n{\r\n01 \r\n}\r\n0\r\nX: y\r\n\r\n`,
    untyped,
  ],
  'behind others that only announce it': [
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}${JSON_FIELD}${BODY}`,
    taken,
  ],
  'that says the connection is closed': [
    `${OK}Connection: x, Close\r\n${BODY}`,
    { ...untyped, isKept: false },
  ],
  'of HTTP/1.0': [`HTTP/1.0 200 OK\r\n${BODY}`, { ...untyped, isKept: false }],
  'of HTTP/1.0 that keeps the connection': [`HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${BODY}`, untyped],
  'that can have no body': ['HTTP/1.1 204 None\r\n\r\n', { status: 204, type: '', body: '', isKept: true }],
  'with something behind it': [`${OK}${JSON_FIELD}${BODY}${OK}`, { ...taken, isKept: false }],
  'as large as is allowed': [
    `${OK}Content-Length: ${MAX_BODY_BYTES}\r\n\r\n${'x'.repeat(MAX_BODY_BYTES)}`,
    { ...untyped, body: 'x'.repeat(MAX_BODY_BYTES) },
  ],
};

const INVALID: Readonly<Record<string, readonly [bytes: string, fault: string]>> = {
  'another protocol': ['SSH-2.0-OpenSSH', 'HPE_INVALID_CONSTANT'],
  'another version': ['HTTP/2 200\r\n\r\n', 'HPE_INVALID_CONSTANT'],
  'a status of two digits': ['HTTP/1.1 20 OK\r\n\r\n', 'HPE_INVALID_STATUS'],
  'an empty line first': [`\r\n${OK}${BODY}`, 'HPE_INVALID_CONSTANT'],
  'an end of line without CR': [`${OK}X: y\n${BODY}`, 'HPE_INVALID_CHARACTER'],
  'a CR within a line': [`${OK}X: y\rz\r\n${BODY}`, 'HPE_INVALID_CHARACTER'],
  'a NUL within a line': [`${OK}X: \0\r\n${BODY}`, 'HPE_INVALID_CHARACTER'],
  'a folded line': [`${OK}X: y\r\n z\r\n${BODY}`, 'HPE_INVALID_HEADER_TOKEN'],
  'a space before a colon': [`${OK}Content-Length : 2\r\n\r\n{}`, 'HPE_INVALID_HEADER_TOKEN'],
  'a line without a colon': [`${OK}X\r\n${BODY}`, 'HPE_INVALID_HEADER_TOKEN'],
  'two lengths': [`${OK}Content-Length: 2\r\n${BODY}`, 'HPE_INVALID_CONTENT_LENGTH'],
  'a negative length': [`${OK}Content-Length: -2\r\n\r\n{}`, 'HPE_INVALID_CONTENT_LENGTH'],
  'an empty length': [`${OK}Content-Length:\r\n\r\n{}`, 'HPE_INVALID_CONTENT_LENGTH'],
  'a length and chunks': [`${OK}Transfer-Encoding: chunked\r\n${BODY}`, 'HPE_INVALID_TRANSFER_ENCODING'],
  'a coding that was not asked for': [
    `${OK}Transfer-Encoding: gzip\r\n\r\n`,
    'HPE_INVALID_TRANSFER_ENCODING',
  ],
  'chunks in HTTP/1.0': [
    'HTTP/1.0 200\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HPE_INVALID_TRANSFER_ENCODING',
  ],
  'a chunk without a size': [`${OK}Transfer-Encoding: chunked\r\n\r\nz\r\n`, 'HPE_INVALID_CHUNK_SIZE'],
  'a chunk longer than its size': [
    `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`,
    'HPE_INVALID_CHUNK_SIZE',
  ],
  'an extension without end': [
    `${OK}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(300)}`,
    'HPE_HEADER_OVERFLOW',
  ],
  'a line without end': [`${OK}X: ${'y'.repeat(70_000)}`, 'HPE_HEADER_OVERFLOW'],
  'lines without end': [`${OK}${'X: y\r\n'.repeat(12_000)}`, 'HPE_HEADER_OVERFLOW'],
  'announcements without end': ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(3000), 'HPE_HEADER_OVERFLOW'],
  'trailers without end': [
    `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${'X: y\r\n'.repeat(12_000)}`,
    'HPE_HEADER_OVERFLOW',
  ],
  'an upgrade': ['HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n', 'UNEXPECTED_UPGRADE'],
  'a length that is too large': [`${OK}Content-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`, 'TOO_LARGE'],
  'a chunk that is too large': [`${OK}Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n`, 'TOO_LARGE'],
  'more than may come until the end': [`${OK}\r\n${'x'.repeat(MAX_BODY_BYTES + 1)}`, 'TOO_LARGE'],
};

for (const [name, [bytes, expected]] of Object.entries(ANSWERS)) {
  test(`an answer ${name} is taken`, () => {
    assert.equal(read([bytes]), expected);
  });
}

for (const [name, [bytes, fault]] of Object.entries(INVALID)) {
  test(`${name}: no answer`, () => {
    assert.equal(read([bytes]), { fault });
  });
}

test('every part of an answer is waited for, and broken off it is none', () => {
  for (const [bytes] of Object.values(ANSWERS).slice(0, 5)) {
    for (let length = 0; length < bytes.length; length++) {
      assert.is(read([bytes.slice(0, length)]), undefined);
      assert.equal(read([bytes.slice(0, length)], true), { fault: 'ECONNRESET' });
    }
  }
});

test('an answer without a length ends with its connection, which is not kept', () => {
  assert.is(read([`${OK}\r\n{}`]), undefined);
  assert.equal(read([`${OK}\r\n{}`], true), { ...untyped, isKept: false });
});

test('however the bytes are split, they come to the same', () => {
  const whole = [...Object.values(ANSWERS), ...Object.values(INVALID)].map(([bytes]) => bytes);
  const cuts = fc.array(fc.nat({ max: 100_200 }), { maxLength: 12 });
  const early = fc.array(fc.nat({ max: 120 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.constantFrom(...whole), fc.oneof(cuts, early), fc.boolean(), (bytes, at, isEnded) => {
      assert.equal(read(cut(bytes, at), isEnded), read([bytes], isEnded));
    }),
    { numRuns: 500 },
  );
});

test('whatever the bytes are, and however they are split, they come to the same and never to an exception', () => {
  const piece = fc.oneof(
    fc.constantFrom(OK, JSON_FIELD, BODY, '\r\n', '\n', '0\r\n', '1\r\n', 'Transfer-Encoding: chunked\r\n'),
    fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 8 }),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => OK.slice(0, 9) + pieces.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 90 }), { maxLength: 8 }), fc.boolean(), (bytes, at, isEnded) => {
      assert.equal(read(cut(bytes, at), isEnded), read([bytes], isEnded));
    }),
    { numRuns: 500 },
  );
});

function cut(bytes: string, at: readonly number[]): string[] {
  const places = [0, ...at.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, i) => bytes.slice(places[i], place));
}

test.run();
