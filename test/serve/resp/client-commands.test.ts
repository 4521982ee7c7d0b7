// CLIENT KILL by how long clients are connected, which Redis has since 7.4.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLab } from './command-lab.ts';

const test = suite('CLIENT');

test('KILL MAXAGE means clients that are connected for so long or longer', () => {
  const lab = new CommandLab();
  lab.newClient();
  lab.clock.advance(5000);
  lab.newClient();
  lab.clock.advance(4999);
  assert.is(lab.say('CLIENT', 'KILL', 'MAXAGE', '10'), 0);
  lab.clock.advance(1);
  assert.is(lab.say('CLIENT', 'KILL', 'MAXAGE', '10'), 1);
  assert.is(lab.say('CLIENT', 'KILL', 'MAXAGE', '5'), 2);
  assert.is(lab.say('CLIENT', 'KILL', 'MAXAGE', '5', 'SKIPME', 'no'), 3);
  assert.is(lab.say('CLIENT', 'KILL', 'MAXAGE', 'x'), '-ERR maxage is not an integer or out of range');
  assert.is(lab.say('CLIENT', 'KILL', 'MAXAGE', '0'), '-ERR maxage should be greater than 0');
});

test.run();
