// Places of the fleet where no peer answers: shown at once, said when it stays so, and taken back when it is mended.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Outcome, Transport } from '../../src/fleet/link.ts';
import { Strangers } from '../../src/fleet/strangers.ts';
import { Log } from '../../src/log.ts';
import { FakeClock } from '../cache/fake-clock.ts';

const test = suite('strangers');
const REFUSED: Outcome = { result: 'refused', why: 'b takes nothing of this instance: 401 bad_mac' };
const UNREACHABLE: Outcome = { result: 'unreachable', why: 'b refused the connection' };
const UNLISTED: Outcome = { result: 'unlisted', why: 'the router does not know b' };

function strangersOf(kind: Transport['kind']) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = new Log((line) => lines.push(JSON.parse(line).message), 'info');
  const strangers = new Strangers({ kind } as Transport, clock, log);
  return { clock, lines, strangers, whys: () => strangers.all.map(({ why }) => why) };
}

test('who refuses our token is shown, with what it said', () => {
  const { strangers, whys, lines } = strangersOf('gorouter');
  strangers.asked('b', REFUSED);
  assert.equal(whys(), [REFUSED.why]);
  assert.equal(lines, []);
});

test('it is said once when it stays so for 5 s, and once when it is mended', () => {
  const { strangers, clock, lines, whys } = strangersOf('list');
  for (let i = 0; i < 10; i++) {
    strangers.asked('b', REFUSED);
    clock.advance(1000);
  }
  assert.equal(lines, ['no peer answers at a place of the fleet']);
  strangers.asked('b', { result: 'answered', from: undefined as never, body: {} });
  assert.equal(whys(), []);
  assert.equal(lines, ['no peer answers at a place of the fleet', 'a place of the fleet is in order again']);
});

test('a place that is named and does not answer is missed; an index may just not be taken', () => {
  for (const [kind, expected] of [
    ['list', 1],
    ['dns', 1],
    ['gorouter', 0],
    ['address', 0],
  ] as const) {
    const { strangers } = strangersOf(kind);
    strangers.asked('b', UNREACHABLE);
    strangers.asked('c', UNLISTED);
    assert.is(strangers.all.length, expected, kind);
  }
});

test('no more than a thousand are kept', () => {
  const { strangers } = strangersOf('list');
  for (let i = 0; i < 1100; i++) strangers.asked(`${i}`, REFUSED);
  assert.is(strangers.all.length, 1000);
});

test.run();
