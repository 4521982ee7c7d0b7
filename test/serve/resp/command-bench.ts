// Runs rows of the table of commands as they are, with clients that keep what they are pushed.

import { Account } from '../../../src/serve/resp/account.ts';
import { callOf } from '../../../src/serve/resp/call.ts';
import { Client } from '../../../src/serve/resp/client.ts';
import type { Command } from '../../../src/serve/resp/command.ts';
import type { CommandContext } from '../../../src/serve/resp/context.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import { textOf } from './push-clients.ts';

export interface BenchClient {
  readonly client: Client;
  /** Frames that were pushed, CRLF as a blank. */
  readonly pushed: string[];
  /** What the command replies, CRLF as a blank. */
  run(...words: string[]): string;
}

export class CommandBench {
  readonly #commands: readonly Command[];
  readonly clients = new Map<number, Client>();

  constructor(commands: readonly Command[]) {
    this.#commands = commands;
  }

  client(proto: 2 | 3): BenchClient {
    const pushed: string[] = [];
    const made = new Client(
      this.clients.size + 1,
      portOf(() => made, pushed),
      0,
      true,
    );
    made.proto = proto;
    this.clients.set(made.id, made);
    made.onClose(() => this.clients.delete(made.id));
    return { client: made, pushed, run: (...words) => this.#run(made, words) };
  }

  #run(client: Client, words: string[]): string {
    const [word = '', part = ''] = words.map((text) => text.toLowerCase());
    const command = this.#commands.find(({ name }) => name === word || name === `${word}|${part}`);
    if (!command) throw new Error(`there is no ${word} ${part}`);
    const reply = new Reply();
    reply.proto = client.proto;
    // Of what a command is given these need no more.
    const context = { client, server: { clients: this.clients } } as unknown as CommandContext;
    void command.run(context, callOf(...words), reply);
    return textOf(reply);
  }
}

function portOf(client: () => Client, pushed: string[]): Client['port'] {
  return {
    address: '',
    localAddress: '',
    unparsedBytes: 0,
    unsentBytes: 0,
    account: new Account({ charge: () => true, release: () => {} }),
    close: () => {},
    cut: () => {},
    push: (write) => {
      const reply = new Reply();
      reply.proto = client().proto;
      write(reply);
      pushed.push(textOf(reply));
    },
  };
}
