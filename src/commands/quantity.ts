// Numbers for people: sizes, times and shares as a table shows them, by the unit in a field's name.

const STEP = 1024;
const SIZES = ['B', 'K', 'M', 'G', 'T'] as const;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** `1.5K`, `64M`: the spelling the configuration understands, rounded to three digits or so. */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= STEP && unit < SIZES.length - 1) {
    size /= STEP;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 || Number.isInteger(size) ? 0 : 1;
  return `${size.toFixed(digits)}${SIZES[unit]}`;
}

/** Rounded for reading: `850ms`, `12.3s`, `4m 10s`, `3h 5m`, `2d 1h`. */
export function formatSpan(ms: number): string {
  if (ms < 0) return `-${formatSpan(-ms)}`;
  if (ms < SECOND_MS) return `${Math.round(ms)}ms`;
  if (ms < MINUTE_MS) return `${Math.round(ms / 100) / 10}s`;
  if (ms < HOUR_MS) return twoUnits(ms, MINUTE_MS, 'm', SECOND_MS, 's');
  return ms < DAY_MS ? twoUnits(ms, HOUR_MS, 'h', MINUTE_MS, 'm') : twoUnits(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

/** Hits of all reads; nothing read yet is no share at all. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)}%`;
}

/** `1 entry`, `2 entries` */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A field as the daemon names it: `age_ms`, `stored_at`, `cost_bytes`; anything else as it is. */
export function formatField(name: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (Array.isArray(value))
    return value.length === 0 ? '-' : value.map((one) => formatField('', one)).join(', ');
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value !== 'number') return String(value);
  if (name.endsWith('_ms')) return formatSpan(value);
  if (name.endsWith('_bytes')) return value < STEP ? `${value}B` : `${formatBytes(value)} (${value})`;
  // Outside these bounds there is no date to show.
  return name.endsWith('_at') && Math.abs(value) <= 8.64e15 ? new Date(value).toISOString() : String(value);
}

function twoUnits(ms: number, bigMs: number, big: string, smallMs: number, small: string): string {
  const smalls = Math.round(ms / smallMs);
  const rest = smalls % (bigMs / smallMs);
  const head = `${Math.floor((smalls * smallMs) / bigMs)}${big}`;
  return rest === 0 ? head : `${head} ${rest}${small}`;
}
