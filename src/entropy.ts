// Unpredictable bytes from the system, without loading all of node:crypto: that costs an idle process up to 2 MB.

import { closeSync, openSync, readSync } from 'node:fs';

const SOURCE = '/dev/urandom';

export function unpredictableBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  try {
    readFully(bytes);
  } catch {
    // Systems without the device, such as Windows.
    globalThis.crypto.getRandomValues(bytes);
  }
  return bytes;
}

function readFully(bytes: Buffer): void {
  const file = openSync(SOURCE, 'r');
  try {
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(file, bytes, at, bytes.length - at, null);
      if (read === 0) throw new Error(`${SOURCE} ended`);
      at += read;
    }
  } finally {
    closeSync(file);
  }
}
