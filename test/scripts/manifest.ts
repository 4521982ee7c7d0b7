// manifest.yml as the platform reads it, and a folder as it lays one out for the app.

import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Sidecar {
  name: string;
  process_types: string[];
  memory: string;
  command: string;
}

export interface App {
  name: string;
  path: string;
  instances: number;
  memory: string;
  command: string;
  'health-check-type': string;
  'health-check-http-endpoint': string;
  env: Record<string, string>;
  sidecars: Sidecar[];
}

export function readManifest(): { app: App; sidecar: Sidecar } {
  const { applications } = parse(readFileSync(join(ROOT, 'manifest.yml'), 'utf8')) as { applications: App[] };
  const app = applications[0]!;
  return { app, sidecar: app.sidecars[0]! };
}

/** A container's home: `app` with the example and the built daemon in it, and `tmp`, with a space in its path. */
export function layOut(): { home: string; app: string; tmp: string } {
  const daemon = join(ROOT, 'dist/sidecache.js');
  if (!existsSync(daemon)) throw new Error('dist/sidecache.js is missing: npm run build');
  const home = mkdtempSync(join(tmpdir(), 'sidecache container '));
  const app = join(home, 'app');
  const tmp = join(home, 'tmp');
  cpSync(join(ROOT, readManifest().app.path), app, { recursive: true });
  copyFileSync(daemon, join(app, 'sidecache.js'));
  mkdirSync(tmp);
  return { home, app, tmp };
}

/** What the platform sets for app and sidecar alike, and this Node first on the PATH. */
export function environment(tmp: string, port: number): NodeJS.ProcessEnv {
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  return { ...process.env, PATH: path, TMPDIR: tmp, PORT: String(port) };
}
