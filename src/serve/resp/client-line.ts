// A client as CLIENT LIST and CLIENT INFO show it: one line of `field=value`.

import type { Client } from './client.ts';

export function describeClient(client: Client, nowMs: number): string {
  const { port, transaction } = client;
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', port.address],
    ['laddr', port.localAddress],
    ['fd', client.id],
    ['name', client.name],
    ['age', wholeSeconds(nowMs - client.connectedAtMs)],
    ['idle', wholeSeconds(nowMs - client.lastCommandAtMs)],
    ['flags', flagsOf(client)],
    ['db', client.db],
    ['sub', client.channels],
    ['psub', client.patterns],
    ['ssub', 0],
    ['multi', transaction ? transaction.queued.length : -1],
    ['watch', client.watched.length],
    ['qbuf', port.unparsedBytes],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', transaction?.bytes ?? 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', port.unsentBytes > 0 ? 1 : 0],
    ['omem', port.unsentBytes],
    ['tot-mem', port.account.bytes],
    ['events', 'r'],
    ['cmd', client.lastCommand || 'NULL'],
    ['user', 'default'],
    ['redir', client.tracks ? client.redirect : -1],
    ['resp', client.proto],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** As CLIENT LIST TYPE and CLIENT KILL TYPE know them. */
export function typeOf(client: Client): 'normal' | 'pubsub' {
  return client.isSubscriber ? 'pubsub' : 'normal';
}

function flagsOf(client: Client): string {
  const flags = [
    client.isSubscriber ? 'P' : '',
    client.transaction ? 'x' : '',
    client.tracks ? 't' : '',
    client.noEvict ? 'e' : '',
    client.noTouch ? 'T' : '',
    client.port.localAddress.startsWith('/') ? 'U' : '',
  ].join('');
  return flags || 'N';
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}
