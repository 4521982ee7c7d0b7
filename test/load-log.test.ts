import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LoadError } from '../src/errors.ts';
import { LoadLog } from '../src/load-log.ts';
import { Log } from '../src/log.ts';

const test = suite('load log');

function listening(more: { isSaidElsewhere?: boolean } = {}): {
  log: LoadLog;
  lines: Record<string, unknown>[];
  pass(ms: number): void;
} {
  const lines: Record<string, unknown>[] = [];
  let nowMs = 0;
  const log = new LoadLog({
    log: new Log((line) => lines.push(JSON.parse(line)), 'info'),
    cache: 'users',
    now: () => nowMs,
    nameKey: () => 'a1b2c3d4',
    ...more,
  });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { log, lines, pass };
}

const refused = new LoadError('load_failed', 'http://127.0.0.1:8080: connection refused');

test('the first failure is said with its reason, and the key as it is to be named', () => {
  const { log, lines } = listening();
  log.failed(refused, Buffer.from('secret-key'), 1);
  assert.is(lines.length, 1);
  assert.is(lines[0]!.reason, refused.message);
  assert.is(lines[0]!.key, 'a1b2c3d4');
  assert.not.match(JSON.stringify(lines), 'secret-key');
});

test('what somebody else says already is not said again', () => {
  const { log, lines } = listening({ isSaidElsewhere: true });
  log.failed(refused, Buffer.from('k'), 1);
  log.recovered(1);
  assert.equal(lines, []);
});

test('while loads keep failing there is one line a minute, with how many were not said', () => {
  const { log, lines, pass } = listening();
  for (let i = 0; i < 1000; i++) log.failed(refused, Buffer.from('k'), i + 1);
  assert.is(lines.length, 1);
  pass(60_000);
  log.failed(refused, Buffer.from('k'), 1001);
  assert.is(lines.length, 2);
  assert.is(lines[1]!.failures_unlogged, 999);
});

test('that loads succeed again is said once, and only where it was said that they fail', () => {
  const { log, lines } = listening();
  log.recovered(3);
  assert.is(lines.length, 0);
  log.failed(refused, Buffer.from('k'), 1);
  log.recovered(1);
  log.recovered(1);
  assert.equal(
    lines.map(({ message }) => message),
    ['a load failed', 'loads succeed again'],
  );
});

test('an origin that fails every other load does not flood the log, and the log does not end with good news', () => {
  const { log, lines } = listening();
  for (let i = 0; i < 1000; i++) {
    log.failed(refused, Buffer.from('k'), 1);
    log.recovered(1);
  }
  assert.is(lines.length, 11);
  assert.is(lines.at(-1)!.message, 'a load failed');
});

test('a failure soon after loads succeeded again is said', () => {
  const { log, lines } = listening();
  log.failed(refused, Buffer.from('k'), 1);
  log.recovered(1);
  log.failed(refused, Buffer.from('k'), 1);
  assert.is(lines.length, 3);
});

test('another reason is said at once', () => {
  const { log, lines } = listening();
  log.failed(refused, Buffer.from('k'), 1);
  log.failed(new LoadError('load_timeout', 'http://127.0.0.1:8080 did not answer'), Buffer.from('k'), 2);
  assert.is(lines.length, 2);
});

test('why an answer is not stored is said once for each reason', () => {
  const { log, lines } = listening();
  for (const why of ['no-store', 'no-store', 'vary', 'no-store']) log.unstorable(why);
  assert.equal(
    lines.map(({ why }) => why),
    ['no-store', 'vary'],
  );
});

test.run();
