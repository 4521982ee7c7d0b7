// Loaded into a daemon that is measured, before it: notes how long its main thread was kept from its work, and writes
// that to the file of BENCH_PAUSES whenever the process gets SIGUSR2, beginning anew.
//
// Collections are as V8 says. A pause of any cause is a timer of 2 ms that came late by so much, of which only what the
// process spent on a processor counts: on a busy machine the rest is other processes' work.

const { writeFileSync } = require('node:fs');
const { PerformanceObserver, constants, performance } = require('node:perf_hooks');

const EVERY_MS = 2;

let collections = [];
let wholeCollections = 0;
let longestMs = 0;
let over5 = 0;
let last = performance.now();
let lastCpu = process.cpuUsage();

new PerformanceObserver((list) => {
  for (const { duration, detail } of list.getEntries()) {
    collections.push(duration);
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) wholeCollections++;
  }
}).observe({ entryTypes: ['gc'] });

setInterval(() => {
  const now = performance.now();
  const spent = process.cpuUsage(lastCpu);
  const lateMs = Math.min(now - last - EVERY_MS, (spent.user + spent.system) / 1000);
  if (lateMs > longestMs) longestMs = lateMs;
  if (lateMs > 5) over5++;
  last = now;
  lastCpu = process.cpuUsage();
}, EVERY_MS).unref();

process.on('SIGUSR2', () => {
  const longestCollectionMs = Math.max(0, ...collections);
  const collectionsOver5 = collections.filter((ms) => ms > 5).length;
  const counts = { collectionsOver5, wholeCollections, collections: collections.length };
  const said = { longestMs, over5, longestCollectionMs, ...counts };
  writeFileSync(process.env.BENCH_PAUSES, JSON.stringify(said));
  collections = [];
  wholeCollections = 0;
  longestMs = 0;
  over5 = 0;
});
