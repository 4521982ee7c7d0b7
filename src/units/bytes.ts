// Amounts of memory as people write them (`64M`, `512K`, `1G`, plain bytes) and as the daemon counts them: bytes.
// K, M and G are powers of 1024, as in a Cloud Foundry manifest; `MB` and `MiB` mean the same as `M`.

const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ['T', 1024 ** 4],
  ['G', 1024 ** 3],
  ['M', 1024 ** 2],
  ['K', 1024],
]);

const BYTES = /^(\d{1,16}(?:\.\d{1,3})?)(?:([KMGT])(?:i?B)?|B)?$/i;

/** Bytes, or undefined where `text` is no amount or not a whole number of bytes. */
export function parseBytes(text: string): number | undefined {
  const match = BYTES.exec(text.trim());
  if (match?.[1] === undefined) return undefined;
  const unitBytes = match[2] === undefined ? 1 : (UNIT_BYTES.get(match[2].toUpperCase()) ?? 1);
  const bytes = Number(match[1]) * unitBytes;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest spelling that parses back to the same number of bytes. */
export function formatBytes(bytes: number): string {
  for (const [unit, unitBytes] of UNIT_BYTES) {
    if (bytes >= unitBytes && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return String(bytes);
}

/** For people only: about how much, to a tenth (`153.0M`). */
export function approximateBytes(bytes: number): string {
  for (const [unit, unitBytes] of UNIT_BYTES) {
    if (bytes >= unitBytes) return `${(bytes / unitBytes).toFixed(1).replace(/\.0$/, '')}${unit}`;
  }
  return String(bytes);
}
