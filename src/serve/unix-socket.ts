// Listening on a Unix socket: a file left by a daemon that died is replaced, one in use by a live one is waited for.

import { chmodSync, existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { get } from 'node:http';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { SidecacheError } from '../errors.ts';

const TRY_AGAIN_FOR_MS = 10_000;
const TRY_AGAIN_EVERY_MS = 250;
const ASK_WITHIN_MS = 1000;
/** So many may connect while the daemon is busy; the system may allow for less. */
export const BACKLOG = 4096;

/** The file that this daemon made, whatever lies under its name later. */
export interface SocketFile {
  readonly path: string;
  readonly inode: number;
}

/**
 * Returns which file it is; `onWait` is told once where another daemon is waited for. Throws SidecacheError naming the
 * path, and who has it where that can be told.
 */
export async function listenOnSocket(
  server: Server,
  path: string,
  mode: number,
  onWait: (atMostMs: number) => void,
): Promise<SocketFile> {
  const untilMs = performance.now() + TRY_AGAIN_FOR_MS;
  for (let waits = false; ; ) {
    const failure = await tryListening(server, path, mode);
    if (!failure) return { path, inode: lstatSync(path).ino };
    if (failure.code !== 'EADDRINUSE') throw cannotListen(path, reasonOf(failure, path), failure);
    if (await removeLeftOver(path)) continue;
    if (!waits) onWait(TRY_AGAIN_FOR_MS);
    waits = true;
    if (performance.now() > untilMs) throw cannotListen(path, await whoHas(path), failure);
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_EVERY_MS));
  }
}

/** From now on nobody finds the socket; who has connected already can still be accepted. */
export function hideSocket({ path, inode }: SocketFile): void {
  if (inodeAt(path) === inode) unlinkSync(path);
}

/** Closes the listener. That removes the file of its name, which may be another daemon's by now: such a one stays. */
export function closeSocket(server: Server, { path }: SocketFile): Promise<void> {
  const aside = `${path}.${process.pid}`;
  const isAnothers = inodeAt(path) !== undefined;
  if (isAnothers) renameSync(path, aside);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if (isAnothers) renameSync(aside, path);
  return closed;
}

function inodeAt(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino;
}

/** The system says "permission denied" of a directory that is not there, too. */
function reasonOf(failure: NodeJS.ErrnoException, path: string): string {
  const directory = dirname(path);
  return existsSync(directory) ? failure.message : `the directory ${directory} does not exist`;
}

/** The file has its mode from its first moment on: nobody else gets in between. */
function tryListening(
  server: Server,
  path: string,
  mode: number,
): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', listening);
      resolve(error);
    };
    const listening = (): void => {
      server.off('error', failed);
      chmodSync(path, mode);
      resolve(undefined);
    };
    server.once('error', failed);
    server.once('listening', listening);
    const before = process.umask(0o777 & ~mode);
    server.listen({ path, backlog: BACKLOG });
    process.umask(before);
  });
}

/** True where nobody answers behind the file any more and it is gone now. */
async function removeLeftOver(path: string): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return true;
  if (!found.isSocket()) throw cannotListen(path, 'there is a file of this name that is not a socket');
  if (!(await isDead(path))) return false;
  // Only the very file that was tried: another daemon may have replaced it meanwhile.
  if (inodeAt(path) === found.ino) unlinkSync(path);
  return true;
}

function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

/** Asks whoever answers there who it is. */
function whoHas(path: string): Promise<string> {
  const unknown = 'another program listens there';
  return new Promise((resolve) => {
    const request = get({ socketPath: path, path: '/healthz', timeout: ASK_WITHIN_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (body.length < 4096) body += chunk;
      });
      response.on('end', () => resolve(describe(body) ?? unknown));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(unknown));
  });
}

function describe(body: string): string | undefined {
  try {
    const { pid, version } = JSON.parse(body) as { pid?: unknown; version?: unknown };
    return typeof pid === 'number'
      ? `another sidecache listens there: process ${pid}, version ${version}`
      : undefined;
  } catch {
    return undefined;
  }
}

function cannotListen(path: string, why: string, cause?: unknown): SidecacheError {
  return new SidecacheError('cannot_listen', `cannot listen on the socket ${path}: ${why}`, { cause });
}
