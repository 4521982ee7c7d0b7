// Durations as people write them (`500ms`, `30s`, `10m`, `2h`, `1d`) and as the daemon counts them: whole milliseconds.

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]);

const DURATION = /^(\d{1,15}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/** Milliseconds, or undefined where `text` is no duration or not a whole number of milliseconds. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text.trim());
  const unitMs = UNIT_MS.get(match?.[2] ?? '');
  if (match?.[1] === undefined || unitMs === undefined) return undefined;
  return wholeMs(Number(match[1]) * unitMs);
}

/** The shortest spelling that parses back to the same number of milliseconds. */
export function formatDuration(ms: number): string {
  for (const [unit, unitMs] of UNIT_MS) {
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}

// 0.1 + 0.2 is why: 1.005 s must be 1005 ms although the product is 1004.9999…
function wholeMs(ms: number): number | undefined {
  const rounded = Math.round(ms);
  return Number.isSafeInteger(rounded) && Math.abs(ms - rounded) < 1e-6 ? rounded : undefined;
}
