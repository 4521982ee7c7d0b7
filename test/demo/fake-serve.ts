// Programs in a daemon's place: they read its configuration, listen where it says, and answer who they are.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeProgram {
  readonly command: readonly string[];
  remove(): void;
}

const LISTENS = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const { fleet } = JSON.parse(readFileSync('sidecache.json', 'utf8'));
const { PORT, CF_INSTANCE_INDEX, CF_INSTANCE_GUID, VCAP_APPLICATION } = process.env;
const said = { PORT, index: CF_INSTANCE_INDEX, guid: CF_INSTANCE_GUID, vcap: JSON.parse(VCAP_APPLICATION), fleet,
  argv: process.argv.slice(2), foreign: process.env.SIDECACHE_HTTP ?? null };
createServer((request, response) => {
  if (request.url === '/die') process.exit(7);
  response.end(JSON.stringify(said));
}).listen(Number(fleet.listen.split(':')[1]), '127.0.0.1', () => console.log('{"level":"info","message":"ready"}'));
process.on('SIGTERM', () => process.exit(0));
`;
/** It never gets ready where its index is 1. */
const FAILS = `
if (process.env.CF_INSTANCE_INDEX === '1') {
  console.log('{"level":"info","message":"starting"}');
  console.log('{"level":"error","message":"bad configuration","problem":"no wish to"}');
  process.exit(2);
}
${LISTENS}`;

export const listeningProgram = (): FakeProgram => program(LISTENS);
export const failingProgram = (): FakeProgram => program(FAILS);

function program(source: string): FakeProgram {
  const folder = mkdtempSync(join(tmpdir(), 'sidecache-test-'));
  const file = join(folder, 'serve.mjs');
  // Its imports stand first, wherever they are written.
  writeFileSync(file, source);
  return {
    command: [process.execPath, file],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
