// Glob patterns as Redis matches them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Glob } from '../../../src/serve/resp/glob.ts';

const glob = suite('glob');

function matches(pattern: string, text: string): boolean {
  return new Glob(Buffer.from(pattern, 'latin1')).matches(Buffer.from(text, 'latin1'));
}

function holds(pattern: string, matching: readonly string[], others: readonly string[]): void {
  for (const text of matching) assert.ok(matches(pattern, text), `'${pattern}' matches '${text}'`);
  for (const text of others) assert.not(matches(pattern, text), `'${pattern}' does not match '${text}'`);
}

glob('a pattern without wildcards matches itself only', () => {
  holds('user:1', ['user:1'], ['user:', 'user:11', 'xuser:1', '', 'User:1']);
  holds('', [''], ['a']);
});

glob('* takes any number of bytes, ? exactly one', () => {
  holds('*', ['', 'a', 'a:b\r\n\0'], []);
  holds('**', ['a', 'ab'], ['']);
  holds('a*', ['a', 'ab', 'abc'], ['', 'ba']);
  holds('*a', ['a', 'ba', 'aaa'], ['', 'ab']);
  holds('a**b', ['ab', 'axb', 'axxbb'], ['a', 'b', 'abx']);
  holds('h?llo', ['hello', 'h\nllo'], ['hllo', 'heello']);
  holds('*?', ['a', 'ab'], ['']);
  holds('*aab*c', ['aaab-c', 'aabc', 'xaabaabc'], ['aac', 'aabcx']);
});

glob('a class takes one of its bytes, or one that is not of them', () => {
  holds('h[ae]llo', ['hello', 'hallo'], ['hillo', 'hllo']);
  holds('h[^e]llo', ['hallo', 'h^llo'], ['hello']);
  holds('[a-c]', ['a', 'b', 'c'], ['d', '-']);
  holds('[c-a]', ['a', 'b', 'c'], ['d']);
  holds('[a-c-e]', ['b', '-', 'e'], ['d']);
  holds('[a-]', [']', '_', 'a'], ['-', 'b']);
  holds('[\\]a]', [']', 'a'], ['\\']);
  holds('[]', [], ['', ']', '[]']);
  holds('[]a]', [], [']', 'a', 'a]']);
  holds('[^]', ['a', ']'], ['']);
});

glob('a class left open ends with the pattern', () => {
  holds('[ab', ['a', 'b'], ['[', 'ab']);
  holds('x[', [], ['x', 'x[']);
  holds('[a-', ['a', '-'], ['b', '[a-']);
});

glob('a backslash makes what follows stand for itself; the last byte is one itself', () => {
  holds('\\*', ['*'], ['a', '\\*']);
  holds('a\\?b', ['a?b'], ['axb']);
  holds('\\a', ['a'], ['\\a']);
  holds('a\\', ['a\\'], ['a']);
});

glob('bytes are bytes, not characters', () => {
  holds('?', ['\xff', '\0'], ['\xc3\xa9']);
  holds('[\xe0-\xff]', ['\xe9'], ['\xdf', 'e']);
});

glob('says what every match begins with, and whether all or one only match', () => {
  const facts = (pattern: string) => {
    const { prefix, matchesAll, isLiteral } = new Glob(Buffer.from(pattern));
    return { prefix: prefix.toString(), matchesAll, isLiteral };
  };
  assert.equal(facts('*'), { prefix: '', matchesAll: true, isLiteral: false });
  assert.equal(facts('**'), { prefix: '', matchesAll: true, isLiteral: false });
  assert.equal(facts('users:*'), { prefix: 'users:', matchesAll: false, isLiteral: false });
  assert.equal(facts('a\\*b'), { prefix: 'a*b', matchesAll: false, isLiteral: true });
  assert.equal(facts(''), { prefix: '', matchesAll: false, isLiteral: true });
});

glob('a pattern of many stars takes no more than length × length', () => {
  const pattern = Buffer.from(`${'*a'.repeat(300)}*b`);
  const text = Buffer.alloc(20_000, 'a');
  const before = process.cpuUsage().user;
  assert.not(new Glob(pattern).matches(text));
  assert.ok(process.cpuUsage(undefined).user - before < 5_000_000);
});

glob.run();
