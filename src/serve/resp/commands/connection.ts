// The connection itself: HELLO AUTH PING ECHO QUIT RESET SELECT. Texts and shapes are those of Redis 7.

import type { Call } from '../call.ts';
import { type Command, type CommandFlag, NO_KEYS } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, shownText, wrongArity } from '../error-text.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';
import type { ServerFacts } from '../server-facts.ts';

const BEFORE_AUTH: readonly CommandFlag[] = ['noscript', 'loading', 'stale', 'fast', 'noauth', 'allow_busy'];
const HIDDEN: readonly CommandFlag[] = [...BEFORE_AUTH, 'hidden'];

export const connectionCommands: readonly Command[] = [
  { name: 'hello', arity: -1, flags: BEFORE_AUTH, keys: NO_KEYS, run: hello },
  { name: 'auth', arity: -2, flags: BEFORE_AUTH, keys: NO_KEYS, run: auth },
  { name: 'ping', arity: -1, flags: ['fast', 'pubsub-mode'], keys: NO_KEYS, run: ping },
  { name: 'echo', arity: 2, flags: ['loading', 'stale', 'fast'], keys: NO_KEYS, run: echo },
  { name: 'quit', arity: -1, flags: [...BEFORE_AUTH, 'unqueued', 'pubsub-mode'], keys: NO_KEYS, run: quit },
  { name: 'reset', arity: 1, flags: [...BEFORE_AUTH, 'unqueued', 'pubsub-mode'], keys: NO_KEYS, run: reset },
  { name: 'select', arity: 2, flags: ['loading', 'stale', 'fast'], keys: NO_KEYS, run: select },
  // What sounds like HTTP was sent by a browser or a proxy that was made to: not even an error is its answer.
  { name: 'post', arity: -1, flags: HIDDEN, keys: NO_KEYS, run: refuseHttp },
  { name: 'host:', arity: -1, flags: HIDDEN, keys: NO_KEYS, run: refuseHttp },
];

// --- who it is

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';
const NOT_KNOWN =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';

function auth({ client, server }: CommandContext, call: Call, reply: Reply): void {
  if (call.count > 3) {
    reply.error(SYNTAX_ERROR);
  } else if (call.count === 2 && server.parts.password === undefined) {
    reply.error(NO_PASSWORD);
  } else if (isRight(server, call.count === 3 ? call.text(1) : 'default', call.text(call.count - 1))) {
    client.authenticate();
    reply.ok();
  } else {
    reply.error(WRONG_PASSWORD);
  }
}

/** Without a password nobody needs one, and any is right. */
function isRight(server: ServerFacts, user: string, password: string): boolean {
  const wanted = server.parts.password;
  if (user !== 'default') return false;
  return wanted === undefined || isSame(password, Buffer.from(wanted).toString('latin1'));
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, wanted: string): boolean {
  let differs = given.length ^ wanted.length;
  for (let i = 0; i < given.length; i++)
    differs |= given.charCodeAt(i) ^ wanted.charCodeAt(i % wanted.length);
  return differs === 0;
}

interface Greeting {
  proto: 2 | 3 | undefined;
  user: string | undefined;
  password: string;
  name: string | undefined;
}

function hello(context: CommandContext, call: Call, reply: Reply): void {
  const { client, server } = context;
  const greeting = parseGreeting(call);
  if (typeof greeting === 'string') {
    reply.error(greeting);
    return;
  }
  const { proto, user, password, name } = greeting;
  if (user !== undefined) {
    if (!isRight(server, user, password)) {
      reply.error(WRONG_PASSWORD);
      return;
    }
    client.authenticate();
  }
  if (!client.authenticated) {
    reply.error(NOT_KNOWN);
    return;
  }
  if (name !== undefined) client.name = name;
  if (proto !== undefined) client.proto = proto;
  reply.proto = client.proto;
  replyHello(context, reply);
}

function parseGreeting(call: Call): Greeting | string {
  const greeting: Greeting = { proto: undefined, user: undefined, password: '', name: undefined };
  if (call.count === 1) return greeting;
  const proto = integerOf(call, 1);
  if (proto === undefined) return 'ERR Protocol version is not an integer or out of range';
  if (proto !== 2n && proto !== 3n) return 'NOPROTO unsupported protocol version';
  greeting.proto = proto === 3n ? 3 : 2;
  for (let i = 2; i < call.count; i++) {
    if (call.is(i, 'AUTH') && i + 2 < call.count) {
      greeting.user = call.text(++i);
      greeting.password = call.text(++i);
    } else if (call.is(i, 'SETNAME') && i + 1 < call.count) {
      greeting.name = call.text(++i);
      if (!isName(greeting.name)) return NO_NAME;
    } else {
      return `ERR Syntax error in HELLO option '${shownText(call, i)}'`;
    }
  }
  return greeting;
}

function replyHello({ client, server }: CommandContext, reply: Reply): void {
  const { identity, mode } = server.parts;
  reply.map(7);
  const say = (name: string, value: string | number): void => {
    reply.bulkText(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkText(value);
  };
  say('server', identity.server);
  say('version', identity.version);
  say('proto', client.proto);
  say('id', client.id);
  say('mode', mode);
  say('role', 'master');
  reply.bulkText('modules');
  reply.array(0);
}

export const NO_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

export function isName(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

// --- small talk

function ping({ client }: CommandContext, call: Call, reply: Reply): void {
  if (call.count > 2) {
    reply.error(wrongArity('ping'));
  } else if (client.isSubscriber && client.proto === 2) {
    reply.array(2);
    reply.bulkText('pong');
    if (call.count === 2) reply.bulk(call.bytes, call.start(1), call.end(1));
    else reply.bulkText('');
  } else if (call.count === 2) {
    reply.bulk(call.bytes, call.start(1), call.end(1));
  } else {
    reply.simple('PONG');
  }
}

function echo(_context: CommandContext, call: Call, reply: Reply): void {
  reply.bulk(call.bytes, call.start(1), call.end(1));
}

function quit({ client }: CommandContext, _call: Call, reply: Reply): void {
  reply.ok();
  client.port.close();
}

function refuseHttp({ client }: CommandContext, _call: Call, reply: Reply): void {
  reply.error('ERR this is RESP; a request of HTTP begins with a line that ends in HTTP/1.1');
  client.port.close();
}

/** As if it had just connected. */
function reset({ client }: CommandContext, _call: Call, reply: Reply): void {
  client.reset();
  reply.proto = client.proto;
  reply.simple('RESET');
}

/** All keys are in one place; clients say so all the same. */
function select({ client }: CommandContext, call: Call, reply: Reply): void {
  const index = integerOf(call, 1);
  if (index === undefined) reply.error(NOT_AN_INTEGER);
  else if (index !== 0n) reply.error('ERR DB index is out of range');
  else {
    client.db = 0;
    reply.ok();
  }
}
