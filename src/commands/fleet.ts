// `sidecache fleet N`: a whole fleet on this machine, to try what it does: N daemons with an app beside each, an
// origin, and a stand-in for the router. It lives until Ctrl-C.

import { createInterface } from 'node:readline';
import { TRANSPORTS, type TransportKind } from '../demo/configuration.ts';
import { DemoFleet } from '../demo/fleet.ts';
import { guideTo } from '../demo/guide.ts';
import type { DemoInstance } from '../demo/instance.ts';
import { obey, ordersFor } from '../demo/orders.ts';
import { CommandError } from '../errors.ts';
import { type Arguments, choiceOption, flag, listOption, textOption } from './arguments.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print } from './host.ts';
import { type Align, escapeControls, paintFor, renderList, renderTable } from './table.ts';

const MOST_INSTANCES = 20;
const HIGHEST_INDEX = 99;
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const HEADING = ['INSTANCE', 'STATE', 'PID', 'FLEET', 'APP', 'SOCKET'];
const ALIGN: readonly Align[] = ['left', 'left', 'right', 'right', 'right', 'left'];

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
      throw new CommandError(EXIT.failed, `no daemon could be started: ${voice.lastDeath}`);
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

/** Resolves when it is told to quit; an end of standard input is none. One order after the other. */
function takeOrders(running: DemoFleet, host: Host, voice: Voice): Promise<void> {
  return new Promise((quit) => {
    let before: Promise<void> = Promise.resolve();
    createInterface({ input: host.stdin }).on('line', (line) => {
      if (line.trim() !== '') before = before.then(() => carryOut(line, running, voice, quit));
    });
  });
}

async function carryOut(line: string, running: DemoFleet, voice: Voice, quit: () => void): Promise<void> {
  try {
    const obeyed = await obey(line, running);
    if (obeyed.result === 'quit') quit();
    else if (obeyed.result === 'list') voice.table(running);
    else if (obeyed.result === 'said') voice.say(obeyed.said);
    else if (obeyed.result === 'instance') voice.state(obeyed.instance);
    else voice.help(running);
  } catch (error) {
    voice.say(String(error));
  }
}

/** What is said, for people or, a JSON document a line, for programs. */
class Voice {
  readonly #host: Host;
  readonly #asJson: boolean;
  /** What came to pass before the opening, which is said first. */
  #early: string[] | undefined = [];
  lastDeath = '';

  constructor(host: Host, asJson: boolean) {
    this.#host = host;
    this.#asJson = asJson;
  }

  async opening(running: DemoFleet): Promise<void> {
    const early = this.#early ?? [];
    this.#early = undefined;
    await print(
      this.#host,
      `${this.#asJson ? lineOf(described(running)) : this.#welcome(running)}${early.join('')}`,
    );
  }

  #welcome(running: DemoFleet): string {
    const origin = `Router ${running.router.url}, origin ${running.origin.url}, logs in ${running.folder}`;
    return `${this.#rendered(running)}\n${origin}\n\n${guideTo(running)}\n${this.#orders(running)}`;
  }

  table(running: DemoFleet): void {
    if (this.#asJson) this.#line(described(running));
    else this.#text(this.#rendered(running));
  }

  state({ name, state, pid }: DemoInstance): void {
    if (this.#asJson) this.#line({ name, state, pid: pid ?? null });
    else this.#text(`instance ${name} is ${state}${pid === undefined ? '' : `, pid ${pid}`}\n`);
  }

  death({ name, log }: DemoInstance, how: string): void {
    this.lastDeath = how;
    if (this.#asJson) this.#line({ name, state: 'down', how, log });
    else
      this.#text(
        `instance ${name} ended: ${escapeControls(how)}; its log: ${log}; start ${name} starts another\n`,
      );
  }

  help(running: DemoFleet): void {
    if (this.#asJson) this.#line({ orders: ordersFor(running).map(([order]) => order) });
    else this.#text(this.#orders(running));
  }

  say(sentence: string): void {
    if (this.#asJson) this.#line({ said: sentence });
    else this.#text(`${escapeControls(sentence)}\n`);
  }

  #orders(running: DemoFleet): string {
    return `Type here:\n${renderList(ordersFor(running), paintFor(this.#host))}`;
  }

  #rendered({ instances }: DemoFleet): string {
    const rows = instances.map(({ name, state, pid, fleetPort, app, socket }) =>
      [name, state, pid ?? '-', fleetPort, app.port, socket].map(String),
    );
    return renderTable(HEADING, rows, ALIGN, paintFor(this.#host));
  }

  #line(document: object): void {
    this.#text(lineOf(document));
  }

  /** Whoever read it may have gone; the fleet goes on. */
  #text(text: string): void {
    if (this.#early !== undefined) this.#early.push(text);
    else print(this.#host, text).catch(() => undefined);
  }
}

function lineOf(document: object): string {
  return `${JSON.stringify(document)}\n`;
}

function described({ router, origin, operatorToken, instances }: DemoFleet): object {
  return {
    router: router.url,
    origin: origin.url,
    token: operatorToken,
    instances: instances.map(({ name, index, state, socket, fleetPort, app, pid }) => ({
      ...{ name, index, state, socket, fleet: fleetPort, app: app.port, pid: pid ?? null },
    })),
  };
}
