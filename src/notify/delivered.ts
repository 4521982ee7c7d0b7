// What the app has been told lately: by that, what comes late is known to be late.

import { compareTimes, type Job, jobOf, mayMeet, resyncJob, standsFor } from './job.ts';

/** Of scopes and marks; objects are not kept. Small enough to be charged to nobody. */
const MOST_BYTES = 64 * 1024;

export class Delivered {
  /** The latest last. */
  #jobs: Job[] = [];

  /** The app answered 2xx to it. */
  note(job: Job): void {
    const noted = withoutBytes(job);
    const known = this.#jobs.filter((other) => standsFor(job, other));
    for (const { at } of known) if (compareTimes(at, noted.at) > 0) noted.at = at;
    this.#jobs = [...this.#jobs.filter((other) => !known.includes(other)), noted];
    let bytes = this.#jobs.reduce((sum, { cost }) => sum + cost, 0);
    while (bytes > MOST_BYTES) bytes -= this.#jobs.shift()!.cost;
  }

  /** Whether the app has a newer object in place of this one already. */
  hasNewer(job: Job): boolean {
    return this.#jobs.some((known) => standsFor(known, job));
  }

  /** To be told again: what an older object, delivered now, may have undone at the app. */
  undoneBy(job: Job): Job[] {
    return this.#jobs
      .filter((known) => compareTimes(known.at, job.at) > 0 && mayMeet(known, job))
      .map(({ told, at }) =>
        told.kind === 'resync' ? resyncJob(at) : jobOf({ ...told, at, body: undefined }),
      );
  }
}

function withoutBytes(job: Job): Job {
  const { told, cost } = job;
  if (told.kind === 'resync' || told.body === undefined) return { ...job, waiters: [] };
  const { contentType, bytes } = told.body;
  const body = { contentType: '', bytes: Buffer.alloc(0) };
  return { ...job, told: { ...told, body }, cost: cost - bytes.length - contentType.length, waiters: [] };
}
