// How a change is answered: who confirmed it, in a header always, in full where that was asked for, and as an error
// where everybody was required to.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChangeOutcome, MemberOutcome } from '../../changes/change-call.ts';
import type { Context } from './context.ts';
import { sendJson } from './json.ts';
import { sendProblem } from './problem.ts';

export interface Wanted {
  readonly requireAll: boolean;
  readonly report: boolean;
}

/** `about`: what the report begins with. */
export function answerChange(
  context: Context,
  wanted: Wanted,
  about: Readonly<Record<string, unknown>>,
  outcome: ChangeOutcome,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const headers = [...confirmationHeaders(outcome), 'Sidecache-Instance', context.instance.index];
  if (wanted.requireAll && !isConfirmedByAll(outcome)) {
    const members = { ...about, ...describe(outcome) };
    sendProblem(request, response, 'not_confirmed', notConfirmed(outcome), { members, headers });
    return;
  }
  const wantsJson = wanted.report || (request.headers.accept ?? '').includes('application/json');
  if (wantsJson) sendJson(response, 200, { ...about, ...describe(outcome) }, headers);
  else response.writeHead(204, [...headers, 'Cache-Control', 'no-store']).end();
}

export function confirmationHeaders({ applied, members }: ChangeOutcome): string[] {
  return ['Sidecache-Applied', `${applied}/${members ?? '?'}`];
}

export function isConfirmedByAll({ applied, members }: ChangeOutcome): boolean {
  return applied === members;
}

/** Names who did not confirm; it is repaired all the same. */
export function notConfirmed({ applied, members, report }: ChangeOutcome): string {
  const missing = report.filter(({ status }) => status !== 'applied' && status !== 'gone');
  const named = missing.map(({ index, instanceId, status }) => `${index} (${instanceId}): ${status}`);
  if (members === undefined) return 'applied here; peers are configured, and none was ever reached';
  return `confirmed by ${applied} of ${members}; it is told again to ${named.slice(0, 10).join(', ')}`;
}

export function describe({ applied, members, entries, report }: ChangeOutcome): Record<string, unknown> {
  return { applied, members: members ?? '?', entries, report: report.map(describeMember) };
}

function describeMember({ index, instanceId, incarnation, status, ms, entries, why }: MemberOutcome): object {
  const about = { index, instance_id: instanceId, incarnation, status, ms };
  return { ...about, ...(entries !== undefined && { entries }), ...(why !== undefined && { why }) };
}
