// What to try with a demo fleet: commands with its real ports, sockets and token, to be pasted into another terminal.

import type { DemoFleet } from './fleet.ts';
import type { DemoInstance } from './instance.ts';

export function guideTo(fleet: DemoFleet): string {
  const [first] = fleet.instances;
  if (first === undefined) return '';
  const count = fleet.instances.length;
  return `In another terminal:

  R=${fleet.router.url}
  A='Authorization: Bearer ${fleet.operatorToken}'

Warm one key on every instance; "load" says how often the origin was asked:
${fleet.instances.map(readsKey).join('\n')}

Forget it everywhere by one call to any instance, through the router: look for Sidecache-Applied: ${count}/${count}
  curl -i -H "$A" "$R/cache/invalidate?users=1&key=42"
  curl -H "$A" "$R/cache/invalidate?users=1&report=1"

Give every app a new object by one call, each told by the daemon beside it:
  curl -i -H "$A" -d '{"k":"v"}' $R/api/v1/refresh
${fleet.instances.map(({ app }) => `  curl ${app.url}/object`).join('\n')}

An app that fails: app-failed in the report, and called again until it answers
  curl -X POST "${first.app.url}/break?status=500"
  curl -H "$A" -d '{"k":"w"}' "$R/api/v1/refresh?report=1"
  curl -X POST ${first.app.url}/mend
  curl ${first.app.url}/calls

Who is there, and the metrics of all in one answer:
  curl -H "$A" $R/peers
  curl "$R/metrics?fleet=1"

Or the command line, on the socket of one:
  sidecache peers --socket ${first.socket}
  sidecache invalidate users --socket ${first.socket}
`;
}

function readsKey({ socket }: DemoInstance): string {
  return `  curl --unix-socket ${socket} http://localhost/caches/users/42`;
}
