// The demo's origin: what a cache reads through to. Its values count their loads, so that a reader sees a new one.
//   GET  /users/KEY        {"key":"42","version":1,"load":3}: the third load of this key, which was never changed
//   GET  /object           what the demo apps read at their start
//   POST /bump?key=42      changes a user: its version goes up. Without a key: the object's
//   GET  /loads            how often each was asked for

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answer, closeServer, LOOPBACK, listen } from './listening.ts';

/** Keys are forgotten, and begin at 1 again, when there are more. */
const MAX_KEYS = 10_000;
const OBJECT = 'object';

interface Value {
  version: number;
  loads: number;
}

export class DemoOrigin {
  readonly #values = new Map<string, Value>();
  readonly #server: Server;
  #port = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async start(port = 0): Promise<DemoOrigin> {
    const origin = new DemoOrigin();
    origin.#port = await listen(origin.#server, port);
    return origin;
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  /** How often this user was asked for. */
  loadsOf(key: string): number {
    return this.#values.get(`users/${key}`)?.loads ?? 0;
  }

  /** The user is another one from here on. */
  bump(key: string): void {
    this.#value(`users/${key}`).version += 1;
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const user = /^\/users\/([^/]+)$/.exec(pathname)?.[1];
    const asked = `${request.method} ${pathname}`;
    if (request.method === 'GET' && user !== undefined) this.#sendUser(decoded(user), response);
    else if (asked === 'GET /object') this.#sendObject(response);
    else if (asked === 'GET /loads') answer(response, 200, this.#loads());
    else if (asked === 'POST /bump') this.#bumpNamed(searchParams.get('key'), response);
    else answer(response, 404, { error: 'no such page' });
  }

  #sendUser(key: string, response: ServerResponse): void {
    const value = this.#value(`users/${key}`);
    value.loads += 1;
    answer(response, 200, { key, version: value.version, load: value.loads });
  }

  #sendObject(response: ServerResponse): void {
    const value = this.#value(OBJECT);
    value.loads += 1;
    answer(response, 200, { from: 'origin', version: value.version });
  }

  #bumpNamed(key: string | null, response: ServerResponse): void {
    const name = key === null ? OBJECT : `users/${key}`;
    this.#value(name).version += 1;
    answer(response, 200, { bumped: name, version: this.#value(name).version });
  }

  #loads(): Record<string, number> {
    return Object.fromEntries([...this.#values].map(([name, { loads }]) => [name, loads]));
  }

  #value(name: string): Value {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    if (this.#values.size >= MAX_KEYS) this.#values.clear();
    const value = { version: 1, loads: 0 };
    this.#values.set(name, value);
    return value;
  }
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
