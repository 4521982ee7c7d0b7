// How long an API asked to be left alone: Retry-After, or the end of the rate limit's period.

import type { Headers } from 'node-fetch';

/** Times of the API are read against its own clock (RFC 9110, section 10.2.3). Undefined: it did not say. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  const theirNowMs = Number.isNaN(date) ? nowMs : date;
  const until = (ms: number): number => Math.max(0, ms - theirNowMs);
  const after = headers.get('retry-after') ?? '';
  if (isNumber(after)) {
    const ms = Number(after) * 1000;
    // Some versions of the Cloud Controller say when in place of how long, in seconds since the epoch.
    return ms > theirNowMs ? until(ms) : ms;
  }
  const atMs = Date.parse(after);
  if (!Number.isNaN(atMs)) return until(atMs);
  const reset = headers.get('x-ratelimit-reset') ?? '';
  return isNumber(reset) ? until(Number(reset) * 1000) : undefined;
}

function isNumber(text: string): boolean {
  return /^[0-9]{1,100}(\.[0-9]{1,9})?$/.test(text);
}
