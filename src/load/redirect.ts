// Where a redirect may lead: to the same scheme, host and port, and nowhere else — an origin must not point the daemon at the network.

import { type Attempt, badAnswer } from './attempt.ts';
import { discard } from './body.ts';
import type { Answer, Wire } from './wire.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The first answer that is no redirect. Throws LoadError. */
export async function getFollowing(
  wire: Wire,
  url: string,
  headers: Readonly<Record<string, string>>,
  attempt: Attempt,
): Promise<Answer> {
  let at = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await wire.get(at, headers, attempt);
    if (!REDIRECTS.has(answer.status)) return answer;
    await discard(answer);
    at = targetOf(answer, at, attempt);
  }
  throw badAnswer(attempt, `redirected more than ${MAX_REDIRECTS} times`);
}

function targetOf(answer: Answer, from: string, attempt: Attempt): string {
  const location = answer.headers.get('location');
  const target = location === null ? undefined : resolved(location, from);
  if (target === undefined)
    throw badAnswer(attempt, `answered ${answer.status} without a Location to follow`);
  if (target.origin !== attempt.origin) {
    throw badAnswer(
      attempt,
      `answered ${answer.status}: redirect to another origin refused (${target.origin})`,
    );
  }
  if (target.username !== '' || target.password !== '') {
    throw badAnswer(attempt, `answered ${answer.status}: redirect with credentials refused`);
  }
  target.hash = '';
  return target.href;
}

function resolved(location: string, from: string): URL | undefined {
  try {
    return new URL(location, from);
  } catch {
    return undefined;
  }
}
