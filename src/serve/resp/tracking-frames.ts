// What trackers are sent: a push in RESP3, in RESP2 a message of a channel for it.

import type { Reply } from './reply.ts';

const CHANNEL = '__redis__:invalidate';

/** The names changed; undefined: all may have. */
export function writeChanged(names: readonly string[] | undefined): (reply: Reply) => void {
  return (reply) => {
    reply.push(reply.proto === 3 ? 2 : 3);
    reply.bulkText(reply.proto === 3 ? 'invalidate' : 'message');
    if (reply.proto !== 3) reply.bulkText(CHANNEL);
    if (!names) {
      reply.null();
      return;
    }
    reply.array(names.length);
    for (const name of names) reply.bulkText(name);
  };
}

/** Who was to be told in the client's place is gone. In RESP3 only. */
export function writeBrokenRedirect(id: number): (reply: Reply) => void {
  return (reply) => {
    reply.push(2);
    reply.bulkText('tracking-redir-broken');
    reply.integer(id);
  };
}
