// Loaded into a daemon that is measured, before it: notes how long its main thread was kept from its work, and writes
// that to the file of BENCH_PAUSES whenever the process gets SIGUSR2, beginning anew.
//
// Collections are as V8 says: by the clock, which runs on while a busy machine lets others work. So each is also given
// the processor's time that the main thread took between the two looks around it. That is no less than its own, as what
// else the thread did between them is in it.
//
// A pause of any cause is a look that came late by so much, of which only what the main thread worked counts.

const { openSync, readSync, writeFileSync } = require('node:fs');
const { PerformanceObserver, constants, performance } = require('node:perf_hooks');

const EVERY_MS = 2;
/** The daemon looks at the clock for each read of a socket; so often at most is looked here, too. */
const APART_MS = 0.25;
const LIMIT_MS = 5;
const SPACE = 0x20;
const ZERO = 0x30;
/** Of looks back: a collection is told of some turns after it. */
const KEPT = 16_384;

/** The main thread's own: its id is the process's. */
const schedule = openSync(`/proc/self/task/${process.pid}/schedstat`);
const text = Buffer.alloc(64);

/** What the main thread had of a processor so far, ms; without what the machine below a virtual one kept. */
function workedMs() {
  // Asking for it makes the kernel bring the number up to date, which it does 250 times a second else.
  process.cpuUsage();
  const length = readSync(schedule, text, 0, text.length, 0);
  let ns = 0;
  for (let i = 0; i < length && text[i] !== SPACE; i++) ns = ns * 10 + text[i] - ZERO;
  return ns / 1e6;
}

// Rings of numbers: objects would be what is collected.
const lookedAtMs = new Float64Array(KEPT).fill(Number.NEGATIVE_INFINITY);
const lookedWorkedMs = new Float64Array(KEPT);
let looks = 0;

const clock = performance.now.bind(performance);

function look(atMs) {
  lookedAtMs[looks % KEPT] = atMs;
  lookedWorkedMs[looks % KEPT] = workedMs();
  return looks++ % KEPT;
}

performance.now = () => {
  const atMs = clock();
  if (atMs - lookedAtMs[(looks - 1) % KEPT] >= APART_MS) look(atMs);
  return atMs;
};

let longestMs = 0;
let over5 = 0;
let collections = [];

const first = look(clock());
let timerAtMs = lookedAtMs[first];
let timerWorkedMs = lookedWorkedMs[first];
setInterval(() => {
  const now = look(clock());
  const worked = lookedWorkedMs[now] - timerWorkedMs;
  const pauseMs = Math.min(lookedAtMs[now] - timerAtMs - EVERY_MS, worked);
  if (pauseMs > longestMs) longestMs = pauseMs;
  if (pauseMs > LIMIT_MS) over5++;
  timerAtMs = lookedAtMs[now];
  timerWorkedMs = lookedWorkedMs[now];
}, EVERY_MS).unref();

/** What the main thread worked at most in a collection. */
function within(startMs, endMs) {
  let after = looks - 1;
  while (after > looks - KEPT && lookedAtMs[(after - 1) % KEPT] >= endMs) after--;
  let before = after;
  while (before > 0 && before > looks - KEPT && lookedAtMs[before % KEPT] > startMs) before--;
  const worked = lookedWorkedMs[after % KEPT] - lookedWorkedMs[before % KEPT];
  return Math.min(endMs - startMs, worked);
}

new PerformanceObserver((list) => {
  look(clock());
  for (const { startTime, duration, detail } of list.getEntries()) {
    const ownMs = within(startTime, startTime + duration);
    collections.push({ ms: duration, ownMs, whole: detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR });
  }
}).observe({ entryTypes: ['gc'] });

const longest = (numbers) => numbers.reduce((most, of) => Math.max(most, of), 0);
const over = (numbers) => numbers.filter((ms) => ms > LIMIT_MS).length;

process.on('SIGUSR2', () => {
  const byClock = collections.map(({ ms }) => ms);
  const own = collections.map(({ ownMs }) => ownMs);
  const said = {
    longestMs,
    over5,
    longestCollectionMs: longest(byClock),
    collectionsOver5: over(byClock),
    longestOwnMs: longest(own),
    ownOver5: over(own),
    collections: collections.length,
    wholeCollections: collections.filter(({ whole }) => whole).length,
  };
  writeFileSync(process.env.BENCH_PAUSES, JSON.stringify(said));
  collections = [];
  longestMs = 0;
  over5 = 0;
});
