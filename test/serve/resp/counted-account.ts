// An account with room for so many bytes, and what is charged to it.

import { Account } from '../../../src/serve/resp/account.ts';

/** What is charged is counted in `seen`. */
export function countedAccount(seen: { usedBytes: number }, roomBytes: number): Account {
  return new Account({
    charge: (bytes) => {
      if (seen.usedBytes + bytes > roomBytes) return false;
      seen.usedBytes += bytes;
      return true;
    },
    release: (bytes) => {
      seen.usedBytes -= bytes;
    },
  });
}
