// Promise 2, at every await point: a load or leased fill that began before a change never becomes a fresh entry after
// it, and who asks after the change never joins it.
//
// The origin says 'old' to every load that reached it before the change and 'new' to every one after. Each test takes
// one kind of load and one kind of change, and makes the change at every point of the load's life.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fence, fencedCache } from '../../src/cache/fence.ts';
import type { RequestError } from '../../src/errors.ts';
import { Lab, type LabOptions, type Reading } from './cache-lab.ts';
import { settled } from './fake-clock.ts';
import type { Call } from './scripted-loader.ts';

const test = suite('the fence');

/** Where in its life a load is when the change comes. Each is handed the load, and what makes the change. */
type Point = (scene: Scene, change: () => void) => Promise<void>;

const POINTS: Record<string, Point> = {
  'while it is queued': async (scene, change) => {
    change();
    scene.blocker?.answer('blocker');
    await settled();
  },
  'while its headers are awaited': async (scene, change) => {
    await scene.begin();
    change();
  },
  'between two parts of its body': async (scene, change) => {
    await scene.begin();
    if (!scene.isRevalidation) scene.call.send('o');
    change();
    if (!scene.isRevalidation) scene.call.send('ld');
    scene.respond(scene.call, scene.isRevalidation ? undefined : '');
    await settled();
  },
  'when its promise is resolved and nothing has run since': async (scene, change) => {
    await scene.begin();
    scene.respond(scene.call);
    change();
    await settled();
  },
  'in a microtask just before its promise is resolved': async (scene, change) => {
    await scene.begin();
    queueMicrotask(change);
    scene.respond(scene.call);
    await settled();
  },
  'in the microtask after its promise is resolved': (scene, change) => afterMicrotasks(scene, change, 0),
  'one microtask later': (scene, change) => afterMicrotasks(scene, change, 1),
  'two microtasks later': (scene, change) => afterMicrotasks(scene, change, 2),
  'four microtasks later': (scene, change) => afterMicrotasks(scene, change, 4),
  'right after it landed': async (scene, change) => {
    await scene.begin();
    scene.respond(scene.call);
    await settled();
    change();
  },
};

async function afterMicrotasks(scene: Scene, change: () => void, deep: number): Promise<void> {
  await scene.begin();
  scene.respond(scene.call);
  const later = (left: number): void => queueMicrotask(() => (left === 0 ? change() : later(left - 1)));
  later(deep);
  await settled();
}

interface LoadKind {
  readonly options: LabOptions;
  /** An entry 'old' with the tag t-old is there before. */
  readonly hasEntry: boolean;
  readonly isRevalidation?: boolean;
  /** Makes the load of 'key' start; returns the read that did, where one did. */
  start(lab: Lab): Reading | undefined;
}

const MINUTE = 60_000;

const LOADS: Record<string, LoadKind> = {
  'a cold load': {
    options: {},
    hasEntry: false,
    start: (lab) => lab.read(),
  },
  'a load behind the reader of an old entry': {
    options: { times: { refreshMs: MINUTE } },
    hasEntry: true,
    start: (lab) => {
      lab.clock.advance(MINUTE);
      return lab.read();
    },
  },
  'a load that a reader of an old entry waits for': {
    options: { times: { refreshMs: MINUTE } },
    hasEntry: true,
    start: (lab) => {
      lab.clock.advance(2 * MINUTE);
      return lab.read();
    },
  },
  'a reload ahead of readers': {
    options: { times: { refreshMs: MINUTE, refreshAhead: true } },
    hasEntry: true,
    start: (lab) => {
      lab.read();
      lab.clock.advance(0.86 * MINUTE);
      return undefined;
    },
  },
  'a reload by a refresh call': {
    options: {},
    hasEntry: true,
    start: (lab) => {
      lab.apply('refresh', { keys: ['key'] });
      return undefined;
    },
  },
  'a revalidation that is answered 304': {
    options: { times: { refreshMs: MINUTE } },
    hasEntry: true,
    isRevalidation: true,
    start: (lab) => {
      lab.clock.advance(MINUTE);
      return lab.read();
    },
  },
};

interface ChangeKindRow {
  make(lab: Lab): void;
  /** Only where there was an entry: what it is about is known from nothing else. */
  readonly needsEntry?: boolean;
  readonly isRefresh?: boolean;
  /** An old entry without the tag may be served until the load tells that it has it. */
  readonly isLearntLate?: boolean;
}

const CHANGES: Record<string, ChangeKindRow> = {
  'its key is invalidated': { make: (lab) => void lab.apply('invalidate', { keys: ['key'] }) },
  'the tag of the old entry is invalidated': {
    make: (lab) => void lab.apply('invalidate', { tags: ['t-old'] }),
    needsEntry: true,
  },
  'a tag that only its answer tells is invalidated': {
    make: (lab) => void lab.apply('invalidate', { tags: ['t-answer'] }),
    isLearntLate: true,
  },
  'a prefix of its key is invalidated': { make: (lab) => void lab.apply('invalidate', { prefixes: ['k'] }) },
  'its cache is invalidated': { make: (lab) => void lab.apply('invalidate') },
  'its key is deleted': { make: (lab) => void lab.cache.invalidateKey(Buffer.from('key')) },
  'a client writes it': { make: (lab) => void lab.write('written', { tags: ['t-answer'] }) },
  'its key is refreshed': { make: (lab) => void lab.apply('refresh', { keys: ['key'] }), isRefresh: true },
  'the tag of the old entry is refreshed': {
    make: (lab) => void lab.apply('refresh', { tags: ['t-old'] }),
    needsEntry: true,
    isRefresh: true,
  },
  'a tag that only its answer tells is refreshed': {
    make: (lab) => void lab.apply('refresh', { tags: ['t-answer'] }),
    isRefresh: true,
    isLearntLate: true,
  },
  'a prefix of its key is refreshed': {
    make: (lab) => void lab.apply('refresh', { prefixes: ['ke'] }),
    isRefresh: true,
  },
  'its cache is refreshed': { make: (lab) => void lab.apply('refresh'), isRefresh: true },
};

/** One load under way, with two who wait for it from the start. */
class Scene {
  readonly lab: Lab;
  readonly isRevalidation: boolean;
  readonly before: Reading[] = [];
  blocker: Call | undefined;
  /** Loads that reached the origin before the change; Infinity until there was one. */
  loadsBefore = Number.POSITIVE_INFINITY;
  #call: Call | undefined;

  private constructor(lab: Lab, isRevalidation: boolean) {
    this.lab = lab;
    this.isRevalidation = isRevalidation;
  }

  static async open(kind: LoadKind): Promise<Scene> {
    const settings = { concurrency: 1, queue: 10 };
    const lab = new Lab({ ...kind.options, settings, random: () => 0.5 });
    const scene = new Scene(lab, kind.isRevalidation ?? false);
    if (kind.hasEntry) {
      const etag = kind.isRevalidation ? '"old"' : undefined;
      const terms = kind === LOADS['a load that a reader of an old entry waits for'] ? WAITS : {};
      await lab.loaded('old', { tags: ['t-old'], etag, terms });
    }
    const others = lab.loader.loads;
    lab.read('blocker');
    scene.blocker = lab.loader.calls[others];
    for (const reading of [kind.start(lab), lab.read()]) if (reading) scene.before.push(reading);
    return scene;
  }

  /** The load reaches the origin. */
  async begin(): Promise<void> {
    this.blocker?.answer('blocker');
    await settled();
    this.#call = this.lab.loader.calls.find((call) => call.key === 'key' && !call.isOver);
    assert.ok(this.#call, 'the load began');
  }

  get call(): Call {
    return this.#call!;
  }

  /** As the origin was when the load reached it. `text`: what is left of the body. */
  respond(call: Call, text?: string): void {
    const isNew = this.lab.loader.calls.indexOf(call) >= this.loadsBefore;
    if (call.key !== 'key') call.answer('other');
    else if (isNew) call.answer('new', { tags: ['t-answer'], etag: '"new"' });
    else if (this.isRevalidation && call.etag === '"old"') call.notModified({ tags: ['t-answer'] });
    else call.answer(text ?? 'old', { tags: ['t-answer'] });
  }

  async landAll(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await settled();
      for (const call of this.lab.loader.open) this.respond(call);
    }
    await settled();
    assert.equal(this.lab.loader.open, []);
  }
}

/** Served stale for no time at all: a read waits. */
const WAITS = { freshMs: MINUTE, staleWhileRevalidateMs: 1 };

async function play(kind: LoadKind, change: ChangeKindRow, point: Point, asksAfter: boolean): Promise<void> {
  const scene = await Scene.open(kind);
  const { lab } = scene;
  const after: Reading[] = [];
  const mayBeOld = ({ result }: Reading, isLater: boolean): boolean =>
    change.isLearntLate && kind.hasEntry
      ? result === 'stale' || (result === 'hit' && !isLater)
      : change.isRefresh === true && result === 'stale';
  let isMoot = false;
  await point(scene, () => {
    scene.loadsBefore = lab.loader.loads;
    // Where the load has landed, without the tag, nothing has it any more.
    isMoot =
      change.needsEntry === true && lab.store.taggedSlots(lab.cache.shelf.stored, 't-old').length === 0;
    change.make(lab);
    if (asksAfter) after.push(lab.read(), lab.read());
  });
  await settled();
  if (asksAfter) after.push(lab.read());
  await scene.landAll();
  if (isMoot) return;
  const later = lab.read();
  await scene.landAll();
  for (const reading of scene.before) assert.is(reading.answers + Number(reading.answer === undefined), 1);
  for (const reading of scene.before)
    assert.ok(['old', 'new', 'written'].includes(reading.text!), reading.result);
  for (const reading of [...after, later]) {
    assert.is.not(reading.result, 'waiting');
    if (reading.text === 'old') assert.ok(mayBeOld(reading, reading === later), `${reading.result} old`);
    else
      assert.ok(reading.text === 'new' || reading.text === 'written', `${reading.result} ${reading.error}`);
  }
  const last = lab.read();
  await scene.landAll();
  assert.is(last.result, 'hit');
  assert.is.not(last.text, 'old');
  const loads = lab.loader.calls.filter((call) => call.key === 'key').length;
  assert.ok(loads <= Number(kind.hasEntry) + 4, `${loads} loads`);
  await lab.end();
}

for (const [load, kind] of Object.entries(LOADS)) {
  for (const [what, change] of Object.entries(CHANGES)) {
    if (change.needsEntry && !kind.hasEntry) continue;
    test(`${load} is fenced when ${what}, at every await point`, async () => {
      for (const [where, point] of Object.entries(POINTS)) {
        for (const asksAfter of [true, false]) {
          try {
            await play(kind, change, point, asksAfter);
          } catch (error) {
            assert.unreachable(
              `${where}, ${asksAfter ? 'with' : 'without'} readers after: ${(error as Error).message}`,
            );
          }
        }
      }
    });
  }
}

for (const [what, change] of Object.entries(CHANGES)) {
  if (change.needsEntry) continue;
  test(`a fill under a lease that was given before is refused when ${what}`, async () => {
    for (const parts of [0, 1, 2]) {
      const lab = new Lab({ withoutLoader: true });
      const reading = lab.read();
      assert.is(reading.result, 'not there');
      const lease = lab.cache.lease;
      const draft = lab.store.draft();
      for (let i = 0; i < 2; i++) {
        if (i === parts) change.make(lab);
        draft.append(Buffer.from('ol'));
      }
      if (parts === 2) change.make(lab);
      const fill = () =>
        lab.cache.write(Buffer.from('key'), draft, { contentType: 'a/b', tags: ['t-answer'], lease });
      assert.throws(fill, (error: RequestError) => error.code === 'lease_void');
      draft.release();
      assert.is.not(lab.read().text, 'olol');
      assert.is(lab.cache.counters.voidFills, 1);
      await lab.end();
    }
  });
}

test('a fill under a lease that nothing concerned since is stored', async () => {
  const lab = new Lab({ withoutLoader: true });
  const { lease } = lab.cache;
  lab.apply('invalidate', { keys: ['other'], tags: ['other'], prefixes: ['keys'] });
  lab.write('other', { key: 'another' });
  lab.write('filled', { lease, tags: ['t'] });
  assert.is(lab.read().text, 'filled');
  await lab.end();
});

test('a fill under a lease that was given after a change is stored', async () => {
  for (const selection of [{ keys: ['key'] }, { tags: ['t'] }, { prefixes: ['k'] }, {}]) {
    const lab = new Lab({ withoutLoader: true });
    lab.apply('invalidate', selection);
    lab.write('filled', { lease: lab.cache.lease, tags: ['t'] });
    assert.is(lab.read().text, 'filled');
    await lab.end();
  }
});

test('of two fills under the same lease the first wins', async () => {
  const lab = new Lab({ withoutLoader: true });
  const { lease } = lab.cache;
  lab.write('first', { lease });
  assert.throws(
    () => lab.write('second', { lease }),
    (error: RequestError) => error.code === 'lease_void',
  );
  assert.is(lab.read().text, 'first');
  await lab.end();
});

test('more prefixes than are remembered void leases rather than forget a change', async () => {
  const lab = new Lab({ withoutLoader: true });
  const { lease } = lab.cache;
  lab.apply('invalidate', { prefixes: ['ke'] });
  for (let i = 0; i < 200; i++) lab.apply('invalidate', { prefixes: [`other ${i}`] });
  assert.throws(
    () => lab.write('late', { lease }),
    (error: RequestError) => error.code === 'lease_void',
  );
  await lab.end();
});

test('a prefix of 64 KiB is fenced, too', async () => {
  const lab = new Lab({ withoutLoader: true });
  const { lease } = lab.cache;
  const key = 'k'.repeat(60_000);
  lab.apply('invalidate', { prefixes: [key.slice(1)] });
  assert.throws(
    () => lab.write('late', { lease, key }),
    (error: RequestError) => error.code === 'lease_void',
  );
  await lab.end();
});

test('who asked before a change is answered by the load that they waited for; who asks after, by another', async () => {
  const lab = new Lab();
  const before = [lab.read(), lab.read()];
  lab.apply('invalidate', { keys: ['key'] });
  const after = [lab.read(), lab.read()];
  assert.is(lab.loader.loads, 2);
  lab.loader.calls[1]!.answer('new');
  await settled();
  assert.equal(
    after.map(({ text }) => text),
    ['new', 'new'],
  );
  assert.equal(
    before.map(({ result }) => result),
    ['waiting', 'waiting'],
  );
  lab.loader.calls[0]!.answer('old');
  await settled();
  assert.equal(
    before.map(({ text }) => text),
    ['old', 'old'],
  );
  assert.is(lab.read().text, 'new', 'the late answer is not stored');
  assert.is(lab.cache.counters.loadsEnded('void'), 1);
  await lab.end();
});

test('who asks after any change that is known to concern a load has another, at once', async () => {
  for (const selection of [{ keys: ['key'] }, { prefixes: ['k'] }, {}]) {
    for (const kind of ['invalidate', 'refresh'] as const) {
      const lab = new Lab();
      const before = lab.read();
      lab.apply(kind, selection);
      const after = lab.read();
      assert.is(lab.loader.loads, 2);
      lab.loader.calls[1]!.answer('new');
      await settled();
      assert.is(after.text, 'new');
      assert.is(before.result, 'waiting');
      lab.loader.calls[0]!.answer('old');
      await lab.end();
    }
  }
});

test('a load that was queued when its entry was written is fenced by the tag of what was written', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE }, settings: { concurrency: 1 } });
  await lab.loaded('first');
  lab.clock.advance(MINUTE);
  lab.read('blocker');
  const blocker = lab.loader.last;
  assert.is(lab.read().result, 'stale');
  assert.ok(lab.cache.loads!.isLoading(lab.cache.slot), 'what is queued is under way');
  lab.write('written', { tags: ['t'] });
  blocker.absent();
  await settled();
  assert.is(lab.loader.last.key, 'key');
  const [begun] = lab.loader.open;
  lab.apply('invalidate', { tags: ['t'] });
  const after = lab.read();
  begun!.answer('of before');
  await settled();
  assert.is(after.result, 'waiting');
  lab.loader.last.answer('new');
  await settled();
  assert.is(after.text, 'new');
  assert.is(lab.read().text, 'new');
  await lab.end();
});

test('an absence that was loaded before an invalidation does not remove or replace what came after', async () => {
  const lab = new Lab({ times: { negativeMs: MINUTE } });
  const before = lab.read();
  lab.apply('invalidate', { keys: ['key'] });
  const after = lab.read();
  lab.loader.calls[1]!.answer('new');
  await settled();
  lab.loader.calls[0]!.absent();
  await settled();
  assert.is(before.result, 'absent');
  assert.is(after.text, 'new');
  assert.is(lab.read().text, 'new');
  await lab.end();
});

test('an absence that was loaded before the tag of the old entry was invalidated is not remembered', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE, negativeMs: MINUTE } });
  await lab.loaded('old', { tags: ['t'] });
  lab.clock.advance(MINUTE);
  assert.is(lab.read().result, 'stale');
  lab.apply('invalidate', { tags: ['t'] });
  const after = lab.read();
  lab.loader.calls[1]!.absent();
  await settled();
  assert.is(after.result, 'waiting');
  lab.loader.last.answer('new');
  await settled();
  assert.is(after.text, 'new');
  await lab.end();
});

test('a revalidation whose entry was evicted and its tag then invalidated is not for who asked after', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('old', { tags: ['t'], etag: '"1"' });
  lab.clock.advance(MINUTE);
  assert.is(lab.read().result, 'stale');
  lab.store.evict(lab.cache.slot, 'memory');
  const before = lab.read();
  lab.apply('invalidate', { tags: ['t'] });
  const after = lab.read();
  lab.loader.calls[1]!.notModified({ tags: ['other'] });
  await settled();
  assert.is(before.text, 'old');
  assert.is(after.result, 'waiting');
  lab.loader.last.answer('new');
  await settled();
  assert.is(after.text, 'new');
  await lab.end();
});

test('a storm of invalidations and readers makes at most one load wait in the queue for a key', async () => {
  const lab = new Lab({ settings: { concurrency: 2, queue: 5 } });
  const readings: Reading[] = [];
  for (let i = 0; i < 100; i++) {
    lab.apply(i % 2 === 0 ? 'invalidate' : 'refresh', { keys: ['key'] });
    readings.push(lab.read());
  }
  assert.is(lab.loader.loads, 2);
  assert.is(lab.cache.loads!.gate.queued, 1);
  while (lab.loader.open.length > 0) {
    lab.loader.open[0]!.answer('value');
    await settled();
  }
  for (const { result } of readings) assert.is(result, 'miss');
  assert.is(lab.loader.loads, 3);
  await lab.end();
});

test('a change concerns all that began before it, and nothing that began after, the first change and the first load included', () => {
  const fence = new Fence();
  const cache = fencedCache();
  const key = Buffer.from('key');
  const isVoid = (since: number): boolean => fence.concernsKey(cache, key, 7, since);
  fence.change(7);
  const first = fence.now;
  assert.not.ok(isVoid(first), 'the change was before it');
  fence.change(8);
  assert.not.ok(isVoid(first), 'of another key');
  fence.change(7);
  assert.ok(isVoid(first));
  const second = fence.now;
  assert.not.ok(isVoid(second));
  fence.change(7);
  assert.ok(isVoid(first));
  assert.ok(isVoid(second));
});

test.run();
