// SLOWLOG: what took long since it was asked for, with names and keys, and nothing of what was said beside them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLab } from './command-lab.ts';
import type { Said } from './reply-value.ts';

const test = suite('SLOWLOG');

/** Everything is slow. */
function heedingLab(): CommandLab {
  const lab = new CommandLab();
  assert.is(lab.say('CONFIG', 'SET', 'slowlog-log-slower-than', '0'), 'OK');
  lab.say('SLOWLOG', 'RESET');
  return lab;
}

/** The words of what was slow, the newest first. */
function shown(lab: CommandLab): Said[] {
  return (lab.say('SLOWLOG', 'GET', '-1') as Said[][]).map((entry) => entry[3]!);
}

function end(lab: CommandLab): void {
  lab.say('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
  lab.say('SLOWLOG', 'RESET');
  lab.end();
}

test('nothing is timed until somebody asks for it', () => {
  const lab = new CommandLab();
  assert.equal(lab.say('CONFIG', 'GET', 'slowlog-*'), [
    ...['slowlog-log-slower-than', '-1'],
    ...['slowlog-max-len', '128'],
  ]);
  lab.say('SET', 'k', 'v');
  assert.is(lab.say('SLOWLOG', 'LEN'), 0);
  lab.end();
});

test('keys are shown, and no value, secret or option', () => {
  const lab = heedingLab();
  lab.say('Set', 'key', 'value', 'EX', '10');
  lab.say('MSET', 'a', '1', 'b', '2');
  lab.say('CONFIG', 'GET', 'secret');
  lab.say('OBJECT', 'ENCODING', 'key');
  assert.equal(shown(lab), [
    ['OBJECT', 'ENCODING', 'key'],
    ['CONFIG', 'GET', '(redacted)'],
    ['MSET', 'a', '(redacted)', 'b', '(redacted)'],
    ['Set', 'key', '(redacted)', '(redacted)', '(redacted)'],
    ['SLOWLOG', 'RESET'],
  ]);
  end(lab);
});

test('long keys and many arguments are trimmed as Redis does', () => {
  const lab = heedingLab();
  lab.say('GET', 'A'.repeat(129));
  lab.say('DEL', ...Array.from({ length: 33 }, (_, i) => `k${i}`));
  lab.say('DEL', ...Array.from({ length: 31 }, (_, i) => `k${i}`));
  const [whole, many, long] = shown(lab) as string[][];
  assert.is(whole!.length, 32);
  assert.is(whole![31], 'k30');
  assert.is(many!.length, 32);
  assert.equal(many!.slice(30), ['k29', '... (3 more arguments)']);
  assert.equal(long, ['GET', `${'A'.repeat(128)}... (1 more bytes)`]);
  end(lab);
});

test('an entry says when, how long in microseconds, and for whom', async () => {
  const lab = heedingLab();
  lab.client.name = 'app';
  lab.say('CONFIG', 'SET', 'slowlog-log-slower-than', '2000000');
  const asked = lab.asking('GET', 'users:1');
  lab.clock.advance(1999);
  lab.say('GET', 'quick');
  lab.clock.advance(1);
  lab.loader.open[0]!.answer('Ann');
  assert.is(await asked, 'Ann');
  const [newest] = lab.say('SLOWLOG', 'GET', '1') as Said[][];
  const atSeconds = Math.floor(lab.clock.now() / 1000);
  assert.equal(newest!.slice(1), [atSeconds, 2_000_000, ['GET', 'users:1'], '', 'app']);
  end(lab);
});

test('of a transaction its commands are told, and not that they were executed', () => {
  const lab = heedingLab();
  lab.say('MULTI');
  lab.say('SET', 'k', 'v');
  lab.say('EXEC');
  assert.equal(shown(lab).slice(0, 2), [['SET', 'k', '(redacted)'], ['MULTI']]);
  end(lab);
});

test('so many are kept as was asked for, and what they take is charged', () => {
  const lab = heedingLab();
  lab.say('CONFIG', 'SET', 'slowlog-max-len', '3');
  for (let i = 0; i < 10; i++) lab.say('GET', `k${i}`);
  assert.is(lab.say('SLOWLOG', 'LEN'), 3);
  assert.ok(lab.roomUsed > 0);
  assert.equal(
    (lab.say('SLOWLOG', 'GET', '-1') as Said[][]).map(([id]) => id),
    [12, 11, 10],
  );
  assert.is((lab.say('SLOWLOG', 'GET', '0') as Said[]).length, 0);
  lab.say('CONFIG', 'SET', 'slowlog-max-len', '1');
  assert.is((lab.say('SLOWLOG', 'GET') as Said[]).length, 1);
  lab.say('CONFIG', 'SET', 'slowlog-max-len', '0');
  lab.say('GET', 'k');
  assert.is(lab.say('SLOWLOG', 'LEN'), 0);
  lab.end();
});

test('where there is no memory it keeps nothing', () => {
  const lab = new CommandLab({ roomBytes: 100 });
  lab.say('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  assert.is(lab.say('SLOWLOG', 'LEN'), 0);
  lab.end();
});

test.run();
