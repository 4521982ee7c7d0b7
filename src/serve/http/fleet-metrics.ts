// GET /metrics?fleet=1: the metrics of all instances in one answer, and who is missing in it.

import type { IncomingHttpHeaders } from 'node:http';

/** One instance's metrics as text; undefined where it did not answer. */
export interface Scraped {
  readonly index: string;
  readonly instanceId: string;
  readonly text: string | undefined;
}

/** Asks all other members at once. Never rejects; who did not answer in time is there without a text. */
export type AskPeers = (timeoutMs: number) => Promise<readonly Scraped[]>;

/** Writes them as one, in pieces. */
export type Merge = (scraped: readonly Scraped[]) => Iterable<string>;

const USUAL_MS = 3000;
const LEAST_MS = 200;
/** Of what the scraper waits, kept for putting the answer together and sending it. */
const SHARE_FOR_PEERS = 0.75;

/** The text for all. Between its pieces others have their turn. */
export async function gather(own: Scraped, ask: AskPeers, merge: Merge, timeoutMs: number): Promise<string> {
  const scraped = [own, ...(await ask(timeoutMs))];
  let text = '';
  for (const piece of merge(scraped)) {
    text += piece;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return text;
}

/**
 * Who asks while an answer is being gathered gets that answer: the texts of a whole fleet are held once, and many callers,
 * where metrics are open to everybody, make no more messages among the instances than one.
 */
export class SharedScrape<Answer> {
  #running: Promise<Answer> | undefined;

  get(run: () => Promise<Answer>): Promise<Answer> {
    this.#running ??= run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}

/** Prometheus says how long it waits: an answer that comes later is lost, with what the others said. */
export function askWithinMs(headers: IncomingHttpHeaders): number {
  const waitsMs = Number(headers['x-prometheus-scrape-timeout-seconds']) * 1000;
  if (!(waitsMs > 0)) return USUAL_MS;
  return Math.max(LEAST_MS, Math.min(USUAL_MS, waitsMs * SHARE_FOR_PEERS));
}
