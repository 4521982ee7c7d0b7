// INFO: what the daemon says of itself, in sections of `name:value` lines, under the names that Redis's clients look for.

import type { CommandContext } from './context.ts';

type Facts = readonly (readonly [name: string, value: string | number])[];

const SECTIONS: readonly (readonly [name: string, facts: (context: CommandContext) => Facts])[] = [
  ['Server', server],
  ['Clients', clients],
  ['Memory', memory],
  ['Persistence', () => [['loading', 0]]],
  ['CPU', cpu],
  ['Stats', stats],
  [
    'Replication',
    () => [
      ['role', 'master'],
      ['connected_slaves', 0],
      ['master_repl_offset', 0],
    ],
  ],
  ['Cluster', () => [['cluster_enabled', 0]]],
  ['Keyspace', keyspace],
];

/** `wanted`: sections in small letters; with none of them, or `all` and its like, every section. */
export function describeServer(context: CommandContext, wanted: readonly string[]): string {
  const isAll = wanted.length === 0 || wanted.some((name) => ['all', 'default', 'everything'].includes(name));
  return SECTIONS.filter(([name]) => isAll || wanted.includes(name.toLowerCase()))
    .map(([name, facts]) => `# ${name}\r\n${facts(context).map(line).join('')}`)
    .join('\r\n');
}

function line([name, value]: Facts[number]): string {
  return `${name}:${value}\r\n`;
}

function server({ clock, server: { parts } }: CommandContext): Facts {
  const upSeconds = Math.floor((clock.now() - parts.startedAtMs) / 1000);
  return [
    ['redis_version', parts.identity.version],
    ['redis_mode', parts.mode],
    ['sidecache_version', parts.ownVersion],
    ['os', process.platform],
    ['arch_bits', 64],
    ['process_id', process.pid],
    ['run_id', parts.identity.runId],
    ['tcp_port', parts.port()],
    ['server_time_usec', Math.floor(clock.now() * 1000)],
    ['uptime_in_seconds', upSeconds],
    ['uptime_in_days', Math.floor(upSeconds / 86_400)],
  ];
}

function clients({ server: facts }: CommandContext): Facts {
  let tracking = 0;
  let subscribers = 0;
  for (const client of facts.clients.values()) {
    if (client.tracks) tracking++;
    if (client.isSubscriber) subscribers++;
  }
  return [
    ['connected_clients', facts.clients.size],
    ['maxclients', facts.parts.mostClients],
    ['blocked_clients', facts.pausedClients],
    ['tracking_clients', tracking],
    ['pubsub_clients', subscribers],
  ];
}

function memory({ server: { parts } }: CommandContext): Facts {
  return [
    ['used_memory', parts.usedBytes()],
    ['used_memory_human', `${(parts.usedBytes() / 2 ** 20).toFixed(2)}M`],
    ['maxmemory', parts.memoryBytes],
    ['maxmemory_human', `${(parts.memoryBytes / 2 ** 20).toFixed(2)}M`],
    ['maxmemory_policy', 'allkeys-lru'],
    ['lazyfree_pending_objects', 0],
  ];
}

function cpu(): Facts {
  const { system, user } = process.cpuUsage();
  return [
    ['used_cpu_sys', (system / 1e6).toFixed(6)],
    ['used_cpu_user', (user / 1e6).toFixed(6)],
  ];
}

function stats({ keyspace: { caches }, server: facts }: CommandContext): Facts {
  const tracked = facts.parts.tracked();
  let hits = 0;
  let misses = 0;
  let evicted = 0;
  let expired = 0;
  for (const { counters, shelf } of caches.all) {
    hits += counters.reads('hit') + counters.reads('stale');
    misses += counters.reads('miss') + counters.reads('negative') + counters.reads('error');
    const { evictions } = shelf.stored;
    evicted += evictions.memory + evictions.share;
    expired += evictions.expiry + evictions.ttl + evictions.negative;
  }
  return [
    ['total_connections_received', facts.connections],
    ['total_commands_processed', facts.commands],
    ['total_net_input_bytes', facts.netInputBytes],
    ['total_net_output_bytes', facts.netOutputBytes],
    ['rejected_connections', facts.parts.rejected()],
    ['expired_keys', expired],
    ['evicted_keys', evicted],
    ['keyspace_hits', hits],
    ['keyspace_misses', misses],
    ['tracking_total_keys', tracked.keys],
    ['tracking_total_items', tracked.items],
    ['tracking_total_prefixes', tracked.prefixes],
  ];
}

function keyspace({ keyspace: { entries } }: CommandContext): Facts {
  return entries === 0 ? [] : [['db0', `keys=${entries},expires=0,avg_ttl=0`]];
}
