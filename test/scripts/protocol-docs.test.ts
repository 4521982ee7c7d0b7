// docs/protocol.md against what daemons really send.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EVENT_KINDS, encodeEvent, parseEvent } from '../../src/fleet/event.ts';
import { parseEvents } from '../../src/fleet/inbox.ts';
import { MESSAGE_KINDS } from '../../src/fleet/link.ts';

const PROTOCOL = readFileSync('docs/protocol.md', 'utf8');
const test = suite('docs/protocol.md');

test('every kind of message and of event is in it', () => {
  for (const kind of [...MESSAGE_KINDS, ...EVENT_KINDS]) assert.ok(PROTOCOL.includes(`\`${kind}\``), kind);
});

test('its message with events is one, and says what it would be sent as', () => {
  const [, json] = /### `events`[\s\S]*?```json\n([\s\S]*?)```/.exec(PROTOCOL)!;
  const message = parseEvents(JSON.parse(json!.replace('{ … }', '{}')))!;
  assert.is(message.events.length, 2);
  for (const event of message.events) {
    const read = parseEvent(event)!;
    assert.equal(JSON.parse(encodeEvent(read)), event);
    assert.is(read.sequence, message.after + 1 + message.events.indexOf(event));
  }
  assert.is(message.upTo, parseEvent(message.events.at(-1))!.sequence);
});

test('every field of an event is explained', () => {
  const [, table] = /\| field \| \|\n([\s\S]*?)\n\n/.exec(PROTOCOL)!;
  for (const field of [
    'sequence',
    'at',
    'kind',
    'caches',
    'keys',
    'tags',
    'prefixes',
    'notify',
    'body',
    'copied',
  ])
    assert.ok(table!.includes(`\`${field}\``), field);
});

test.run();
