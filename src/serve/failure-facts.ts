// What is known of an entry's failed loads, for who asks to have it explained, over whatever protocol.

import type { Cache } from '../cache/cache.ts';

/** Nothing where its loads go well. `cold`: nothing is stored under the key. */
export function failureFacts(
  cache: Cache,
  key: Buffer,
  cold: boolean,
  nowMs: number,
): Record<string, number | string> {
  const failures = cache.loads?.failures;
  const keyText = key.toString('latin1');
  const failure = failures?.of(keyText);
  if (!failures || (!failure && !failures.breakerOpen)) return {};
  return {
    failures: failure?.failures ?? 0,
    next_retry_in_ms: Math.max(0, Math.round(failures.retryAtMs(keyText, cold) - nowMs)),
    last_error: (failure?.error ?? failures.last)?.message ?? '',
    breaker: failures.breakerOpen ? 'open' : 'closed',
  };
}
