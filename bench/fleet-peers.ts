// Stand-in peers for the measurement of calls: each verifies, applies and confirms as a daemon does, on a port of its
// own, after as long as the network would have taken. Prints its URLs as one line of JSON.
//
// Usage: node --import tsx bench/fleet-peers.ts COUNT DELAY_MS TOKEN

import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Identity } from '../src/fleet/identity.ts';
import { createPeerServer } from '../src/fleet/peer-server.ts';
import { fieldsOf } from '../src/fleet/sync-message.ts';
import { systemClock } from '../src/system-clock.ts';

const [count = '50', delayMs = '20', token = ''] = process.argv.slice(2);

const urls = await Promise.all(Array.from({ length: Number(count) }, (_, index) => start(index)));
console.log(JSON.stringify(urls));

async function start(index: number): Promise<string> {
  const instance = `standin${String(index).padStart(6, '0')}`;
  const self: Identity = {
    incarnation: instance,
    index: String(index + 1),
    instanceId: instance,
    process: '',
    version: '0.0.0',
  };
  const peers = createPeerServer({
    tokens: [token],
    self,
    prefix: '',
    clock: systemClock,
    receive: (kind, _from, body) => answer(kind, fieldsOf(body)),
  });
  const server = createServer((request, response) => {
    // All of it on the way back, and from when the event loop saw that something came: what one process does here for
    // many, each would do for itself meanwhile.
    const way = ways.get(request.socket)!;
    way.arrived();
    // What is asked without a signature measures the way there and back alone.
    if (request.url === '/ping') response.end('pong');
    else peers.handle(request, response);
  });
  const ways = new WeakMap<Socket, WayBack>();
  server.on('connection', (socket) => ways.set(socket, new WayBack(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Holds back what is written to a connection until an answer may be there. One request at a time. */
class WayBack {
  readonly #write: Socket['write'];
  #held: Parameters<Socket['write']>[] = [];
  #isOver = true;

  constructor(socket: Socket) {
    this.#write = socket.write.bind(socket);
    socket.write = ((...written: Parameters<Socket['write']>) => {
      this.#held.push(written);
      this.#flush();
      return true;
    }) as Socket['write'];
  }

  arrived(): void {
    this.#isOver = false;
    setTimeout(() => {
      this.#isOver = true;
      this.#flush();
    }, Number(delayMs));
  }

  #flush(): void {
    if (!this.#isOver) return;
    for (const written of this.#held.splice(0)) this.#write(...written);
  }
}

function answer(kind: string, body: Readonly<Record<string, unknown>>): unknown {
  const { sequence, members, events } = body;
  if (kind === 'sync') return { sequence: 0, seen: sequence, joined: true, members, modes: {} };
  if (kind !== 'events' || !Array.isArray(events)) return {};
  const sequences = events.map((event) => fieldsOf(event).sequence as number);
  return { confirmed: Math.max(...sequences), results: sequences.map((one) => [one, 0, false]) };
}
