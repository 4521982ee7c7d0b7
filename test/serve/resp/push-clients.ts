// Clients as tests of what is pushed have them: each keeps what it is sent, as text.

import type { Subscriber } from '../../../src/serve/resp/pubsub.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import type { TrackedClient } from '../../../src/serve/resp/tracking-client.ts';

export class PushClient implements Subscriber, TrackedClient {
  readonly id: number;
  proto: 2 | 3;
  channels = 0;
  patterns = 0;
  tracks = false;
  /** Frames that were pushed, CRLF as a blank. */
  readonly pushed: string[] = [];
  onPush: () => void = () => {};

  constructor(id: number, proto: 2 | 3 = 3) {
    this.id = id;
    this.proto = proto;
  }

  get isSubscriber(): boolean {
    return this.channels + this.patterns > 0;
  }

  readonly port = {
    push: (write: (reply: Reply) => void): void => {
      const reply = new Reply();
      reply.proto = this.proto;
      write(reply);
      this.pushed.push(textOf(reply));
      this.onPush();
    },
  };

  /** What came since it was asked last. */
  take(): string[] {
    return this.pushed.splice(0);
  }
}

export function textOf(reply: Reply): string {
  return reply.bytes.toString('latin1', 0, reply.length).trimEnd().replaceAll('\r\n', ' ');
}

/** What a tracker is sent of names that changed. */
export function changed(...names: string[]): string {
  return `>2 $10 invalidate *${names.length} ${names.map((name) => `$${name.length} ${name}`).join(' ')}`;
}

export const ALL_CHANGED = '>2 $10 invalidate _';
