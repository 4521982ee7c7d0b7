// `sidecache fleet N`: a whole fleet on this machine, to try what it does: N daemons with an app beside each, an
// origin, and a stand-in for the router. It lives until Ctrl-C.

import { createInterface } from 'node:readline';
import { TRANSPORTS, type TransportKind } from '../demo/configuration.ts';
import { DemoFleet } from '../demo/fleet.ts';
import { guideTo, ORDERS_SHOWN } from '../demo/guide.ts';
import type { DemoInstance } from '../demo/instance.ts';
import { CommandError } from '../errors.ts';
import { type Arguments, choiceOption, flag, listOption, textOption } from './arguments.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print } from './host.ts';
import { type Align, escapeControls, paintFor, renderList, renderTable } from './table.ts';

const MOST_INSTANCES = 20;
const HIGHEST_INDEX = 99;
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const HEADING = ['INDEX', 'STATE', 'PID', 'FLEET', 'APP', 'SOCKET'];
const ALIGN: readonly Align[] = ['left', 'left', 'right', 'right', 'right', 'left'];
const ORDER = /^(start|stop|kill|pause|resume) (\d+)$/;

interface Wanted {
  readonly indices: readonly number[];
  readonly transport: TransportKind;
  readonly routerPort: number;
}

export async function fleet(args: Arguments, host: Host): Promise<number> {
  const wanted = wantedIn(args);
  const voice = new Voice(host, flag(args, 'json'));
  let asked = false;
  const told = new Promise<void>((resolve) => {
    for (const signal of ENDING) {
      host.onSignal(signal, () => {
        asked = true;
        resolve();
      });
    }
  });
  const running = await DemoFleet.start({
    ...wanted,
    program: { command: ownCommand(), env: host.env },
    // A Ctrl-C reaches the daemons as well.
    onDeath: (instance, how) => asked || voice.death(instance, how),
  });
  try {
    if (asked) return EXIT.ok;
    if (running.instances.every(({ state }) => state === 'down')) {
      throw new CommandError(EXIT.failed, 'no daemon could be started');
    }
    await voice.opening(running);
    await Promise.race([told, takeOrders(running, host, voice)]);
    asked = true;
  } finally {
    await running.close();
  }
  return EXIT.ok;
}

/** This very program, however it was started. */
function ownCommand(): readonly string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}

function wantedIn(args: Arguments): Wanted {
  const count = wholeNumber(args.words[0] ?? '', 'N', 1, MOST_INSTANCES);
  const missing = listOption(args, 'missing')
    .flatMap((text) => text.split(','))
    .map((text) => wholeNumber(text, '--missing', 0, HIGHEST_INDEX));
  const indices = Array.from({ length: count + missing.length }, (_, index) => index)
    .filter((index) => !missing.includes(index))
    .slice(0, count);
  const transport =
    TRANSPORTS.find((one) => one === choiceOption(args, 'transport', TRANSPORTS)) ?? 'gorouter';
  if (transport === 'address' && indices.some((index) => index > 9)) {
    throw new CommandError(EXIT.usage, '--transport address has ports for the indices 0 to 9 only');
  }
  return {
    indices,
    transport,
    routerPort: wholeNumber(textOption(args, 'port') ?? '0', '--port', 0, 65_535),
  };
}

function wholeNumber(text: string, what: string, least: number, most: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new CommandError(EXIT.usage, `${what} must be a whole number from ${least} to ${most}, not ${text}`);
}

/** Resolves when it is told to quit; an end of standard input is none. */
function takeOrders(running: DemoFleet, host: Host, voice: Voice): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: host.stdin });
    lines.on('line', (line) => {
      const order = line.trim();
      if (order === 'quit' || order === 'exit') return resolve();
      if (order !== '') obey(order, running, voice).catch((error) => voice.say(String(error)));
    });
  });
}

async function obey(order: string, running: DemoFleet, voice: Voice): Promise<void> {
  if (order === 'list') return voice.table(running);
  const [, verb, index] = ORDER.exec(order) ?? [];
  if (verb === undefined) return voice.help();
  const instance = running.instance(Number(index));
  if (instance === undefined) return voice.say(`there is no instance ${index}`);
  // Why it does not start has been said by then.
  if (verb === 'start') await running.start(instance).catch(() => undefined);
  else if (verb === 'stop') await running.stop(instance);
  else if (verb === 'kill') await running.kill(instance);
  else if (verb === 'pause') instance.pause();
  else instance.resume();
  voice.state(instance);
}

/** What is said, for people or, a JSON document a line, for programs. */
class Voice {
  readonly #host: Host;
  readonly #asJson: boolean;

  constructor(host: Host, asJson: boolean) {
    this.#host = host;
    this.#asJson = asJson;
  }

  async opening(running: DemoFleet): Promise<void> {
    if (this.#asJson) return this.#line(described(running));
    const origin = `Router ${running.router.url}, origin ${running.origin.url}, logs in ${running.folder}`;
    await print(
      this.#host,
      `${this.#rendered(running)}\n${origin}\n\n${guideTo(running)}\n${this.#orders()}`,
    );
  }

  table(running: DemoFleet): void {
    if (this.#asJson) this.#line(described(running));
    else this.#text(this.#rendered(running));
  }

  state({ index, state, pid }: DemoInstance): void {
    if (this.#asJson) this.#line({ index, state, pid });
    else this.#text(`instance ${index} is ${state}${pid === undefined ? '' : `, pid ${pid}`}\n`);
  }

  death({ index, log }: DemoInstance, how: string): void {
    if (this.#asJson) this.#line({ index, state: 'down', how, log });
    else
      this.#text(
        `instance ${index} ended: ${escapeControls(how)}; its log: ${log}; start ${index} starts another\n`,
      );
  }

  help(): void {
    if (this.#asJson) this.#line({ orders: ORDERS_SHOWN.map(([order]) => order) });
    else this.#text(this.#orders());
  }

  say(sentence: string): void {
    if (this.#asJson) this.#line({ error: sentence });
    else this.#text(`${escapeControls(sentence)}\n`);
  }

  #orders(): string {
    return `Type here:\n${renderList(ORDERS_SHOWN, paintFor(this.#host))}`;
  }

  #rendered({ instances }: DemoFleet): string {
    const rows = instances.map(({ index, state, pid, fleetPort, app, socket }) =>
      [index, state, pid ?? '-', fleetPort, app.port, socket].map(String),
    );
    return renderTable(HEADING, rows, ALIGN, paintFor(this.#host));
  }

  #line(document: object): void {
    this.#text(`${JSON.stringify(document)}\n`);
  }

  /** Whoever read it may have gone; the fleet goes on. */
  #text(text: string): void {
    print(this.#host, text).catch(() => undefined);
  }
}

function described({ router, origin, operatorToken, instances }: DemoFleet): object {
  return {
    router: router.url,
    origin: origin.url,
    token: operatorToken,
    instances: instances.map(({ index, state, socket, fleetPort, app, pid }) => ({
      ...{ index, state, socket, fleet: fleetPort, app: app.port, pid: pid ?? null },
    })),
  };
}
