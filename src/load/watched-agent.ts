// An agent as one attempt sees it: node-fetch hides the request, yet whether its connection ever came up, was a reused
// one, and why exactly it failed decide over another try.

import type { Agent, ClientRequest } from 'node:http';
import type { Attempt } from './attempt.ts';

/** Agents take requests by this method; Node's types leave it out. */
interface RequestTaker {
  addRequest(request: ClientRequest, options: object): void;
}

/** `options` are the agent's for this attempt, `watching` listens to more of the request. */
export function watchedBy(
  attempt: Attempt,
  agent: Agent,
  options: object = {},
  watching: (request: ClientRequest) => void = () => {},
): Agent {
  const addRequest = (request: ClientRequest, given: object): void => {
    watch(request, attempt);
    watching(request);
    (agent as Agent & RequestTaker).addRequest(request, { ...given, ...options });
  };
  return Object.create(agent, { addRequest: { value: addRequest } });
}

/** Listeners are in place before node-fetch's own. */
function watch(request: ClientRequest, attempt: Attempt): void {
  attempt.request = request;
  request.prependOnceListener('socket', (socket) => {
    // One that failed at once is neither connecting nor up.
    attempt.connection = socket.connecting || socket.destroyed ? 'begun' : 'up';
    // Only then: on a connection used again it would never be called, and so never be taken off.
    if (!socket.connecting) return;
    socket.once('connect', () => {
      attempt.connection = 'up';
    });
  });
  request.prependOnceListener('error', (error) => {
    attempt.cause = error;
  });
  request.prependOnceListener('response', (answer) => {
    attempt.answer = answer;
  });
  // Without this listener Node closes such a connection, tells nobody, and node-fetch waits for ever.
  request.prependOnceListener('upgrade', (_, socket) => {
    socket.destroy();
    request.emit('error', Object.assign(new Error('unexpected upgrade'), { code: 'UNEXPECTED_UPGRADE' }));
  });
}
