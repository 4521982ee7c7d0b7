// What Redis has no words for: SIDECACHE.INVALIDATE, .REFRESH, .FILL, .SETTAGS, .EXPLAIN.

import { checkTag, MAX_TAGS, parseContentType } from '../../../cache/attributes.ts';
import type { ChangeKind } from '../../../cache/caches.ts';
import type { ChangeOutcome } from '../../../changes/change-call.ts';
import { RequestError } from '../../../errors.ts';
import { isConfirmedByAll, notConfirmed } from '../../http/confirmation.ts';
import type { Call } from '../call.ts';
import { parseChange } from '../change-options.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-text.ts';
import { END_FORMS, invalidExpireTime, momentOf } from '../expire-options.ts';
import { explain, type Fact } from '../explanation.ts';
import { NO_SLOT, type WriteTerms } from '../keyspace.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';

export const sidecacheCommands: readonly Command[] = [
  changing('sidecache.invalidate', 'invalidate'),
  changing('sidecache.refresh', 'refresh'),
  { name: 'sidecache.fill', arity: -3, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: fill },
  { name: 'sidecache.settags', arity: -2, flags: ['write', 'fast'], keys: [1, 1, 1], run: setTags },
  { name: 'sidecache.explain', arity: 2, flags: ['readonly', 'fast'], keys: [1, 1, 1], run: explainEntry },
];

// --- INVALIDATE, REFRESH

function changing(name: string, kind: ChangeKind): Command {
  return {
    name,
    arity: -2,
    flags: ['write'],
    keys: [0, 0, 0],
    run: (context, call, reply) => change(context, call, kind, reply),
  };
}

/** Throws RequestError. Applied here before it returns; the reply says who else has, when they did or time is up. */
function change(context: CommandContext, call: Call, kind: ChangeKind, reply: Reply): Promise<void> {
  const { waitLoaded, requireAll, ...options } = parseChange(call, context.keyspace.caches);
  const outcome = context.keyspace.changedBy(context.client, () =>
    context.changes.call({ ...options, kind, body: undefined, repeats: undefined }),
  );
  return outcome.then(async (done) => {
    if (waitLoaded) await done.loaded;
    if (requireAll && !isConfirmedByAll(done)) reply.error(`NOTCONFIRMED ${notConfirmed(done)}`);
    else replyOutcome(done, reply);
  });
}

/** `members` is null where peers are configured, and none was ever reached. */
function replyOutcome({ applied, members, entries }: ChangeOutcome, reply: Reply): void {
  reply.map(3);
  reply.bulkText('applied');
  reply.integer(applied);
  reply.bulkText('members');
  if (members === undefined) reply.null();
  else reply.integer(members);
  reply.bulkText('entries');
  reply.integer(entries);
}

// --- FILL: key value [EX s|PX ms|EXAT s|PXAT ms] [TYPE content-type] [TAG tag …]

/** Stores what the origin says already: nobody else is told. Throws RequestError, TooLargeError, RoomError. */
function fill(context: CommandContext, call: Call, reply: Reply): void {
  const terms = parseFill(context, call);
  if ('error' in terms) {
    reply.error(terms.error);
    return;
  }
  const { client, keyspace } = context;
  const key = keyspace.key(call, 1);
  keyspace.write(client, keyspace.cache, key, call.bytes, call.start(2), call.end(2), terms);
  reply.ok();
}

function parseFill({ clock }: CommandContext, call: Call): WriteTerms | { error: string } {
  let endAtMs: number | undefined;
  let contentType: string | undefined;
  let tags: string[] = [];
  for (let i = 3; i < call.count; i += 2) {
    const form = END_FORMS.find(([word]) => call.is(i, word))?.[1];
    if (call.is(i, 'TAG')) {
      tags = tagsFrom(call, i + 1);
      break;
    }
    if (i + 1 >= call.count || (!form && !call.is(i, 'TYPE'))) return { error: SYNTAX_ERROR };
    if (!form) {
      contentType = parseContentType(call.text(i + 1));
      continue;
    }
    const given = integerOf(call, i + 1);
    if (given === undefined) return { error: NOT_AN_INTEGER };
    endAtMs = given > 0n ? momentOf(given, form, clock.now()) : undefined;
    if (endAtMs === undefined) return { error: invalidExpireTime('sidecache.fill') };
  }
  return { endAtMs, tags, meaning: 'fill', leased: true, ...(contentType !== undefined && { contentType }) };
}

/** Each once. Throws RequestError. */
function tagsFrom(call: Call, from: number): string[] {
  if (call.count - from > MAX_TAGS)
    throw new RequestError('bad_tag', `an entry has at most ${MAX_TAGS} tags`);
  const tags = new Set<string>();
  for (let i = from; i < call.count; i++) {
    checkTag(call.text(i));
    tags.add(call.text(i));
  }
  return [...tags];
}

// --- SETTAGS: key [tag …]

/** Gives what is stored other tags, here only, but in a replicated cache; 0 where nothing is. Throws RequestError. */
function setTags({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  const tags = tagsFrom(call, 2);
  const slot = keyspace.find(call, 1);
  if (slot !== NO_SLOT) keyspace.setTags(tags);
  reply.integer(slot === NO_SLOT ? 0 : 1);
}

// --- EXPLAIN: key

/** What is known of the entry, as a map, without reading it. */
function explainEntry({ clock, keyspace }: CommandContext, call: Call, reply: Reply): void {
  const key = keyspace.key(call, 1);
  const facts = Object.entries(explain(keyspace.cache, key, clock.now()));
  reply.map(facts.length);
  for (const [name, fact] of facts) {
    reply.bulkText(name);
    replyFact(fact, reply);
  }
}

function replyFact(fact: Fact, reply: Reply): void {
  if (fact === null) reply.null();
  else if (typeof fact === 'number') reply.integer(fact);
  else if (typeof fact === 'boolean') reply.boolean(fact);
  else if (typeof fact === 'string') reply.bulkText(fact);
  else {
    reply.array(fact.length);
    for (const text of fact) reply.bulkText(text);
  }
}
