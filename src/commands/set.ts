// `sidecache set CACHE KEY [VALUE]`: stores a value from the command line or, streamed, from standard input.

import type { Readable } from 'node:stream';
import { CommandError } from '../errors.ts';
import { addressOf } from './address.ts';
import { type Fields, readFields } from './answer.ts';
import { type Arguments, durationOption, flag, tagsOption, textOption } from './arguments.ts';
import { codeIn, refusal, send } from './client.ts';
import { entryTarget } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, printJson } from './host.ts';
import { percentEncode } from './percent.ts';

const LONGEST_TTL_MS = 365 * 86_400_000;

export async function set(args: Arguments, host: Host): Promise<number> {
  const reply = await send(addressOf(args, host.env), {
    method: 'PUT',
    target: entryTarget(args, args.words[1] ?? '') + queryOf(args),
    headers: headersOf(args),
    body: valueFrom(args, host),
  });
  const status = reply.statusCode ?? 500;
  if (status >= 400) throw refusalOfSet(status, await readFields(reply), flag(args, 'if-absent'));
  reply.resume();
  if (flag(args, 'json')) {
    await printJson(host, {
      cache: args.words[0],
      result: reply.statusCode === 201 ? 'created' : 'replaced',
    });
  }
  return EXIT.ok;
}

/** The daemon speaks of the header that it was sent; whoever typed --if-absent never saw one. */
function refusalOfSet(status: number, problem: Fields | undefined, ifAbsent: boolean): CommandError {
  if (!ifAbsent || codeIn(problem) !== 'precondition_failed') return refusal(status, problem);
  return new CommandError(EXIT.failed, 'there is already an entry under this key');
}

function valueFrom(args: Arguments, host: Host): Buffer | Readable {
  const value = args.words[2];
  if (value !== undefined && value !== '-') return Buffer.from(value, 'utf8');
  if (value === undefined && host.terminal.stdin) {
    throw new CommandError(
      EXIT.usage,
      'VALUE is missing, and standard input is a terminal; - reads from it all the same',
    );
  }
  return host.stdin;
}

function queryOf(args: Arguments): string {
  const ttl = checkedTtl(args);
  const pairs = ttl === undefined ? [] : [`ttl=${percentEncode(Buffer.from(ttl))}`];
  if (flag(args, 'fill') && flag(args, 'change')) {
    throw new CommandError(EXIT.usage, '--fill and --change are opposites; give one of them');
  }
  if (flag(args, 'fill')) pairs.push('fill=1');
  if (flag(args, 'change')) pairs.push('change=1');
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function headersOf(args: Arguments): Record<string, string> {
  const headers: Record<string, string> = {};
  const contentType = textOption(args, 'content-type');
  const tags = tagsOption(args);
  if (contentType !== undefined) headers['Content-Type'] = checkedContentType(contentType);
  if (tags.length > 0) headers['Surrogate-Key'] = tags.join(' ');
  if (flag(args, 'if-absent')) headers['If-None-Match'] = '*';
  return headers;
}

/** As it was given, with the daemon's bounds. */
function checkedTtl(args: Arguments): string | undefined {
  const ms = durationOption(args, 'ttl');
  if (ms === undefined || (ms > 0 && ms <= LONGEST_TTL_MS)) return textOption(args, 'ttl');
  throw new CommandError(EXIT.usage, '--ttl must be more than 0 and at most 365d');
}

function checkedContentType(contentType: string): string {
  if (/^[ -~]{1,255}$/.test(contentType)) return contentType;
  throw new CommandError(EXIT.usage, '--content-type must be 1 to 255 printable ASCII characters');
}
