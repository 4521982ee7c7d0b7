// Promise 2 under a seeded scheduler: an origin that changes, callers who tell the cache, and readers, interleaved at
// random down to the microtask. Nobody who asks after a change that was told may be given a version from before it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestError } from '../../src/errors.ts';
import { type SeededRandom, seededRandom } from '../store/seeded-random.ts';
import { Lab, type Reading } from './cache-lab.ts';
import { settled } from './fake-clock.ts';
import type { Call } from './scripted-loader.ts';

/** More than enough to find what was ever broken; for a night's run set SIMULATION_SEEDS. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 500);
const KEYS = ['a1', 'a2', 'b1', 'b2', ''];

interface Asked {
  readonly key: string;
  readonly reading: Reading;
  /** No older version than this may come as fresh, and none older than that even as stale. */
  readonly freshFrom: number;
  readonly staleFrom: number;
}

interface Truth {
  version: number;
  /** The version at the last change that was told as a refresh, and at the last told as anything else. */
  refreshedAt: number;
  invalidatedAt: number;
}

class Simulation {
  readonly random: SeededRandom;
  readonly lab: Lab;
  readonly truth = new Map<string, Truth>();
  readonly asked: Asked[] = [];
  /** What the origin says to each load: as it was at some moment after the load began. */
  readonly snapshots = new Map<Call, number>();
  served = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    const { random } = this;
    this.lab = new Lab({
      random,
      times: {
        refreshMs: random.percent(80) ? 1000 : undefined,
        refreshAhead: random.percent(40),
        expiryMs: random.percent(40) ? 3000 : undefined,
        ttlMs: random.percent(40) ? 5000 : undefined,
        negativeMs: random.percent(60) ? 2000 : undefined,
        retryMs: 100,
      },
      settings: {
        concurrency: 1 + random.below(4),
        queue: random.below(6),
        softTimeoutMs: random.percent(50) ? 200 : undefined,
      },
      shareBytes: random.percent(30) ? 1500 : undefined,
    });
    for (const key of KEYS) this.truth.set(key, { version: 1, refreshedAt: 0, invalidatedAt: 0 });
  }

  async run(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      this.step();
      for (let left = this.random.below(4); left > 0; left--) await null;
    }
    await this.end();
  }

  step(): void {
    const chance = this.random() * 100;
    if (chance < 40) this.read(this.random.pick(KEYS));
    else if (chance < 60) this.originAnswers();
    else if (chance < 65) this.originReads();
    else if (chance < 80) this.change(this.random.pick(KEYS));
    else if (chance < 85) this.lab.clock.advance(this.random.below(this.random.percent(20) ? 3000 : 300));
    else if (chance < 88) this.tellOfNothing();
    else this.check();
  }

  read(key: string): void {
    const { refreshedAt, invalidatedAt } = this.truth.get(key)!;
    const freshFrom = Math.max(refreshedAt, invalidatedAt);
    this.asked.push({ key, reading: this.lab.read(key), freshFrom, staleFrom: invalidatedAt });
  }

  check(): void {
    for (const asked of this.asked.splice(0)) {
      if (asked.reading.result === 'waiting') this.asked.push(asked);
      else this.judge(asked);
    }
  }

  judge({ key, reading, freshFrom, staleFrom }: Asked): void {
    const { result, text, answers } = reading;
    assert.ok(answers <= 1, 'answered once');
    if (result === 'error' || result === 'refused') return;
    this.served++;
    const from = result === 'stale' || result === 'negative' ? staleFrom : freshFrom;
    if (result === 'absent' || result === 'negative') {
      const { version } = this.truth.get(key)!;
      let isAbsentIn = false;
      for (let v = Math.max(1, from); v <= version; v++) isAbsentIn ||= isAbsent(key, v);
      assert.ok(isAbsentIn, `${result}: ${key} was there in every version since ${from}`);
      return;
    }
    const [ofKey, version] = text!.split(':');
    assert.is(ofKey, key);
    assert.ok(Number(version) >= from, `${result}: ${key} in version ${version}, asked for after ${from}`);
  }

  /** The origin changes, and the cache is told in one of the ways that concern what it may hold. */
  change(key: string): void {
    const truth = this.truth.get(key)!;
    const tags = this.tagsOfAllHeld(key, truth);
    truth.version++;
    const isRefresh = this.random.percent(40);
    const kind = isRefresh ? 'refresh' : 'invalidate';
    const chance = this.random() * 100;
    if (chance < 15 && this.write(key, truth)) {
      truth.invalidatedAt = truth.version;
      return;
    }
    if (chance < 35) this.lab.apply(kind, { keys: [key] });
    else if (chance < 70 && tags.length > 0) this.lab.apply(kind, { tags: [this.random.pick(tags)] });
    else if (chance < 85 && key !== '') this.lab.apply(kind, { prefixes: [key[0]!] });
    else this.lab.apply(kind);
    if (isRefresh) truth.refreshedAt = truth.version;
    else truth.invalidatedAt = truth.version;
  }

  /** After a refresh older versions may still be served as stale: a tag that they lack does not concern them. */
  tagsOfAllHeld(key: string, { version, invalidatedAt }: Truth): string[] {
    let tags = tagsOf(key, version);
    for (let v = Math.max(1, invalidatedAt); v < version; v++) {
      const others = tagsOf(key, v);
      tags = tags.filter((tag) => others.includes(tag));
    }
    return tags;
  }

  write(key: string, truth: Truth): boolean {
    if (isAbsent(key, truth.version)) return false;
    this.lab.write(textOf(key, truth.version), { key, tags: tagsOf(key, truth.version) });
    return true;
  }

  /** Calls about what did not change: they may cost loads, and nothing else. */
  tellOfNothing(): void {
    const kind = this.random.percent(50) ? 'refresh' : 'invalidate';
    if (this.random.percent(50)) this.lab.apply(kind, { tags: [`t${this.random.below(4)}`] });
    else this.lab.apply(kind, { keys: [this.random.pick(KEYS)] });
  }

  /** The origin looks into its data for one of its loads; what it sees then is what it will answer. */
  originReads(): void {
    const { open } = this.lab.loader;
    if (open.length > 0) this.snapshot(this.random.pick(open));
  }

  snapshot(call: Call): number {
    const version = this.snapshots.get(call) ?? this.truth.get(call.key)!.version;
    this.snapshots.set(call, version);
    return version;
  }

  originAnswers(): void {
    const { open } = this.lab.loader;
    if (open.length === 0) return;
    // Of all the moments at which it may have looked, the earliest is the worst.
    for (const call of open) if (this.random.percent(70)) this.snapshot(call);
    const call = this.random.pick(open);
    if (this.random.percent(15)) call.fail();
    else this.respond(call);
  }

  respond(call: Call): void {
    const version = this.snapshot(call);
    if (isAbsent(call.key, version)) {
      call.absent();
      return;
    }
    const etag = `"${version}"`;
    const tags = tagsOf(call.key, version);
    const terms = this.random.percent(30)
      ? { freshMs: 300, staleWhileRevalidateMs: 100, staleIfErrorMs: 1000 }
      : { unstorable: this.random.percent(5) ? 'no-store' : undefined };
    if (call.etag === etag) call.notModified({ tags: this.random.percent(50) ? tags : undefined, terms });
    else if (call.request.sink) call.answer(textOf(call.key, version), { tags, etag, terms });
  }

  /** All comes to rest: nobody waits, nothing is held, and everybody is given the last version. */
  async end(): Promise<void> {
    for (let i = 0; i < 100 && (i < 5 || this.lab.loader.open.length > 0); i++) {
      for (const call of this.lab.loader.open) this.respond(call);
      await settled();
    }
    this.lab.apply('invalidate');
    for (const key of KEYS) this.truth.get(key)!.invalidatedAt = this.truth.get(key)!.version;
    await this.lab.clock.pass(10_000);
    for (const key of KEYS) {
      this.read(key);
      for (const call of this.lab.loader.open) this.respond(call);
      await settled();
    }
    this.check();
    assert.is(this.asked.length, 0, 'somebody still waits');
    await this.lab.end();
  }
}

function textOf(key: string, version: number): string {
  return `${key}:${version}:${'x'.repeat((version * 97) % 400)}`;
}

function isAbsent(key: string, version: number): boolean {
  return (version * 31 + key.length * 7 + key.charCodeAt(0)) % 7 === 0;
}

function tagsOf(key: string, version: number): string[] {
  if (isAbsent(key, version)) return [];
  const mixed = version * 13 + key.length + (key.charCodeAt(1) || 0);
  return [`t${mixed % 4}`, `t${(mixed >> 2) % 4}`].slice(0, mixed % 3);
}

const test = suite('the fence in simulation');

test('nobody who asks after a change is given what was before it, however all is interleaved', async () => {
  let served = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const simulation = new Simulation(seed);
    try {
      await simulation.run(200);
    } catch (error) {
      assert.unreachable(`seed ${seed}: ${(error as Error).message}`);
    }
    served += simulation.served;
  }
  assert.ok(served > SEEDS * 30, `${served} reads were judged`);
});

test('a client that fills under leases never stores what was before a change', async () => {
  let filled = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const lab = new Lab({ withoutLoader: true, times: { refreshMs: 1000 } });
    const truth = new Map(KEYS.map((key) => [key, { version: 1 }]));
    const fills: { key: string; version: number; lease: number }[] = [];
    for (let i = 0; i < 150; i++) {
      const key = random.pick(KEYS);
      const current = truth.get(key)!;
      if (random.percent(40)) {
        const reading = lab.read(key);
        if (reading.text !== undefined) assert.is(reading.text, textOf(key, current.version), `seed ${seed}`);
        // It looks at the origin any time after it was given the lease.
        else fills.push({ key, lease: lab.cache.lease, version: current.version });
      } else if (random.percent(50) && fills.length > 0) {
        const [fill] = fills.splice(random.below(fills.length), 1);
        const tags = tagsOf(fill!.key, fill!.version);
        try {
          lab.write(textOf(fill!.key, fill!.version), { key: fill!.key, tags, lease: fill!.lease });
          filled++;
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
        }
      } else {
        const tags = tagsOf(key, current.version);
        current.version++;
        const chance = random() * 100;
        if (chance < 40 && tags.length > 0) lab.apply('invalidate', { tags: [random.pick(tags)] });
        else if (chance < 60) lab.apply('invalidate', { keys: [key] });
        else if (chance < 70) lab.cache.invalidateKey(Buffer.from(key));
        else if (chance < 80)
          lab.write(textOf(key, current.version), { key, tags: tagsOf(key, current.version) });
        else if (chance < 90 && key !== '') lab.apply('invalidate', { prefixes: [key[0]!] });
        else lab.apply('invalidate');
      }
    }
    await lab.end();
  }
  assert.ok(filled > SEEDS * 3, `${filled} fills were stored`);
});

test.run();
