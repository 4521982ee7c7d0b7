// The listeners' end: who has connected is answered.

import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Connections } from '../../src/serve/connections.ts';
import { Garbage } from '../../src/serve/garbage.ts';
import { Headroom } from '../../src/serve/headroom.ts';
import { Listeners } from '../../src/serve/listeners.ts';
import { Budget } from '../../src/store/budget.ts';
import { systemClock } from '../../src/system-clock.ts';

const test = suite('listeners');

test('who connected before the close is answered, however long it takes to accept them all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'listeners-'));
  const socket = join(folder, 'x.sock');
  const headroom = new Headroom(new Budget(16 << 20));
  const listeners = new Listeners({
    socket,
    socketMode: 0o600,
    http: undefined,
    connections: new Connections({ headroom, garbage: new Garbage(), clock: systemClock, most: 1000 }),
    withoutHttp: undefined,
    resp: { listen: undefined, takeSocket: (each) => each.destroy(), takeTcp: (each) => each.destroy() },
    // Ten times slower: on a busy machine all of this takes longer than clients are given.
    clock: { ...systemClock, now: () => systemClock.now() / 10 },
    // Node takes one connection in each turn of its loop: 100 of them are longer than any short wait before the close.
    handle: (_request, response) => {
      const untilMs = performance.now() + 3;
      while (performance.now() < untilMs);
      response.end('answered');
    },
    socketInUse: () => undefined,
  });
  await listeners.open();
  // Connected when this returns, not accepted yet.
  const reading = Array.from({ length: 100 }, () => read(socket));
  await listeners.close();
  const outcomes = await Promise.all(reading);
  assert.is(
    outcomes.filter((outcome) => outcome === 'answered').length,
    100,
    [...new Set(outcomes)].join('; '),
  );
  rmSync(folder, { recursive: true });
});

function read(socketPath: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ socketPath, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    });
    request.on('error', (error) => resolve(error.message));
  });
}

test.run();
