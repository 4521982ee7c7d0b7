// CLIENT: what is known of this client and of the others. TRACKING and its kin are in tracking.ts.

import type { Call } from '../call.ts';
import type { Client } from '../client.ts';
import { describeClient, typeOf } from '../client-line.ts';
import { type Command, type CommandFlag, NO_KEYS } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { SYNTAX_ERROR, shownText, wrongArity } from '../error-text.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';
import { isName, NO_NAME } from './connection.ts';

const FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN: readonly CommandFlag[] = ['admin', ...FLAGS];

function row(name: string, arity: number, run: Command['run'], flags = FLAGS): Command {
  return { name: `client|${name}`, arity, flags, keys: NO_KEYS, run };
}

export const clientCommands: readonly Command[] = [
  row('id', 2, ({ client }, _call, reply) => reply.integer(client.id)),
  row('info', 2, info),
  row('list', -2, list, ADMIN),
  row('getname', 2, getName),
  row('setname', 3, setName),
  row('setinfo', 4, setInfo),
  row('no-evict', 3, (context, call, reply) => turn(context.client, 'noEvict', call, reply), ADMIN),
  row('no-touch', 3, (context, call, reply) => turn(context.client, 'noTouch', call, reply)),
  row('reply', 3, setReplies),
  row('kill', -3, kill, ADMIN),
  row('pause', -3, pause, ADMIN),
  row('unpause', 2, unpause, ADMIN),
  row('unblock', -3, unblock, ADMIN),
];

// --- who is who

function getName({ client }: CommandContext, _call: Call, reply: Reply): void {
  if (client.name === '') reply.null();
  else reply.bulkText(client.name);
}

function setName({ client }: CommandContext, call: Call, reply: Reply): void {
  const name = call.text(2);
  if (!isName(name)) {
    reply.error(NO_NAME);
    return;
  }
  client.name = name;
  reply.ok();
}

function setInfo({ client }: CommandContext, call: Call, reply: Reply): void {
  const text = call.text(3);
  const isVersion = call.is(2, 'LIB-VER');
  if (!isVersion && !call.is(2, 'LIB-NAME')) {
    reply.error(`ERR Unrecognized option '${shownText(call, 2)}'`);
  } else if (!isName(text)) {
    reply.error(`ERR ${shownText(call, 2)} cannot contain spaces, newlines or special characters.`);
  } else {
    if (isVersion) client.libraryVersion = text;
    else client.libraryName = text;
    reply.ok();
  }
}

function info(context: CommandContext, _call: Call, reply: Reply): void {
  reply.verbatim(`${lineOf(context, context.client)}\n`);
}

function list(context: CommandContext, call: Call, reply: Reply): void {
  const chosen = chooseListed(context, call);
  if (typeof chosen === 'string') reply.error(chosen);
  else reply.verbatim(chosen.map((client) => `${lineOf(context, client)}\n`).join(''));
}

function lineOf({ clock }: CommandContext, client: Client): string {
  return describeClient(client, clock.now());
}

function chooseListed({ server }: CommandContext, call: Call): Client[] | string {
  const all = [...server.clients.values()];
  if (call.count === 2) return all;
  if (call.is(2, 'TYPE') && call.count === 4) {
    const type = parseType(call, 3);
    if (type === undefined) return unknownType(call, 3);
    return all.filter((client) => typeOf(client) === type);
  }
  if (!call.is(2, 'ID') || call.count === 3) return SYNTAX_ERROR;
  const listed: Client[] = [];
  for (let i = 3; i < call.count; i++) {
    const id = integerOf(call, i);
    if (id === undefined) return 'ERR Invalid client ID';
    const client = server.clients.get(Number(id));
    if (client) listed.push(client);
  }
  return listed;
}

type ClientType = 'normal' | 'master' | 'replica' | 'pubsub';

function parseType(call: Call, i: number): ClientType | undefined {
  if (call.is(i, 'SLAVE')) return 'replica';
  const types: readonly ClientType[] = ['normal', 'master', 'replica', 'pubsub'];
  return types.find((type) => call.is(i, type.toUpperCase()));
}

function unknownType(call: Call, i: number): string {
  return `ERR Unknown client type '${shownText(call, i)}'`;
}

// --- what it is told

function turn(client: Client, setting: 'noEvict' | 'noTouch', call: Call, reply: Reply): void {
  const isOn = call.is(2, 'ON');
  if (!isOn && !call.is(2, 'OFF')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  client[setting] = isOn;
  reply.ok();
}

function setReplies({ client }: CommandContext, call: Call, reply: Reply): void {
  if (call.is(2, 'ON')) {
    client.replyMode = 'on';
    reply.ok();
  } else if (call.is(2, 'OFF')) {
    client.replyMode = 'off';
  } else if (call.is(2, 'SKIP')) {
    if (client.replyMode === 'on') client.replyMode = 'skip';
  } else {
    reply.error(SYNTAX_ERROR);
  }
}

// --- ending and halting others

interface Victims {
  id?: bigint;
  type?: ClientType;
  address?: string;
  localAddress?: string;
  user?: string;
  /** Seconds; connected for so long. */
  age?: bigint;
  skipsMe: boolean;
}

function kill(context: CommandContext, call: Call, reply: Reply): void {
  if (call.count === 3) killOne(context, call.text(2), reply);
  else killChosen(context, call, reply);
}

function killOne(context: CommandContext, address: string, reply: Reply): void {
  const found = [...context.server.clients.values()].find(({ port }) => port.address === address);
  if (!found) {
    reply.error('ERR No such client');
    return;
  }
  end(context, found);
  reply.ok();
}

function killChosen(context: CommandContext, call: Call, reply: Reply): void {
  const victims = parseVictims(call);
  if (typeof victims === 'string') {
    reply.error(victims);
    return;
  }
  const chosen = [...context.server.clients.values()].filter((client) => isMeant(context, victims, client));
  for (const client of chosen) end(context, client);
  reply.integer(chosen.length);
}

/** The own connection still hears the reply. */
function end(context: CommandContext, client: Client): void {
  if (client === context.client) client.port.close();
  else client.port.cut();
}

function isMeant({ client: self, clock }: CommandContext, victims: Victims, client: Client): boolean {
  const { id, type, address, localAddress, user, age, skipsMe } = victims;
  if (address !== undefined && client.port.address !== address) return false;
  if (localAddress !== undefined && client.port.localAddress !== localAddress) return false;
  if (type !== undefined && typeOf(client) !== type) return false;
  if (id !== undefined && BigInt(client.id) !== id) return false;
  if (user !== undefined && user !== 'default') return false;
  if (age !== undefined && clock.now() - client.connectedAtMs < Number(age) * 1000) return false;
  return !(skipsMe && client === self);
}

function parseVictims(call: Call): Victims | string {
  const victims: Victims = { skipsMe: true };
  if (call.count % 2 !== 0) return SYNTAX_ERROR;
  for (let i = 2; i < call.count; i += 2) {
    const wrong = takeVictim(victims, call, i);
    if (wrong !== undefined) return wrong;
  }
  return victims;
}

function takeVictim(victims: Victims, call: Call, i: number): string | undefined {
  const value = call.text(i + 1);
  if (call.is(i, 'ID')) {
    const id = integerOf(call, i + 1);
    if (id === undefined || id < 1n) return 'ERR client-id should be greater than 0';
    victims.id = id;
  } else if (call.is(i, 'TYPE')) {
    const type = parseType(call, i + 1);
    if (type === undefined) return unknownType(call, i + 1);
    victims.type = type;
  } else if (call.is(i, 'ADDR')) {
    victims.address = value;
  } else if (call.is(i, 'LADDR')) {
    victims.localAddress = value;
  } else if (call.is(i, 'USER')) {
    if (value !== 'default') return `ERR No such user '${value}'`;
    victims.user = value;
  } else if (call.is(i, 'MAXAGE')) {
    const age = integerOf(call, i + 1);
    if (age === undefined) return 'ERR maxage is not an integer or out of range';
    if (age < 1n) return 'ERR maxage should be greater than 0';
    victims.age = age;
  } else if (call.is(i, 'SKIPME') && (call.is(i + 1, 'YES') || call.is(i + 1, 'NO'))) {
    victims.skipsMe = call.is(i + 1, 'YES');
  } else {
    return SYNTAX_ERROR;
  }
  return undefined;
}

const LONGEST_PAUSE_MS = 3_600_000n;

function pause({ server }: CommandContext, call: Call, reply: Reply): void {
  const forMs = integerOf(call, 2);
  const isMode = call.count === 4 && (call.is(3, 'WRITE') || call.is(3, 'ALL'));
  if (call.count > 4) reply.error(wrongArity('client|pause'));
  else if (call.count === 4 && !isMode) reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL');
  else if (forMs === undefined) reply.error('ERR timeout is not an integer or out of range');
  else if (forMs < 0n) reply.error('ERR timeout is negative');
  else {
    server.pause(
      Number(forMs > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : forMs),
      call.count === 4 && call.is(3, 'WRITE'),
    );
    reply.ok();
  }
}

function unpause({ server }: CommandContext, _call: Call, reply: Reply): void {
  server.unpause();
  reply.ok();
}

/** No command here blocks. */
function unblock(_context: CommandContext, call: Call, reply: Reply): void {
  const isHow = call.count === 4 && (call.is(3, 'TIMEOUT') || call.is(3, 'ERROR'));
  if (call.count > 4 || (call.count === 4 && !isHow))
    reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  else if (integerOf(call, 2) === undefined) reply.error('ERR value is not an integer or out of range');
  else reply.integer(0);
}
