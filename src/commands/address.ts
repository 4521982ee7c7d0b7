// Where the daemon is: --url, --socket, SIDECACHE_SOCKET, or the place every daemon uses unless told otherwise.

import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import { type Arguments, textOption } from './arguments.ts';
import { EXIT } from './exit-codes.ts';

export type Address = { socketPath: string; shown: string } | { host: string; port: number; shown: string };

export function addressOf(args: Arguments, env: NodeJS.ProcessEnv): Address {
  const socket = textOption(args, 'socket');
  const url = textOption(args, 'url');
  if (url !== undefined && socket !== undefined) {
    throw new CommandError(EXIT.usage, '--socket and --url name two daemons; give one of them');
  }
  if (url !== undefined) return fromUrl(url);
  const socketPath = socket || env.SIDECACHE_SOCKET || join(env.TMPDIR || '/tmp', 'sidecache.sock');
  return { socketPath, shown: socketPath };
}

function fromUrl(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new CommandError(EXIT.usage, '--url must be http://HOST:PORT, as in http://127.0.0.1:7070');
  }
  // An IPv6 address stands in brackets in a URL and without them everywhere else.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(url.port || 80), shown: url.origin };
}
