// Waiting for the end of a turn is worth an object only where turns are of many pieces.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TurnEnd } from '../../../src/serve/resp/turn-end.ts';

const test = suite('RESP turn end');

function setUp(ended = (): void => {}) {
  const seen = { planned: 0, ended: 0 };
  let atEnd: (() => void)[] = [];
  const turnEnd = new TurnEnd({
    atEndOfTurn: (run) => {
      seen.planned++;
      atEnd.push(run);
    },
    ended: () => {
      seen.ended++;
      ended();
    },
  });
  /** A turn with so many pieces; says how many of them were to wait. */
  const turn = (pieces: number): number => {
    let waiting = 0;
    for (let i = 0; i < pieces; i++) if (turnEnd.isWorthWaiting()) waiting++;
    const runs = atEnd;
    atEnd = [];
    for (const run of runs) run();
    return waiting;
  };
  const turns = (count: number, pieces: number): number => {
    let waiting = 0;
    for (let i = 0; i < count; i++) waiting += turn(pieces);
    return waiting;
  };
  return { seen, turnEnd, turn, turns };
}

test('where turns are of one piece or two nothing waits, and the end of few of them is asked for', () => {
  for (const pieces of [1, 2]) {
    const { seen, turns } = setUp();
    assert.is(turns(1000, pieces), 0);
    assert.ok(seen.planned <= (1000 * pieces) / 16, `${seen.planned} of ${pieces}`);
    assert.ok(seen.planned > 0);
  }
});

test('where they are of many everything waits, after some turns, until they are of few again', () => {
  const { seen, turn, turns } = setUp();
  turns(200, 10);
  assert.is(turn(10), 10);
  const { planned } = seen;
  turns(10, 10);
  assert.is(seen.planned, planned + 10);
  turns(50, 1);
  assert.is(turn(1), 0);
});

test('turns of about as many as it takes do not have it change its mind with each', () => {
  for (const before of [1, 10]) {
    const { turn, turns } = setUp();
    turns(200, before);
    const minds = new Set<boolean>();
    for (let i = 0; i < 200; i++) minds.add(turn(2) > 0 || turn(3) > 0);
    assert.is(minds.size, 1, `after turns of ${before}`);
  }
});

test('what is planned is done once, also where nothing waits, and again where it failed before', () => {
  let fails = true;
  const { seen, turnEnd, turn } = setUp(() => {
    turnEnd.plan();
    if (fails) throw new Error('as nobody foresaw');
  });
  turnEnd.plan();
  turnEnd.plan();
  assert.throws(() => turn(0), /foresaw/);
  fails = false;
  turnEnd.plan();
  turn(0);
  assert.equal(seen, { planned: 2, ended: 2 });
});

test.run();
