// The demo's app: it keeps an object in its own memory, as apps do, and has a page that makes it take a new one.
//   GET  /object                 what it holds
//   POST /api/v1/refresh_all     what the daemon's `notify` calls. The body is the new object; where it is the daemon's
//                                own word of a change (`kind`), the object is read anew from the origin. 204
//   GET  /calls                  how often it was called so, and with what, in order
//   POST /break?status=500       from here on it answers so and takes nothing; POST /mend: well again
//   POST /call-back?on=1         its handler calls the daemon's /cache/invalidate in turn, as handlers do; 0: no more

import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { answer, bodyOf, closeServer, LOOPBACK, listen } from './listening.ts';

export interface AppOptions {
  /** Where the object is read from at the start, and when the daemon tells of a change. None: it begins as null. */
  objectUrl?: string;
  /** Of the daemon beside it: whom the handler calls back. */
  daemonSocket?: string;
}

export interface Call {
  /** `Sidecache-Event`, '' without. */
  readonly event: string;
  readonly contentType: string;
  readonly body: string;
  /** What it answered. */
  readonly status: number;
}

/** Calls remembered; the oldest go first. */
const REMEMBERED = 1000;
const CALL_BACK_LIMIT_MS = 2000;
/** What a daemon sends when no body came with the call. */
const KINDS_OF_CHANGE = ['invalidate', 'refresh', 'resync'];

export class DemoApp {
  /** Answered instead of taking the object; undefined: it is well. */
  brokenStatus: number | undefined;
  callsBack = false;
  readonly #options: AppOptions;
  readonly #server: Server;
  readonly #calls: Call[] = [];
  #count = 0;
  #object: unknown = null;
  #port = 0;

  private constructor(options: AppOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    // Longer than who calls keeps a connection.
    this.#server.keepAliveTimeout = 95_000;
  }

  static async start(options: AppOptions = {}): Promise<DemoApp> {
    const app = new DemoApp(options);
    app.#port = await listen(app.#server);
    await app.#read();
    return app;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  get object(): unknown {
    return this.#object;
  }

  /** Oldest first. */
  get calls(): readonly Call[] {
    return this.#calls;
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const body = await bodyOf(request);
    switch (`${request.method} ${pathname}`) {
      case 'GET /object':
        return answer(response, 200, this.#object);
      case 'GET /calls':
        return answer(response, 200, { count: this.#count, calls: this.#calls });
      case 'POST /api/v1/refresh_all':
        return answer(response, await this.#refresh(request, body));
      case 'POST /break':
        this.brokenStatus = statusIn(searchParams.get('status'));
        return answer(response, 200, { broken: this.brokenStatus });
      case 'POST /mend':
        this.brokenStatus = undefined;
        return answer(response, 200, { broken: false });
      case 'POST /call-back':
        this.callsBack = searchParams.get('on') !== '0';
        return answer(response, 200, { callsBack: this.callsBack });
      default:
        return answer(response, 404, { error: 'no such page' });
    }
  }

  async #refresh({ headers }: IncomingMessage, body: string | undefined): Promise<number> {
    const event = String(headers['sidecache-event'] ?? '');
    // The handler of an app that breaks half-way has called by then.
    if (this.callsBack) await this.#callBack(event);
    const status = this.brokenStatus ?? (await this.#take(body));
    this.#count += 1;
    this.#calls.push({ event, contentType: headers['content-type'] ?? '', body: body ?? '', status });
    if (this.#calls.length > REMEMBERED) this.#calls.shift();
    return status;
  }

  async #take(body: string | undefined): Promise<number> {
    if (body === undefined) return 413;
    const object = parsed(body);
    if (object === undefined) return 400;
    if (tellsOfChange(object)) await this.#read();
    else this.#object = object;
    return 204;
  }

  async #read(): Promise<void> {
    if (this.#options.objectUrl === undefined) return;
    this.#object = await readJson(this.#options.objectUrl);
  }

  /** The event is repeated: by that the daemon knows that nothing new happened. What it answers changes nothing here. */
  #callBack(event: string): Promise<void> {
    const socketPath = this.#options.daemonSocket;
    if (socketPath === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const headers = event === '' ? {} : { 'Sidecache-Event': event };
      const path = '/cache/invalidate?users=1';
      const asked = httpRequest({ socketPath, path, method: 'POST', headers, agent: false }, (reply) => {
        reply.on('close', resolve).resume();
      });
      asked.setTimeout(CALL_BACK_LIMIT_MS, () => asked.destroy());
      asked.on('error', () => resolve()).end();
    });
  }
}

/** By a connection of its own: one that was kept might just be closing. */
function readJson(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { agent: false }, (reply) => {
      bodyOf(reply).then((body) => resolve(parsed(body ?? '')), reject);
    });
    asked.on('error', reject).end();
  });
}

function statusIn(text: string | null): number {
  const status = Number(text ?? 500);
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 500;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function tellsOfChange(object: unknown): boolean {
  if (typeof object !== 'object' || object === null || !('kind' in object)) return false;
  return KINDS_OF_CHANGE.includes(String(object.kind));
}
