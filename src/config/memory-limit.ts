// How much memory this process may take, and what is left of it for `memory` when nobody says.

import { approximateBytes, parseBytes } from '../units/bytes.ts';

const MIB = 1024 * 1024;
/** What the process takes besides `memory`: its code, sockets, buffers. */
export const BESIDE_MEMORY_BYTES = 80 * MIB;
/** The most that `memory` may be: what typed arrays can number. */
export const MOST_MEMORY_BYTES = 16 * 1024 * MIB;
/** What bookkeeping and fragmentation add to `memory`. */
export const MEMORY_OVERHEAD = 1.15;

export interface MemoryLimit {
  bytes: number;
  /** `own`: given to this process; `container`: shared with the app. */
  of: 'own' | 'container';
  source: string;
}

export interface MemoryDefault {
  bytes: number;
  source: string;
  warning?: string;
}

/** `MEMORY_LIMIT` (Cloud Foundry: `64m`) is the sidecar's own; the cgroup's is the whole container's. */
export function memoryLimit(
  memoryLimitText: string | undefined,
  cgroupBytes: number | undefined,
): MemoryLimit | undefined {
  const ownBytes = parseBytes(memoryLimitText ?? '') ?? 0;
  if (ownBytes > 0) return { bytes: ownBytes, of: 'own', source: `MEMORY_LIMIT ${memoryLimitText}` };
  if (cgroupBytes === undefined || cgroupBytes <= 0) return undefined;
  return {
    bytes: cgroupBytes,
    of: 'container',
    source: `the container's limit of ${approximateBytes(cgroupBytes)}`,
  };
}

export function defaultMemory(limit: MemoryLimit | undefined): MemoryDefault {
  if (limit === undefined) return { bytes: 64 * MIB, source: 'computed: no memory limit is set' };
  if (limit.of === 'container') {
    return {
      bytes: 32 * MIB,
      source: `computed: ${limit.source} is shared with the app`,
      warning: `memory: ${limit.source} is shared with the app, so 32M is taken; set memory or MEMORY_LIMIT to say how much is the daemon's`,
    };
  }
  const spareBytes = Math.floor((limit.bytes - BESIDE_MEMORY_BYTES) / MEMORY_OVERHEAD);
  const bytes = Math.min(Math.max(8 * MIB, spareBytes), MOST_MEMORY_BYTES);
  return { bytes, source: `computed from ${limit.source}` };
}

/** Where `memory` and what comes with it do not fit the limit: a sentence. */
export function memoryWarning(memoryBytes: number, limit: MemoryLimit | undefined): string | undefined {
  const neededBytes = Math.ceil(memoryBytes * MEMORY_OVERHEAD) + BESIDE_MEMORY_BYTES;
  if (limit === undefined || neededBytes <= limit.bytes) return undefined;
  const asked = `memory: ${approximateBytes(memoryBytes)} may take ${approximateBytes(neededBytes)} of the process`;
  return `${asked} (1.15 x memory + 80M), more than ${limit.source}`;
}
