// `sidecache keys CACHE`: lists keys page by page, each spelt so that it can be pasted back.

import { type Address, addressOf } from './address.ts';
import { stringsAt, textAt } from './answer.ts';
import { type Arguments, countOption, flag, textOption } from './arguments.ts';
import { askForFields } from './client.ts';
import { cacheTarget } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print, printError, printJson } from './host.ts';
import { keyInUrl, percentEncode, shownKey } from './percent.ts';

const DEFAULT_LIMIT = 1000;
const PAGE_KEYS = 1000;

interface Page {
  keys: readonly string[];
  cursor: string | undefined;
}

export async function keys(args: Arguments, host: Host): Promise<number> {
  const limit = flag(args, 'all') ? Number.POSITIVE_INFINITY : (countOption(args, 'limit') ?? DEFAULT_LIMIT);
  return flag(args, 'json') ? printAsJson(args, host, limit) : printAsLines(args, host, limit);
}

async function printAsLines(args: Arguments, host: Host, limit: number): Promise<number> {
  let more = false;
  for await (const page of pages(args, host, limit)) {
    await print(host, page.keys.map((key) => `${shownKey(key)}\n`).join(''));
    more = page.cursor !== undefined;
  }
  const deliberate = countOption(args, 'limit') !== undefined;
  if (more && !deliberate)
    await printError(host, `sidecache: there are more than ${limit}; --all lists them`);
  return EXIT.ok;
}

async function printAsJson(args: Arguments, host: Host, limit: number): Promise<number> {
  const found: string[] = [];
  let cursor: string | undefined;
  for await (const page of pages(args, host, limit)) {
    for (const key of page.keys) found.push(shownKey(key));
    cursor = page.cursor;
  }
  await printJson(host, { cache: args.words[0], keys: found, more: cursor !== undefined });
  return EXIT.ok;
}

/** Until `limit` keys were seen or there are no more. A page may be empty and still not the last. */
async function* pages(args: Arguments, host: Host, limit: number): AsyncGenerator<Page> {
  const address = addressOf(args, host.env);
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = await onePage(args, address, Math.min(left, PAGE_KEYS), cursor);
    yield page;
    left -= page.keys.length;
    cursor = page.cursor;
  } while (cursor !== undefined && left > 0);
}

async function onePage(
  args: Arguments,
  address: Address,
  limit: number,
  cursor: string | undefined,
): Promise<Page> {
  const prefix = textOption(args, 'prefix');
  const query = [`limit=${limit}`];
  if (prefix) query.unshift(`prefix=${keyInUrl(prefix, flag(args, 'encoded'))}`);
  if (cursor !== undefined) query.push(`cursor=${percentEncode(Buffer.from(cursor))}`);
  const target = `${cacheTarget(args.words[0] ?? '')}?${query.join('&')}`;
  const fields = await askForFields(address, { method: 'GET', target });
  return { keys: stringsAt(fields, 'keys'), cursor: textAt(fields, 'cursor') };
}
