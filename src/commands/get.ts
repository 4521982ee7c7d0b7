// `sidecache get CACHE KEY`: the value, byte for byte; on a terminal, safe to look at.

import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { CommandError } from '../errors.ts';
import { addressOf } from './address.ts';
import { readBody } from './answer.ts';
import { type Arguments, flag } from './arguments.ts';
import { expectOk } from './client.ts';
import { entryTarget } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print, printError, printJson } from './host.ts';
import { shownKey } from './percent.ts';
import { escapeControls } from './table.ts';

export async function get(args: Arguments, host: Host): Promise<number> {
  const target = entryTarget(args, args.words[1] ?? '');
  const reply = await expectOk(addressOf(args, host.env), { method: 'GET', target });
  if (flag(args, 'include')) await printHead(reply, host);
  if (flag(args, 'json')) await printJson(host, await described(reply, target));
  else await copyValue(reply, host);
  return EXIT.ok;
}

async function printHead(reply: IncomingMessage, host: Host): Promise<void> {
  await printError(host, `HTTP/${reply.httpVersion} ${reply.statusCode} ${reply.statusMessage}`);
  for (let at = 0; at + 1 < reply.rawHeaders.length; at += 2) {
    await printError(host, escapeControls(`${reply.rawHeaders[at]}: ${reply.rawHeaders[at + 1]}`));
  }
  await printError(host, '');
}

/** Waits for the reader, chunk by chunk: a large value is never held here whole. */
async function copyValue(reply: IncomingMessage, host: Host): Promise<void> {
  const show = host.terminal.stdout ? visible() : undefined;
  for await (const chunk of complete(reply)) await print(host, show ? show(chunk) : chunk);
  if (show) await print(host, show());
}

/** A value cut short must not pass for a value. */
async function* complete(reply: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    throw new CommandError(EXIT.failed, 'the daemon closed the connection before the value was complete', {
      cause,
    });
  }
}

/** For a terminal: control characters are shown, not obeyed, and the prompt starts on a line of its own. */
function visible(): (chunk?: Buffer) => string {
  const decoder = new StringDecoder('utf8');
  let last = '\n';
  return (chunk) => {
    const text = chunk ? decoder.write(chunk) : decoder.end();
    last = text.at(-1) ?? last;
    const shown = text
      .split(/([\t\n])/)
      .map((part) => (part === '\t' || part === '\n' ? part : escapeControls(part)));
    return shown.join('') + (chunk === undefined && last !== '\n' ? '\n' : '');
  };
}

/** JSON has no bytes: a value that is no UTF-8 text stands in base64. */
async function described(reply: IncomingMessage, target: string): Promise<object> {
  const value = await readBody(reply);
  const text = value.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(value);
  const [, , cache, key] = target.split('/');
  return {
    cache,
    key: shownKey(key ?? ''),
    content_type: reply.headers['content-type'] ?? null,
    etag: reply.headers.etag ?? null,
    age_s: reply.headers.age === undefined ? null : Number(reply.headers.age),
    cache_status: reply.headers['cache-status'] ?? null,
    size: value.length,
    ...(isText ? { value: text } : { value_base64: value.toString('base64') }),
  };
}
