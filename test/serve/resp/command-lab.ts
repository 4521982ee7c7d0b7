// Caches behind the commands of RESP, without a connection: what is said is run at once, its reply read back.
//
//   default  no loader        users    before a scripted origin, writes are changes
//   short    `ttl` of 60 s    idle     `expiry` of 60 s

import * as assert from 'uvu/assert';
import type { Cache } from '../../../src/cache/cache.ts';
import { Caches } from '../../../src/cache/caches.ts';
import type { Times } from '../../../src/cache/freshness.ts';
import { Changes } from '../../../src/changes/changes.ts';
import { Headroom } from '../../../src/serve/headroom.ts';
import { Account } from '../../../src/serve/resp/account.ts';
import { callOf } from '../../../src/serve/resp/call.ts';
import { Client, type ClientPort } from '../../../src/serve/resp/client.ts';
import type { Command } from '../../../src/serve/resp/command.ts';
import { basicCommands } from '../../../src/serve/resp/commands/basics.ts';
import { clientCommands } from '../../../src/serve/resp/commands/client.ts';
import { commandCommands } from '../../../src/serve/resp/commands/command.ts';
import { expiryCommands } from '../../../src/serve/resp/commands/expiry.ts';
import { keyCommands } from '../../../src/serve/resp/commands/keys.ts';
import { numberCommands } from '../../../src/serve/resp/commands/numbers.ts';
import { scanCommands } from '../../../src/serve/resp/commands/scan.ts';
import { serverCommands } from '../../../src/serve/resp/commands/server.ts';
import { sidecacheCommands } from '../../../src/serve/resp/commands/sidecache.ts';
import { stringRangeCommands } from '../../../src/serve/resp/commands/string-ranges.ts';
import { stringCommands } from '../../../src/serve/resp/commands/strings.ts';
import { transactionCommands } from '../../../src/serve/resp/commands/transactions.ts';
import type { CommandContext } from '../../../src/serve/resp/context.ts';
import { Dispatch } from '../../../src/serve/resp/dispatch.ts';
import { Keyspace } from '../../../src/serve/resp/keyspace.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import { ServerFacts } from '../../../src/serve/resp/server-facts.ts';
import { SlowLog } from '../../../src/serve/resp/slow-log.ts';
import { Tracking } from '../../../src/serve/resp/tracking.ts';
import { Watches } from '../../../src/serve/resp/watches.ts';
import { Store } from '../../../src/store/store.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { ScriptedLoader } from '../../cache/scripted-loader.ts';
import { seededRandom } from '../../store/seeded-random.ts';
import { type Said, textIn, valueIn } from './reply-value.ts';

const OFF: Times = {
  refreshMs: undefined,
  refreshAhead: false,
  expiryMs: undefined,
  ttlMs: undefined,
  negativeMs: 60_000,
  retryMs: 5000,
};

export interface CommandLabOptions {
  memoryBytes?: number;
  maxValueBytes?: number;
  roomBytes?: number;
  /** Replies that grow take their memory from what the store may have, as in the daemon. */
  readonly repliesTakeRoom?: boolean;
  /** Of `users`. */
  readonly softTimeoutMs?: number;
  /** Somebody wants to hear of every fill: none is written past what tells of it. */
  readonly heedsAll?: boolean;
  /** More caches without loaders. */
  readonly shares?: Readonly<Record<string, { readonly shareBytes: number; readonly evictable: boolean }>>;
}

export class CommandLab {
  readonly clock = new FakeClock();
  readonly loader = new ScriptedLoader();
  readonly store: Store;
  readonly caches: Caches;
  readonly keyspace: Keyspace;
  readonly watches = new Watches();
  readonly defects: unknown[] = [];
  /** What others were told, and who listens: `write default a`. */
  readonly told: string[] = [];
  /** Entries that were given another end: `default a`. */
  readonly gotEnd: string[] = [];
  /** Bytes held for clients. */
  roomUsed = 0;
  turns = 0;
  /** Done once, when the next turn is given. */
  onTurn: (() => void) | undefined;
  readonly dispatch: Dispatch;
  readonly server: ServerFacts;
  readonly changes: Changes;
  readonly #roomBytes: number;
  readonly #replyRoom: Headroom | undefined;
  readonly #heedsAll: boolean;
  readonly #softTimeoutMs: number | undefined;
  readonly #room = {
    charge: (bytes: number): boolean => {
      if (this.roomUsed + bytes > this.#roomBytes) return false;
      this.roomUsed += bytes;
      return true;
    },
    release: (bytes: number): void => {
      this.roomUsed -= bytes;
    },
  };
  readonly client: Client;

  constructor(options: CommandLabOptions = {}) {
    const {
      memoryBytes = 64 << 20,
      maxValueBytes = 4 << 20,
      roomBytes = 16 << 20,
      heedsAll = false,
    } = options;
    this.#heedsAll = heedsAll;
    this.#softTimeoutMs = options.softTimeoutMs;
    const random = seededRandom(1);
    this.#roomBytes = roomBytes;
    this.store = new Store({ memoryBytes, maxValueBytes, seed: [3, 4] });
    this.#replyRoom = options.repliesTakeRoom ? new Headroom(this.store.budget) : undefined;
    this.caches = new Caches(this.store, this.clock, random);
    this.#add('default', {});
    this.#add('users', {}, this.loader);
    this.#add('short', { ttlMs: 60_000 });
    this.#add('idle', { expiryMs: 60_000 });
    for (const [name, share] of Object.entries(options.shares ?? {})) this.#add(name, {}, undefined, share);
    this.changes = this.#newChanges();
    const facts = new Map(
      this.caches.names.map((name) => [
        name,
        { mode: 'local', writes: name === 'users' ? ('change' as const) : ('fill' as const) },
      ]),
    );
    this.keyspace = new Keyspace({
      ...{ caches: this.caches, changes: this.changes, clock: this.clock, facts },
      gotEnd: (cache, key) => this.gotEnd.push(`${cache} ${key}`),
    });
    this.server = this.#newServer();
    this.dispatch = new Dispatch({
      commands: this.#commands(random),
      defect: (error) => this.defects.push(error),
      tracking: this.#newTracking(),
    });
    this.client = this.newClient();
  }

  cache(name: string): Cache {
    return this.caches.get(name)!;
  }

  newClient(): Client {
    const account = new Account(this.#room);
    const port: ClientPort = {
      ...{ address: '', localAddress: '', account, unparsedBytes: 0, unsentBytes: 0 },
      ...{ push: () => {}, close: () => {}, cut: () => {} },
    };
    const client = new Client(this.server.nextId(), port, this.clock.now(), true);
    this.server.clients.set(client.id, client);
    return client;
  }

  /** Says it and reads the reply, which is to be there at once. */
  say(...words: string[]): Said {
    const { reply, waits } = this.#run(this.client, words);
    assert.is(waits, undefined, `${words[0]} waits`);
    return takeValue(reply);
  }

  /** The same by another client. */
  sayAs(client: Client, ...words: string[]): Said {
    const { reply, waits } = this.#run(client, words);
    assert.is(waits, undefined, `${words[0]} waits`);
    return takeValue(reply);
  }

  /** Says it and reads the reply when it is there. */
  async saying(...words: string[]): Promise<Said> {
    const { reply, waits } = this.#run(this.client, words);
    assert.ok(waits, `${words[0]} does not wait`);
    await waits;
    return takeValue(reply);
  }

  /** The same, whether it is there at once or not. */
  async asking(...words: string[]): Promise<Said> {
    const { reply, waits } = this.#run(this.client, words);
    await waits;
    return takeValue(reply);
  }

  /** The reply as it stands on the wire, CRLF as a blank. */
  wire(...words: string[]): string {
    const { reply, waits } = this.#run(this.client, words);
    assert.is(waits, undefined);
    return textIn(reply);
  }

  /** Nothing went wrong unnoticed, and nothing is held for anybody. */
  end(): void {
    assert.equal(this.defects, []);
    assert.is(this.roomUsed, 0);
    assert.is(this.watches.size, 0);
    assert.is(this.store.room.draftBytes, 0);
    assert.equal(this.loader.open.length, 0);
  }

  #run(client: Client, words: readonly string[]): { reply: Reply; waits: void | Promise<void> } {
    const reply = new Reply(undefined, this.#replyRoom);
    const context: CommandContext = {
      client,
      keyspace: this.keyspace,
      clock: this.clock,
      server: this.server,
      changes: this.changes,
      turn: () => this.#turn(),
    };
    const call = callOf(...words);
    const waits = this.dispatch.run(context, call, reply);
    // It is good until the command waits.
    if (waits) call.bytes.fill(0xee);
    return { reply, waits };
  }

  async #turn(): Promise<void> {
    this.turns++;
    await null;
    const { onTurn } = this;
    this.onTurn = undefined;
    onTurn?.();
  }

  #commands(random: () => number): Command[] {
    const commands: Command[] = [
      ...basicCommands,
      ...clientCommands,
      ...stringCommands,
      ...stringRangeCommands,
      ...numberCommands,
      ...keyCommands,
      ...expiryCommands,
      ...scanCommands(random),
      ...transactionCommands((...call) => this.dispatch.execute(...call), this.watches),
      ...sidecacheCommands,
      ...serverCommands,
      ...commandCommands(() => commands),
    ];
    return commands;
  }

  #add(
    name: string,
    times: Partial<Times>,
    loader?: ScriptedLoader,
    share: { shareBytes: number | undefined; evictable: boolean } = {
      shareBytes: undefined,
      evictable: true,
    },
  ): void {
    const settings = { softTimeoutMs: this.#softTimeoutMs, concurrency: 32, queue: 1000 };
    this.caches.add({
      name,
      times: { ...OFF, ...times },
      ...share,
      loading: loader && { loader, settings },
      changed: (change) => {
        this.keyspace.changed(name, change);
        this.watches.changed(this.cache(name), change);
      },
      isHeeded: () => this.#heedsAll || this.watches.size > 0,
      unstorable: () => {},
      defect: (error) => this.defects.push(error),
    });
  }

  /** Nobody tracks anything here. */
  #newTracking(): Tracking {
    return new Tracking({
      names: {
        nameOf: (_cache, key) => key.toString('latin1'),
        cacheOf: () => 'default',
        stored: (name) => name,
        version: 0,
        keepMs: () => 0,
        mayHave: () => true,
      },
      clock: this.clock,
      random: () => 0,
      charge: () => true,
      release: () => {},
      maxBytes: 1 << 20,
      client: () => undefined,
      soon: (run) => queueMicrotask(run),
    });
  }

  #newChanges(): Changes {
    return new Changes({
      caches: this.caches,
      clock: this.clock,
      self: { index: '0', instanceId: 'self', incarnation: 'now' },
      modes: new Map(this.caches.names.map((name) => [name, 'local'])),
      appCaches: new Set(),
      publish: (kind, { caches, keys, tags, prefixes }) => {
        const what = [...keys, ...tags, ...prefixes].join(' ');
        this.told.push(`${kind} ${caches.map(({ name }) => name)} ${what}`.trimEnd());
      },
    });
  }

  #newServer(): ServerFacts {
    return new ServerFacts({
      identity: { server: 'redis', version: '7.4.0', runId: '0'.repeat(40) },
      clock: this.clock,
      ownVersion: '0.0.0',
      startedAtMs: this.clock.now(),
      password: undefined,
      flushall: 'default',
      memoryBytes: this.store.budget.limitBytes,
      maxValueBytes: this.store.room.maxValueBytes,
      mostClients: 100,
      port: () => 0,
      socket: '',
      mode: 'standalone',
      usedBytes: () => this.store.budget.usedBytes,
      tracked: () => ({ keys: 0, items: 0, prefixes: 0 }),
      rejected: () => 0,
      slowLog: new SlowLog(this.#room, this.clock),
    });
  }
}

function takeValue(reply: Reply): Said {
  const value = valueIn(reply);
  reply.discharge();
  return value;
}
