// Whether an origin accepts connections at all: asked while loads fail to connect, as it costs the origin nothing.

import { connect } from 'node:net';
import type { Clock } from './deadline.ts';

const LIMIT_MS = 1000;

/** Never throws. */
export async function acceptsConnections(hostname: string, port: number, clock: Clock): Promise<boolean> {
  const settled = new AbortController();
  const socket = connect({ host: hostname, port });
  const attempt = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
    // Without a listener an error would end the process; 'close' follows it.
    socket.on('error', () => undefined);
  });
  const limit = clock.delay(LIMIT_MS, settled.signal).then(
    () => false,
    () => false,
  );
  const accepted = await Promise.race([attempt, limit]);
  settled.abort();
  socket.destroy();
  return accepted;
}
