// What the built file compiles at the start of a daemon, and what it leaves until it is used (decision 013).

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, type DaemonOptions } from './daemon.ts';

/** Has a daemon write a line for each part that it compiles. */
const TELL = `import { Session } from 'node:inspector';
  const session = new Session();
  session.connect();
  session.on('Debugger.scriptParsed', ({ params: { url } }) => {
    const part = url.split('/sidecache.js/')[1];
    if (part) process.stderr.write(JSON.stringify({ message: 'compiled', part }) + '\\n');
  });
  session.post('Debugger.enable');`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(TELL)}`;
const FLEET = { SIDECACHE_FLEET_LISTEN: '127.0.0.1:0', SIDECACHE_FLEET_TOKEN: 'x'.repeat(32) };

const test = suite<{ daemon: Daemon | undefined }>('parts of the built file');

test.after.each(async (context) => {
  await context.daemon?.stop();
});

test('a daemon on defaults compiles no part but the one that it is', async (context) => {
  await start(context, {});
  assert.equal(compiled(context.daemon), []);
});

test('the first scrape compiles what writes metrics, and the second nothing more', async (context) => {
  const daemon = await start(context, {});
  await daemon.request('/metrics');
  const first = compiled(daemon);
  assert.ok(first.includes('registry.js'), first.join());
  await daemon.request('/metrics');
  assert.equal(compiled(daemon), first);
});

test('a daemon with a fleet compiles the fleet', async (context) => {
  const daemon = await start(context, { env: FLEET });
  assert.equal(compiled(daemon), ['run-fleet.js']);
});

async function start(context: { daemon: Daemon | undefined }, options: DaemonOptions): Promise<Daemon> {
  context.daemon = await Daemon.start({ ...options, env: { ...options.env, NODE_OPTIONS } });
  return context.daemon;
}

function compiled(daemon: Daemon | undefined): string[] {
  return daemon!.lines.filter(({ message }) => message === 'compiled').map(({ part }) => String(part));
}

test.run();
