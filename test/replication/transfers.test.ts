// What an instance fetches: all of a cache when it joins, what was missed, and what could not be had at first.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Outcome } from '../../src/fleet/link.ts';
import { type Member, newMember } from '../../src/fleet/member.ts';
import { Log } from '../../src/log.ts';
import { Transfers } from '../../src/replication/transfers.ts';
import { settled } from '../cache/fake-clock.ts';
import { identityOf } from '../fleet/peers.ts';
import { ReplicaLab, type ReplicaLabOptions } from './replica-lab.ts';

const SYNC_MS = 5000;
const SELF = 'b-self00';
const LARGE = { store: { maxValueBytes: 1 << 20 } };

/** An instance that fetches, and others that answer as they are told. */
class Fetching {
  readonly own: ReplicaLab;
  readonly others = new Map<string, ReplicaLab>();
  readonly members: Member[] = [];
  readonly log: string[] = [];
  /** Who does not answer, and who is a daemon that does not copy. */
  readonly down = new Set<string>();
  readonly before = new Set<string>();
  /** What was applied there, of each origin. */
  readonly vectors = new Map<string, Record<string, number>>();
  readonly asked: { to: string; asked: Record<string, unknown> }[] = [];
  vector: Record<string, number> = {};
  /** Answers so many more questions. */
  answers = Number.POSITIVE_INFINITY;
  chargedBytes = 0;
  mostChargedBytes = 0;
  readonly transfers: Transfers;

  constructor(options: ReplicaLabOptions = {}) {
    this.own = new ReplicaLab(SELF, options);
    this.own.replicas.begin();
    this.transfers = new Transfers({
      ...{ replicas: this.own.replicas, clock: this.own.lab.clock, self: SELF, syncMs: SYNC_MS },
      members: () => this.members,
      ask: async (member, asked) => this.#answer(member, asked as Record<string, unknown>),
      vector: () => this.vector,
      mostBytes: 1 << 20,
      charge: (bytes) => {
        this.chargedBytes += bytes;
        this.mostChargedBytes = Math.max(this.mostChargedBytes, this.chargedBytes);
        return true;
      },
      release: (bytes) => {
        this.chargedBytes -= bytes;
      },
      log: new Log((line) => this.log.push(line), 'warn'),
    });
  }

  add(incarnation: string, options: ReplicaLabOptions = {}): ReplicaLab {
    const other = new ReplicaLab(incarnation, options);
    this.others.set(incarnation, other);
    const identity = { ...identityOf(incarnation), incarnation };
    this.members.push(newMember(identity, `index:${this.members.length}`, this.own.lab.clock.now(), 0));
    return other;
  }

  remove(incarnation: string, saidFarewell = false): void {
    const at = this.members.findIndex(({ identity }) => identity.incarnation === incarnation);
    const [member] = this.members.splice(at, 1);
    this.transfers.gone(member!, saidFarewell);
  }

  get isComplete(): boolean {
    return this.own.replicas.incomplete.length === 0;
  }

  /** `pass` lets what was promised be done after each timer. */
  async pass(ms: number): Promise<void> {
    await this.own.lab.clock.pass(ms);
    for (let i = 0; i < 20; i++) await settled();
  }

  #answer({ identity: { incarnation } }: Member, asked: Record<string, unknown>): Outcome {
    this.asked.push({ to: incarnation, asked });
    if (this.before.has(incarnation)) return { result: 'refused', why: '404' };
    if (this.down.has(incarnation) || this.answers-- <= 0) return { result: 'unreachable', why: 'down' };
    const answer = this.others.get(incarnation)!.answer(asked);
    const vector = asked.after === 0 && { vector: this.vectors.get(incarnation) ?? {} };
    return { result: 'answered', from: identityOf(incarnation), body: { ...answer, ...vector } };
  }
}

const test = suite('transfers');

test('who joins takes all from one who has it, and is complete then', async () => {
  const one = new Fetching();
  const other = one.add('a-other0');
  for (let i = 0; i < 50; i++) other.write(`key ${i}`, `${i} `.repeat(5000));
  other.remove('key 7');
  const joined = one.transfers.join();
  assert.not(one.isComplete);
  await one.pass(0);
  await joined;
  assert.ok(one.isComplete);
  for (let i = 0; i < 50; i++) assert.is(one.own.read(`key ${i}`), other.read(`key ${i}`));
  assert.is(one.chargedBytes, 0);
  assert.ok(one.mostChargedBytes > 0);
});

test('who is alone, or only finds daemons that do not copy, begins at once', async () => {
  const alone = new Fetching();
  await alone.transfers.join();
  assert.ok(alone.isComplete);
  const one = new Fetching();
  one.add('a-before');
  one.before.add('a-before');
  await one.transfers.join();
  assert.ok(one.isComplete);
});

test('of those who all have not got everything the first one begins, and the others wait for it', async () => {
  const first = new Fetching();
  first.add('z-other0').replicas.begin();
  await first.transfers.join();
  assert.ok(first.isComplete);
  const second = new Fetching();
  const other = second.add('a-other0');
  other.replicas.begin();
  other.write('written', 'x');
  void second.transfers.join();
  await second.pass(1000);
  assert.not(second.isComplete);
  other.replicas.complete('kept');
  await second.pass(300);
  assert.ok(second.isComplete);
  assert.is(second.own.read('written'), 'x');
});

test('what was read before it covered what is known here does not count: it is asked again', async () => {
  const one = new Fetching();
  const other = one.add('a-other0');
  one.vector = { 'c-third0': 5, [SELF]: 9 };
  one.vectors.set('a-other0', { 'c-third0': 4 });
  void one.transfers.join();
  await one.pass(500);
  assert.not(one.isComplete);
  other.write('late', 'x');
  one.vectors.set('a-other0', { 'c-third0': 5 });
  await one.pass(300);
  assert.ok(one.isComplete);
  assert.is(one.own.read('late'), 'x');
});

test('one that does not answer is waited for, ten seconds at most; then it is said, and asked on', async () => {
  const one = new Fetching();
  const other = one.add('a-other0');
  other.write('key', 'x');
  one.down.add('a-other0');
  void one.transfers.join();
  await one.pass(9900);
  assert.not(one.isComplete);
  await one.pass(200);
  assert.ok(one.isComplete);
  assert.is(one.log.length, 1);
  assert.match(one.log[0]!, /may lack entries.*kept/);
  one.down.clear();
  await one.pass(SYNC_MS);
  assert.is(one.own.read('key'), 'x');
});

test('one that is still fetching does not count as who has all, while there is another to be asked', async () => {
  const one = new Fetching();
  const behind = one.add('a-other0');
  const other = one.add('c-other0');
  other.write('key', 'x');
  behind.replicas.fetcher = {
    fetch: async () => true,
    fetchAll: async () => true,
    isBehind: () => true,
    isLacking: () => false,
    later: () => {},
  };
  one.down.add('c-other0');
  void one.transfers.join();
  await one.pass(1000);
  assert.not(one.isComplete);
  one.down.clear();
  await one.pass(300);
  assert.ok(one.isComplete);
  assert.is(one.own.read('key'), 'x');
});

test('what was missed is fetched from who told it, and again until it has answered to the end', async () => {
  const one = new Fetching();
  const other = one.add('a-other0');
  one.add('c-other0').write('elsewhere', 'y');
  for (let i = 0; i < 20; i++) other.write(`key ${i}`, 'x'.repeat(60_000));
  one.answers = 1;
  one.transfers.missed('all', 'a-other0');
  await one.pass(0);
  assert.is(one.own.read('key 19'), undefined);
  assert.ok(one.transfers.isBehind('kept'));
  one.answers = Number.POSITIVE_INFINITY;
  await one.pass(SYNC_MS);
  for (let i = 0; i < 20; i++) assert.is(one.own.read(`key ${i}`)?.length, 60_000);
  assert.is(one.own.read('elsewhere'), undefined);
  assert.not(one.transfers.isBehind('kept'));
});

test('what was missed of one that is a member only in a moment is fetched then', async () => {
  const one = new Fetching();
  one.transfers.missed('all', 'a-other0');
  await one.pass(0);
  one.add('a-other0').write('key', 'x');
  await one.pass(SYNC_MS);
  assert.is(one.own.read('key'), 'x');
});

test('when one goes, the others are asked for what it wrote last, and for what it owed', async () => {
  const one = new Fetching();
  const gone = one.add('a-gone00');
  const other = one.add('c-other0');
  const stamp = gone.write('told some', 'x');
  gone.write('older', 'y');
  other.write('own', 'z');
  one.down.add('a-gone00');
  one.transfers.missed('all', 'a-gone00');
  await one.pass(0);
  other.take(gone.copyOf('told some')!);
  one.asked.length = 0;
  one.remove('a-gone00');
  await one.pass(0);
  assert.is(one.own.read('told some'), 'x');
  assert.is(one.own.read('own'), 'z');
  const filters = one.asked.map(({ asked }) => asked.origin);
  assert.ok(filters.includes(stamp[2]) && filters.includes(undefined));
});

test('who is left alone asks whoever comes next for what those who went may have told it', async () => {
  const one = new Fetching();
  const gone = one.add('a-gone00');
  one.remove('a-gone00');
  await one.pass(20 * SYNC_MS);
  gone.lab.clock.advance(20 * SYNC_MS);
  gone.write('told the new one', 'x');
  const fresh = one.add('e-new000');
  fresh.lab.clock.advance(20 * SYNC_MS);
  fresh.take(gone.copyOf('told the new one')!);
  one.transfers.met(one.members[0]!);
  await one.pass(SYNC_MS);
  assert.is(one.own.read('told the new one'), 'x');
  // That is done then.
  one.add('f-new000');
  one.asked.length = 0;
  one.transfers.met(one.members[1]!);
  await one.pass(SYNC_MS);
  assert.equal(one.asked, []);
});

test('one that said farewell has told what it had to tell: only what it owed is asked for', async () => {
  const one = new Fetching();
  one.add('a-gone00');
  one.add('c-other0').write('key', 'x');
  one.remove('a-gone00', true);
  await one.pass(0);
  assert.equal(one.asked, []);
  one.add('d-gone00');
  one.down.add('d-gone00');
  one.transfers.missed('all', 'd-gone00');
  await one.pass(0);
  one.remove('d-gone00', true);
  await one.pass(0);
  assert.is(one.own.read('key'), 'x');
});

test('one that comes back is asked for what is new since it was heard last', async () => {
  const one = new Fetching();
  const other = one.add('a-other0');
  const [member] = one.members;
  one.remove('a-other0');
  await one.pass(SYNC_MS);
  one.members.push(member!);
  other.write('meanwhile', 'x');
  one.transfers.met(member!);
  await one.pass(SYNC_MS);
  assert.is(one.own.read('meanwhile'), 'x');
  assert.ok(one.asked.some(({ asked }) => typeof asked.since === 'number' && asked.origin === undefined));
});

test('what did not come along with an event is fetched by its key, a long value in pieces', async () => {
  const one = new Fetching(LARGE);
  const other = one.add('a-other0', LARGE);
  const text = 'long '.repeat(150_000);
  other.write('long', text);
  other.write('short', 'x');
  const keys = ['short', 'long', 'nothing'].map((key) => Buffer.from(key));
  assert.is(await one.transfers.fetch('kept', keys, 'a-other0'), true);
  assert.is(one.own.read('long'), text);
  assert.is(one.own.read('short'), 'x');
  assert.is(one.own.lab.store.room.draftBytes, 0);
});

test('a value of which not all pieces came is fetched again, and is not said to be here before', async () => {
  const one = new Fetching(LARGE);
  const other = one.add('a-other0', LARGE);
  other.write('long', 'long '.repeat(150_000));
  one.answers = 2;
  assert.is(await one.transfers.fetch('kept', [Buffer.from('long')], 'a-other0'), false);
  assert.is(one.own.lab.store.room.draftBytes, 0);
  assert.ok(one.transfers.isBehind('kept'));
  one.answers = Number.POSITIVE_INFINITY;
  await one.pass(SYNC_MS);
  assert.is(one.own.read('long')?.length, 750_000);
  assert.not(one.transfers.isBehind('kept'));
});

test('of two who have a value each is asked again: theirs may differ', async () => {
  const one = new Fetching();
  const [first, second] = [one.add('a-other0'), one.add('c-other0')];
  first.write('key', 'older');
  second.lab.clock.advance(5);
  second.write('key', 'later');
  one.answers = 0;
  await one.transfers.fetch('kept', [Buffer.from('key')], 'c-other0');
  await one.transfers.fetch('kept', [Buffer.from('key')], 'a-other0');
  one.answers = Number.POSITIVE_INFINITY;
  await one.pass(SYNC_MS);
  assert.is(one.own.read('key'), 'later');
});

test('what found no room is asked for when there is some, and not before', async () => {
  const one = new Fetching({ shareBytes: 4000 });
  const other = one.add('a-other0');
  one.own.write('there', 'x'.repeat(3000));
  other.write('key', 'y'.repeat(2000));
  one.own.replicas.arrived(
    [
      JSON.parse(
        one.others
          .get('a-other0')!
          .replicas.copies([{ cache: 'kept', keys: [Buffer.from('key')] }], 10_000)[0]!,
      ),
    ],
    'a-other0',
  );
  assert.is(one.own.replicas.refused.full, 1);
  await one.pass(2 * SYNC_MS);
  assert.equal(one.asked, []);
  one.own.remove('there');
  await one.pass(SYNC_MS);
  assert.is(one.own.read('key')?.length, 2000);
});

test('what was refused for a clock that is ahead is asked for again, and taken when the clocks agree', async () => {
  const one = new Fetching();
  const other = one.add('a-other0');
  other.lab.clock.advance(90_000);
  other.write('key', 'x');
  one.own.take(other.copyOf('key')!);
  assert.is(one.own.replicas.refused.ahead, 1);
  await one.pass(12 * SYNC_MS);
  assert.is(one.own.read('key'), 'x');
  assert.is(one.own.replicas.refused.ahead, 1);
  one.asked.length = 0;
  await one.pass(12 * SYNC_MS);
  assert.equal(one.asked, []);
});

test('nothing is asked any more when it is closed', async () => {
  const one = new Fetching();
  one.add('a-other0');
  one.down.add('a-other0');
  one.transfers.missed('all', 'a-other0');
  await one.pass(0);
  one.transfers.close();
  one.asked.length = 0;
  await one.pass(3 * SYNC_MS);
  assert.equal(one.asked, []);
  assert.is(one.own.lab.clock.timers, 0);
});

test('of what was written and is not known any more where it was, what was before it is gone here', async () => {
  const one = new Fetching();
  const other = one.add('a-other0');
  const keys = ['older', 'newer', 'held'].map((key) => Buffer.from(key));
  one.own.write('older', 'x');
  one.own.lab.clock.advance(10);
  const since = [one.own.lab.clock.now(), 0, 1] as const;
  one.own.lab.clock.advance(10);
  one.own.write('newer', 'y');
  other.write('held', 'z');
  assert.is(await one.transfers.fetch('kept', keys, 'a-other0', since), true);
  assert.equal(
    ['older', 'newer', 'held'].map((key) => one.own.read(key)),
    [undefined, 'y', 'z'],
  );
});

test('who began without one that had all asks it for all when it is met, and tells so until it has it', async () => {
  const one = new Fetching();
  await one.transfers.join();
  assert.ok(one.isComplete);
  assert.ok(one.transfers.isLacking('kept'));
  // It was there before, and stood still; one that is younger has nothing that this one lacks.
  const holder = one.add('a-other0');
  one.add('c-young0');
  holder.write('key', 'x');
  for (const member of one.members) one.transfers.met(member);
  await one.pass(SYNC_MS);
  assert.is(one.own.read('key'), 'x');
  assert.not(one.transfers.isLacking('kept'));
  assert.equal([...new Set(one.asked.map(({ to }) => to))], ['a-other0']);
});

test('who began with what one had that lacked something itself asks older ones as well', async () => {
  const one = new Fetching();
  const donor = one.add('c-other0');
  const began = new Fetching();
  await began.transfers.join();
  donor.replicas.fetcher = began.transfers;
  await one.transfers.join();
  assert.ok(one.isComplete);
  assert.ok(one.transfers.isLacking('kept'));
});

test.run();
