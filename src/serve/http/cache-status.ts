// The Cache-Status header: how a read was answered. Source: RFC 9211.

export function hitStatus(freshForMs: number): string {
  return freshForMs === Number.POSITIVE_INFINITY
    ? 'sidecache; hit'
    : `sidecache; hit; ttl=${seconds(freshForMs)}`;
}

export interface MissFacts {
  /** The origin's status, where it was asked. */
  status?: number | undefined;
  stored?: boolean;
  collapsed?: boolean;
  detail?: string;
}

export function missStatus({ status, stored, collapsed, detail }: MissFacts): string {
  let text = 'sidecache; fwd=uri-miss';
  if (status !== undefined) text += `; fwd-status=${status}`;
  if (stored) text += '; stored';
  if (collapsed) text += '; collapsed';
  if (detail !== undefined) text += `; detail=${detail}`;
  return text;
}

/** An entry that says that there is nothing: a hit, though the answer is 404. */
export function negativeStatus(): string {
  return 'sidecache; hit; detail=negative';
}

/** Whole seconds, rounded down, so that what is old by any time is at most -1. */
function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
