// Who belongs to the fleet, and on what evidence one is taken for gone.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Members, parseList } from '../../src/fleet/members.ts';
import { identityOf } from './peers.ts';

const SYNC_MS = 5000;

const test = suite('members');

test('two incarnations of one index are two members', () => {
  const members = new Members(identityOf('self'));
  members.add(identityOf('one', { index: '2' }), 'index:2', 0, 0);
  members.add(identityOf('two', { index: '2' }), 'index:2', 0, 0);
  assert.equal([members.size, members.highestIndex], [2, 2]);
});

test('one is no member of its own list', () => {
  const members = new Members(identityOf('self'));
  assert.is(members.add(identityOf('self'), undefined, 0, 0), undefined);
});

test('one who is unheard for six intervals is silent, and not a moment earlier', () => {
  const members = new Members(identityOf('self'));
  const member = members.add(identityOf('one'), 'p', 0, 0)!;
  assert.equal(members.silent(6 * SYNC_MS - 1, SYNC_MS), []);
  assert.equal(members.silent(6 * SYNC_MS, SYNC_MS), [member]);
});

test('one who is unlisted and unheard for 20 s is silent; unlisted alone, or shorter, is not enough', () => {
  const members = new Members(identityOf('self'));
  const member = members.add(identityOf('one'), 'p', 0, 0)!;
  member.unlistedSinceMs = 0;
  assert.equal(members.silent(19_999, SYNC_MS), []);
  assert.equal(members.silent(20_000, SYNC_MS), [member]);
  member.heardAtMs = 5000;
  assert.equal(members.silent(20_000, SYNC_MS), []);
  member.heardAtMs = 0;
  member.unlistedSinceMs = 1000;
  assert.equal(members.silent(20_000, SYNC_MS), []);
});

test('who left for good does not come back', () => {
  const members = new Members(identityOf('self'));
  members.remove(members.add(identityOf('one'), 'p', 0, 0)!, 100, true);
  assert.is(members.add(identityOf('one'), 'p', 200, 0), undefined);
  assert.not(members.mayBelong(identityOf('one').incarnation, 1e9));
});

test('who never was a member and said farewell does not become one', () => {
  const members = new Members(identityOf('self'));
  members.bar(identityOf('one').incarnation, 0);
  assert.is(members.add(identityOf('one'), 'p', 200, 0), undefined);
});

test('one who fell silent belongs again if it was heard since, and not because another still lists it', () => {
  const members = new Members(identityOf('self'));
  const { incarnation } = identityOf('one');
  members.remove(members.add(identityOf('one'), 'p', 1000, 0)!, 40_000, false);
  assert.not(members.mayBelong(incarnation, 1000));
  assert.not(members.mayBelong(incarnation, 3000));
  assert.ok(members.mayBelong(incarnation, 20_000));
  assert.equal([...members.formerPlaces], ['p']);
  assert.ok(members.add(identityOf('one'), 'p', 41_000, 0));
  assert.equal([...members.formerPlaces], []);
});

test('farewells are forgotten after ten minutes, and there are never more than fit', () => {
  const members = new Members(identityOf('self'));
  members.bar('first000', 0);
  members.bar('second00', 600_000);
  assert.equal([members.hasLeft('first000'), members.hasLeft('second00')], [false, true]);
  for (let i = 0; i < 10_500; i++) members.bar(`number${i}`, 600_001);
  assert.not(members.hasLeft('number0'));
  assert.ok(members.hasLeft('number10499'));
});

test('those who know the same fleet have the same hash, whoever they are', () => {
  const [one, two] = [new Members(identityOf('one')), new Members(identityOf('two'))];
  assert.is.not(one.hash, two.hash);
  one.add(identityOf('two'), undefined, 0, 0);
  two.add(identityOf('one'), undefined, 0, 0);
  assert.is(one.hash, two.hash);
  two.remove(two.get(identityOf('one').incarnation)!, 0, true);
  assert.is.not(one.hash, two.hash);
});

test('a list says for how long each was not heard, and is read as it was said', () => {
  const members = new Members(identityOf('self'));
  members.add(identityOf('one', { index: '7' }), 'index:7', 1000, 0);
  const [line] = parseList(JSON.parse(JSON.stringify(members.list(3500))));
  assert.equal(line, { identity: identityOf('one', { index: '7' }), place: 'index:7', unheardMs: 2500 });
});

test('lines that are none are left out', () => {
  const right = wireLine();
  const wrong = [
    null,
    7,
    'x',
    {},
    { ...right, incarnation: 'A!' },
    { ...right, unheard_ms: -1 },
    { ...right, unheard_ms: 'x' },
  ];
  assert.equal(parseList([...wrong, right]).length, 1);
  assert.equal(parseList({ length: 1 }), []);
});

test('what was confirmed by all is the least of them', () => {
  const members = new Members(identityOf('self'));
  assert.is(members.leastConfirmed(9), 9);
  members.add(identityOf('one'), 'p', 0, 5);
  members.add(identityOf('two'), 'p', 0, 3);
  assert.is(members.leastConfirmed(9), 3);
});

function wireLine(): Record<string, unknown> {
  const members = new Members(identityOf('self'));
  members.add(identityOf('one'), 'p', 0, 0);
  return members.list(0)[0] as Record<string, unknown>;
}

test.run();
