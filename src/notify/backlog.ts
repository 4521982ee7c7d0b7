// What waits to be told, in hybrid-clock order, each thing no more than once.

import { isNotOlder, type Job, mayMeet, standsFor } from './job.ts';

export class Backlog {
  #jobs: Job[] = [];
  /** Sum of what the waiting jobs cost. */
  #bytes = 0;

  get size(): number {
    return this.#jobs.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get jobs(): readonly Job[] {
    return this.#jobs;
  }

  /** Returns those that need no telling any more, the new one perhaps among them; who waits for them waits on. */
  add(job: Job): Job[] {
    const other = this.#jobs.find((waiting) => standsFor(waiting, job));
    if (other !== undefined) {
      this.#take(other);
      this.#place(join(other, job));
      return [job];
    }
    const needless = this.#jobs.filter((waiting) => standsFor(job, waiting));
    for (const waiting of needless) {
      this.#take(waiting);
      join(job, waiting);
    }
    this.#place(job);
    return needless;
  }

  /** Takes the first that `may` be told now. One that may not holds up what must not be told before it. */
  next(may: (job: Job) => boolean): Job | undefined {
    const held: Job[] = [];
    for (const job of this.#jobs) {
      if (may(job) && !held.some((before) => inOrder(before, job))) {
        this.#take(job);
        return job;
      }
      held.push(job);
    }
    return undefined;
  }

  clear(): Job[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    this.#bytes = 0;
    return jobs;
  }

  #place(job: Job): void {
    const after = this.#jobs.findLastIndex((waiting) => isNotOlder(job, waiting));
    this.#jobs.splice(after + 1, 0, job);
    this.#bytes += job.cost;
  }

  #take(job: Job): void {
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    this.#bytes -= job.cost;
  }
}

/** The first stands for the second from now on. */
function join(job: Job, other: Job): Job {
  if (!isNotOlder(job, other)) job.at = other.at;
  job.waiters = [...job.waiters, ...other.waiters];
  return job;
}

/** Whether it matters which of the two is told first. */
function inOrder(one: Job, other: Job): boolean {
  return (one.body || other.body) && mayMeet(one, other);
}
