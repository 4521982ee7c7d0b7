// Programs and libraries that tests use and that a machine may lack: curl, promtool, redis-server, python3-redis, …

import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Where `name` is on PATH. Missing, it is a named skip, and with CI=true an error: CI must not go green by skipping.
 * So that the test counts as skipped and not as passed: `(tool('promtool') ? test : test.skip)('…', …)`.
 */
export function tool(name: string): string | undefined {
  // Debian keeps servers in sbin, which is not on every user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (found === undefined) skip(name, 'not installed');
  return found;
}

/** Whether a library is installed, by a file of it; else as with `tool`. */
export function library(name: string, file: string): boolean {
  const found = existsSync(file);
  if (!found) skip(name, 'not installed');
  return found;
}

/** Prints the line that the runner counts; throws when CI=true. */
export function skip(name: string, reason: string): void {
  if (process.env.CI === 'true') throw new Error(`${name}: ${reason}, and CI=true allows no skips`);
  console.log(`\nSKIP ${name}: ${reason}`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
