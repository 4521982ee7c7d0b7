// The harness judges as it says: to the byte, but for times, sets and shapes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Judge } from './judge.ts';
import { readTree, show, type Tree } from './reply-tree.ts';
import { lineOf, stepOf } from './step.ts';

const test = suite('judge of replies');

function tree(bytes: string): Tree {
  return readTree(Buffer.from(bytes, 'latin1'), 0)!.tree;
}

function same(line: string, redis: string, ours: string): boolean {
  return new Judge().same(stepOf(line), [tree(redis)], [tree(ours)]);
}

test('types that carry the same text are told apart', () => {
  const forms = [
    '+1\r\n',
    ':1\r\n',
    '$1\r\n1\r\n',
    '-1\r\n',
    ',1\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '_\r\n',
    '*0\r\n',
  ];
  for (const one of forms) {
    for (const other of forms) assert.is(same('GET a', one, other), one === other, `${one} ${other}`);
  }
});

test('a reply in a reply is compared, too', () => {
  assert.ok(same('MGET a b', '*2\r\n$1\r\nx\r\n$-1\r\n', '*2\r\n$1\r\nx\r\n$-1\r\n'));
  assert.not(same('MGET a b', '*2\r\n$1\r\nx\r\n$-1\r\n', '*2\r\n$1\r\ny\r\n$-1\r\n'));
  assert.not(same('MGET a b', '*1\r\n:1\r\n', '%1\r\n:1\r\n:1\r\n'));
});

test('a time may differ by what passes between two answers, a missing key may not', () => {
  assert.ok(same('PTTL a', ':100000\r\n', ':99800\r\n'));
  assert.not(same('PTTL a', ':100000\r\n', ':90000\r\n'));
  assert.not(same('PTTL a', ':-1\r\n', ':-2\r\n'));
  assert.not(same('STRLEN a', ':100\r\n', ':101\r\n'));
});

test('keys are a set; a shape has types and no text, an error has its text', () => {
  assert.ok(same('KEYS *', '*2\r\n+a\r\n+b\r\n', '*2\r\n+b\r\n+a\r\n'));
  assert.not(same('KEYS *', '*2\r\n+a\r\n+b\r\n', '*2\r\n+b\r\n+b\r\n'));
  assert.ok(same('shape: INFO', '$1\r\na\r\n', '$2\r\nbb\r\n'));
  assert.not(same('shape: INFO', '$1\r\na\r\n', '+a\r\n'));
  assert.not(same('shape: INFO', '-ERR a\r\n', '-ERR b\r\n'));
});

test('what EXEC answers is judged by the commands that were queued', () => {
  const judge = new Judge();
  const run = (line: string, redis: string, ours: string): boolean =>
    judge.same(stepOf(line), [tree(redis)], [tree(ours)]);
  run('MULTI', '+OK\r\n', '+OK\r\n');
  run('GET a', '+QUEUED\r\n', '+QUEUED\r\n');
  run('PTTL a', '+QUEUED\r\n', '+QUEUED\r\n');
  assert.ok(run('EXEC', '*2\r\n+x\r\n:1000\r\n', '*2\r\n+x\r\n:999\r\n'));
  assert.not(run('EXEC', '*2\r\n+x\r\n:1000\r\n', '*2\r\n+x\r\n:999\r\n'));
});

test('a reply that is not complete is none, whatever it was cut at', () => {
  const bytes = Buffer.from('*3\r\n$3\r\nabc\r\n%1\r\n+k\r\n:-5\r\n=7\r\ntxt:abc\r\n');
  for (let end = 0; end < bytes.length; end++) assert.is(readTree(bytes.subarray(0, end), 0), undefined);
  assert.is(show(readTree(bytes, 0)!.tree), '["abc", %[+k, :-5], =txt:abc]');
});

test('what is no RESP is an error', () => {
  for (const bytes of ['HTTP/1.1 200\r\n', '$x\r\n', '$1\r\nabc\r\n', '*-2\r\n']) {
    assert.throws(() => readTree(Buffer.from(bytes), 0), /not RESP/);
  }
});

test('a line of text is read as redis-cli would, and written so that it is read again', () => {
  assert.equal(stepOf('2> frames: SET "a b" "\\x00\\n\\""').args, ['SET', 'a b', '\x00\n"']);
  assert.equal(stepOf('SET a "xy"*3').args, ['SET', 'a', 'xyxyxy']);
  for (const args of [[''], ['a b', '\xff\r\n', '\\', '"'], ['SET', 'a']]) {
    assert.equal(stepOf(lineOf(args)).args, args);
  }
});

test.run();
