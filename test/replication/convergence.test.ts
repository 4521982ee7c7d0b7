// Whatever becomes of messages, replicas that were all asked in the end hold the same, and it is what a plain model says.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Going } from '../../src/replication/replica.ts';
import { isLater, type Stamp } from '../../src/replication/stamp.ts';
import { ReplicaLab } from './replica-lab.ts';

const KEYS = ['a/1', 'b/1'];
const TAGS = ['red', 'blue'];
const INCARNATIONS = ['incarnation-0', 'incarnation-1', 'incarnation-2'];

/** Many are made. */
const SMALL = { store: { memoryBytes: 256 << 10, maxValueBytes: 4096 } };

type Step =
  | { what: 'write'; at: number; key: string; tags: string[]; livesMs: number | undefined }
  | { what: 'delete'; at: number; key: string }
  | { what: 'call'; at: number; going: Partial<Going> }
  | { what: 'deliver'; which: number; keep: boolean }
  | { what: 'lose'; which: number }
  | { what: 'transfer'; at: number; from: number }
  | { what: 'pass'; ms: number };

interface Message {
  readonly to: number;
  readonly deliver: () => void;
}

const place = fc.nat(2);
const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('write' as const),
      at: place,
      key,
      tags: fc.subarray(TAGS),
      livesMs: fc.option(fc.integer({ min: 1, max: 5000 }), { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), at: place, key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('call' as const),
      at: place,
      going: fc.oneof(
        { weight: 6, arbitrary: fc.record({ tags: fc.subarray(TAGS, { minLength: 1 }) }) },
        {
          weight: 1,
          arbitrary: fc.constantFrom({ prefixes: [Buffer.from('a/')] }, { prefixes: [Buffer.from('b')] }),
        },
        { weight: 1, arbitrary: key.map((one) => ({ keys: [Buffer.from(one)] })) },
        { weight: 1, arbitrary: fc.constant({}) },
      ),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('deliver' as const), which: fc.nat(), keep: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('lose' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('transfer' as const), at: place, from: place }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
  },
);

/** What was ever done, as a plain list. */
class Model {
  readonly #ofKeys: { key: string; stamp: Stamp; value?: string; tags?: string[]; endAtMs?: number }[] = [];
  readonly #calls: { going: Going; stamp: Stamp }[] = [];

  wrote(name: string, stamp: Stamp, value?: string, tags?: string[], endAtMs?: number): void {
    const more = { ...(value !== undefined && { value }), ...(tags && { tags }) };
    this.#ofKeys.push({ key: name, stamp, ...more, ...(endAtMs !== undefined && { endAtMs }) });
  }

  called(going: Going, stamp: Stamp): void {
    this.#calls.push({ going, stamp });
  }

  read(name: string, nowMs: number): string | undefined {
    const [last] = this.#ofKeys
      .filter((one) => one.key === name)
      .sort((one, other) => (isLater(one.stamp, other.stamp) ? -1 : 1));
    if (last?.value === undefined || (last.endAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) return undefined;
    const isGone = this.#calls.some(({ going: { keys, tags, prefixes }, stamp }) => {
      if (isLater(last.stamp, stamp)) return false;
      if (keys.length + tags.length + prefixes.length === 0) return true;
      if (keys.some((one) => one.toString() === name)) return true;
      if (prefixes.some((prefix) => name.startsWith(prefix.toString()))) return true;
      return tags.some((tag) => last.tags?.includes(tag));
    });
    return isGone ? undefined : last.value;
  }
}

class Run {
  readonly all = INCARNATIONS.map((incarnation) => new ReplicaLab(incarnation, SMALL));
  readonly model = new Model();
  readonly messages: Message[] = [];
  #writes = 0;

  step(one: Step): void {
    if (one.what === 'write') this.#write(one.at, one.key, one.tags, one.livesMs);
    else if (one.what === 'delete') {
      this.model.wrote(one.key, this.all[one.at]!.remove(one.key));
      this.#tell(one.at, one.key);
    } else if (one.what === 'call') this.#call(one.at, one.going);
    else if (one.what === 'transfer') {
      if (one.at !== one.from) this.all[one.at]!.takeAllFrom(this.all[one.from]!);
    } else if (one.what === 'pass') for (const { lab } of this.all) lab.clock.advance(one.ms);
    else if (this.messages.length > 0) {
      const at = one.which % this.messages.length;
      if (one.what === 'deliver') this.messages[at]!.deliver();
      if (one.what === 'lose' || !one.keep) this.messages.splice(at, 1);
    }
  }

  /** What was lost is had by asking: each asks each, until nobody can have anything new. */
  heal(): void {
    for (let round = 0; round < 2; round++) {
      for (const one of this.all) for (const other of this.all) if (one !== other) one.takeAllFrom(other);
    }
  }

  check(): void {
    const nowMs = this.all[0]!.lab.clock.now();
    for (const name of KEYS) {
      const expected = this.model.read(name, nowMs);
      const held = this.all.map((one) => one.read(name));
      assert.equal(held, [expected, expected, expected], name);
    }
  }

  #write(at: number, name: string, tags: string[], livesMs: number | undefined): void {
    const value = `value ${++this.#writes} of ${at}`;
    const { lab } = this.all[at]!;
    const endAtMs = livesMs === undefined ? undefined : lab.clock.now() + livesMs;
    const stamp = this.all[at]!.write(name, value, { tags, ...(endAtMs !== undefined && { endAtMs }) });
    this.model.wrote(name, stamp, value, tags, endAtMs);
    this.#tell(at, name);
  }

  #call(at: number, given: Partial<Going>): void {
    const { going, stamp } = this.all[at]!.call(given);
    this.model.called(going, stamp);
    for (const to of [0, 1, 2]) {
      if (to === at) continue;
      const deliver = (): void => {
        const [ms, count] = stamp;
        this.all[to]!.replicas.invalidated('kept', going, [ms, count], INCARNATIONS[at]!);
      };
      this.messages.push({ to, deliver });
    }
  }

  /** What is told is what is there when it is told, or, of a repeated message, what was there before. */
  #tell(at: number, name: string): void {
    const before = this.all[at]!.copyOf(name);
    for (const to of [0, 1, 2]) {
      if (to === at) continue;
      let isFirst = true;
      const deliver = (): void => {
        const copy = isFirst ? this.all[at]!.copyOf(name) : before;
        isFirst = false;
        if (copy) this.all[to]!.take(copy);
      };
      this.messages.push({ to, deliver });
    }
  }
}

const test = suite('convergence of replicas');

test('replicas hold what a plain model says, whatever was lost, doubled, late or told again', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 40 }), (steps) => {
      const run = new Run();
      for (const one of steps) run.step(one);
      run.heal();
      run.check();
      // What was on its way all the while comes at last, and changes nothing.
      for (const { deliver } of run.messages) deliver();
      run.check();
    }),
    { numRuns: 150 },
  );
});

test.run();
