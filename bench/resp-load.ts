// Fills a server with entries as fast as it takes them: batches of writes, each sent when the last was answered.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const BATCH = 500;

/** Bytes of one write, and how one good answer to it begins. */
export interface Writes {
  readonly request: (index: number) => string;
  readonly answer: RegExp;
  /** Writes sent at one time. Default 500. */
  readonly batch?: number;
}

export function respSets(key: (index: number) => string, value: string): Writes {
  const request = (index: number): string => {
    const name = key(index);
    return `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$${value.length}\r\n${value}\r\n`;
  };
  return { request, answer: /\+OK\r\n/g };
}

export function httpPuts(key: (index: number) => string, value: string): Writes {
  const rest = ` HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${value.length}\r\n\r\n${value}`;
  const request = (index: number): string => `PUT /caches/default/${key(index)}${rest}`;
  return { request, answer: /HTTP\/1\.1 20[14]/g, batch: 20 };
}

export function memcachedSets(key: (index: number) => string, value: string): Writes {
  const request = (index: number): string => `set ${key(index)} 0 0 ${value.length}\r\n${value}\r\n`;
  return { request, answer: /STORED\r\n/g };
}

export async function fill(path: string, entries: number, writes: Writes): Promise<void> {
  const { request, batch = BATCH } = writes;
  const socket = connect(path);
  await once(socket, 'connect');
  socket.setTimeout(20_000, () => socket.destroy());
  for (let from = 0; from < entries; from += batch) {
    const count = Math.min(batch, entries - from);
    socket.write(Array.from({ length: count }, (_, i) => request(from + i)).join(''), 'latin1');
    await answers(socket, count, writes.answer);
  }
  socket.destroy();
}

function answers(socket: Socket, count: number, answer: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (): void => reject(new Error(`${count} writes were answered: ${said.slice(-500)}`));
    const take = (bytes: Buffer): void => {
      said += bytes.toString('latin1');
      if ((said.match(answer)?.length ?? 0) < count) return;
      socket.off('data', take).off('close', fail);
      resolve();
    };
    socket.on('data', take).once('close', fail);
  });
}
