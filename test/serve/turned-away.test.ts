// Who cannot be let in is told so in the protocol it speaks, over the shared socket and over each listener of its own.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
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
import { FakeClock } from '../cache/fake-clock.ts';

const test = suite<{ lab: Lab }>('turned away');
const PING = '*1\r\n$4\r\nPING\r\n';
const GET = 'GET /healthz HTTP/1.1\r\n\r\n';
const HTTP_ANSWER = /^HTTP\/1\.1 503 .*"urn:sidecache:no_room"/s;
const RESP_FULL = '-ERR max number of clients reached\r\n';

class Lab {
  readonly clock = new FakeClock();
  readonly headroom = new Headroom(new Budget(1 << 20));
  readonly listeners: Listeners;
  readonly connections: Connections;
  readonly #folder = mkdtempSync(join(tmpdir(), 'turned-away-'));
  readonly socket = join(this.#folder, 'x.sock');
  readonly #clients: Socket[] = [];

  constructor(most: number) {
    const { clock, headroom } = this;
    this.connections = new Connections({ headroom, garbage: new Garbage(), clock, most });
    this.listeners = new Listeners({
      socket: this.socket,
      socketMode: 0o600,
      http: { host: '127.0.0.1', port: 0 },
      connections: this.connections,
      withoutHttp: undefined,
      resp: {
        listen: { host: '127.0.0.1', port: 0 },
        takeSocket: (each) => each.destroy(),
        takeTcp: (each) => each.destroy(),
      },
      clock: systemClock,
      handle: (_request, response) => response.end('answered'),
      socketInUse: () => undefined,
    });
  }

  /** What is said to who sends this, until the connection is closed. */
  async tell(to: string | number, sent: string): Promise<string> {
    const client = this.connect(to);
    let answer = '';
    client.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    if (sent !== '') client.write(sent);
    await once(client, 'end');
    return answer;
  }

  connect(to: string | number): Socket {
    const client = (typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to)).on('error', () => {});
    this.#clients.push(client);
    return client;
  }

  portOf(address: string | undefined): number {
    return Number(address!.split(':').at(-1));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.clock.advance(500);
    await this.listeners.close();
    rmSync(this.#folder, { recursive: true });
  }
}

async function opened(most: number): Promise<Lab> {
  const lab = new Lab(most);
  await lab.listeners.open();
  return lab;
}

test('where no place is left RESP hears it as Redis says it, and HTTP as HTTP', async () => {
  const lab = await opened(0);
  assert.is(await lab.tell(lab.portOf(lab.listeners.respAddress), PING), RESP_FULL);
  assert.is(await lab.tell(lab.portOf(lab.listeners.respAddress), ''), RESP_FULL);
  assert.match(await lab.tell(lab.portOf(lab.listeners.httpAddress), GET), HTTP_ANSWER);
  assert.is(await lab.tell(lab.socket, PING), RESP_FULL);
  assert.is(await lab.tell(lab.socket, 'PING\r\n'), RESP_FULL);
  assert.match(await lab.tell(lab.socket, GET), HTTP_ANSWER);
  assert.is(lab.connections.rejected, 6);
  await lab.close();
});

test('where no memory is left RESP hears -OOM', async () => {
  const lab = await opened(1000);
  while (lab.headroom.chargeConnection(1024));
  const answer = '-OOM command not allowed: there is no memory left for another connection\r\n';
  assert.is(await lab.tell(lab.portOf(lab.listeners.respAddress), PING), answer);
  assert.is(await lab.tell(lab.socket, PING), answer);
  await lab.close();
});

test('who says nothing over the socket hears HTTP half a second later, and is closed', async () => {
  const lab = await opened(0);
  const answer = lab.tell(lab.socket, '');
  while (lab.connections.rejected === 0) await new Promise(setImmediate);
  lab.clock.advance(500);
  assert.match(await answer, HTTP_ANSWER);
  await lab.close();
});

test('of very many at a time the rest is answered at once, and all are closed', async () => {
  const lab = await opened(0);
  const silent = Array.from({ length: 40 }, () => lab.connect(lab.socket).resume());
  const ends = silent.map((client) => once(client, 'close'));
  while (lab.connections.rejected < 40) await new Promise(setImmediate);
  const [closed] = await Promise.all(ends.slice(32));
  assert.ok(closed);
  lab.clock.advance(500);
  await Promise.all(ends);
  await lab.close();
});

test.run();
