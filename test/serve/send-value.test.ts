// Sending a value: what it holds while it does, and that it gives it back.

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sendValue } from '../../src/serve/http/send-value.ts';
import type { Value } from '../../src/store/value.ts';

const test = suite('sending a value');

class CountedValue implements Value {
  readonly length: number;
  holders = 1;

  constructor(length: number) {
    this.length = length;
  }

  copy(_position: number, target: Uint8Array, at: number, length: number): void {
    target.fill(97, at, at + length);
  }

  retain(): this {
    this.holders++;
    return this;
  }

  release(): void {
    this.holders--;
  }
}

/** Answers as the daemon does, on whatever response is given. */
function sending(value: Value) {
  let chargedBytes = 0;
  const headroom = {
    charge: (bytes: number): boolean => {
      chargedBytes += bytes;
      return true;
    },
    release: (bytes: number): void => {
      chargedBytes -= bytes;
    },
  };
  const parts = { headroom, garbage: { passed: () => {} } } as unknown as Parameters<typeof sendValue>[0];
  const send = (asked: IncomingMessage, response: ServerResponse): void =>
    sendValue(parts, value, ['Content-Length', String(value.length)], asked, response);
  return { send, charged: () => chargedBytes };
}

for (const length of [100, 200_000]) {
  test(`a client that left before a value of ${length} bytes was there costs nothing`, async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const client = request({ port, host: '127.0.0.1', agent: false }).on('error', () => undefined);
    client.end();
    const [incoming, response] = await asked;
    const left = once(response, 'close');
    client.destroy();
    await left;
    const value = new CountedValue(length);
    const { send, charged } = sending(value);
    send(incoming, response);
    assert.is(value.holders, 0);
    assert.is(charged(), 0);
    server.close();
  });

  test(`a value of ${length} bytes is let go when it was sent`, async () => {
    const value = new CountedValue(length);
    const { send, charged } = sending(value);
    const server = createServer().listen(0, '127.0.0.1');
    const closed = new Promise<void>((resolve) => {
      server.once('request', (incoming, response) => {
        response.once('close', () => setImmediate(resolve));
        send(incoming, response);
      });
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const received = await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer();
    assert.is(received.byteLength, length);
    await closed;
    assert.is(value.holders, 0);
    assert.is(charged(), 0);
    server.close();
    server.closeAllConnections();
  });
}

test.run();
