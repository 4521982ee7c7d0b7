// Every command there is: one row each, from which parsing, checking and help are made.
// The commands themselves are loaded when one is run.

import type { Arguments } from './arguments.ts';
import type { Host } from './host.ts';
import { ENCODED, type Options, SELECTION, WHERE } from './options.ts';

export type Command = (args: Arguments, host: Host) => Promise<number>;

export interface CommandRow {
  name: string;
  /** The words after the name: `CACHE`, `[VALUE]` may be missing, `KEY…` once or more, `[CACHE…]` any number. */
  words: readonly string[];
  describe: string;
  options: Options;
  examples: readonly (readonly [commandLine: string, says: string])[];
  /** Takes the configuration's own flags (`--memory 64M`) too. */
  takesConfiguration?: true;
  load(): Promise<Command>;
}

export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'serve',
    words: [],
    describe: 'Run the daemon in the foreground',
    options: {},
    examples: [
      ['sidecache serve', 'with sidecache.yml, or on defaults'],
      ['sidecache serve --memory 64M --http 127.0.0.1:7070', 'flags overrule file and environment'],
      ['sidecache serve --caches.users.refresh 60s', 'a cache and one of its settings'],
    ],
    takesConfiguration: true,
    load: async () => {
      const { serve } = await import('./serve.ts');
      return (args, host) => serve(args.options, host);
    },
  },
  {
    name: 'get',
    words: ['CACHE', 'KEY'],
    describe: "Print an entry's value, byte for byte",
    options: {
      ...WHERE,
      ...ENCODED,
      include: { type: 'boolean', describe: 'Show status and headers on standard error' },
    },
    examples: [
      ['sidecache get users 42', 'loads it if the cache has a loader'],
      ['sidecache get images logo.png > logo.png', 'any bytes'],
      ['sidecache get users -- -x', 'a key that begins with a dash'],
    ],
    load: async () => (await import('./get.ts')).get,
  },
  {
    name: 'set',
    words: ['CACHE', 'KEY', '[VALUE]'],
    describe: 'Store a value, from the command line or standard input',
    options: {
      ...WHERE,
      ...ENCODED,
      ttl: { type: 'string', describe: 'Never serve it older than this, as in 30s' },
      'content-type': { type: 'string', describe: 'What a reader is told the value is' },
      tag: { type: 'string', repeatable: true, describe: 'A tag to invalidate it by (repeatable)' },
      'if-absent': { type: 'boolean', describe: 'Only if there is no such entry; else exit 1' },
      fill: {
        type: 'boolean',
        describe: 'The origin has this value already: other instances are not told',
      },
      change: {
        type: 'boolean',
        describe: 'Copies elsewhere are wrong: every other instance forgets its own',
      },
    },
    examples: [
      ['sidecache set default greeting hello', ''],
      ['sidecache set images logo.png --content-type image/png < logo.png', 'from standard input'],
      ['date | sidecache set default now --ttl 30s', ''],
    ],
    load: async () => (await import('./set.ts')).set,
  },
  {
    name: 'delete',
    words: ['CACHE', 'KEY…'],
    describe: 'Forget entries, on every instance',
    options: { ...WHERE, ...ENCODED },
    examples: [
      ['sidecache delete users 42 43', ''],
      [
        'sidecache keys users --prefix old: | xargs sidecache delete users --encoded',
        'whatever the keys contain',
      ],
    ],
    load: async () => (await import('./delete.ts')).deleteEntries,
  },
  {
    name: 'keys',
    words: ['CACHE'],
    describe: "List a cache's keys, one a line, percent-encoded where needed",
    options: {
      ...WHERE,
      prefix: { type: 'string', describe: 'Only keys that begin so' },
      encoded: { type: 'boolean', describe: '--prefix is percent-encoded' },
      limit: { type: 'string', describe: 'At most so many (default 1000)' },
      all: { type: 'boolean', describe: 'All of them' },
    },
    examples: [
      ['sidecache keys users --prefix 4', ''],
      ['sidecache keys users --all | wc -l', ''],
    ],
    load: async () => (await import('./keys.ts')).keys,
  },
  {
    name: 'explain',
    words: ['CACHE', 'KEY'],
    describe: 'Say what is known of an entry: state, age, times, tags, last error',
    options: { ...WHERE, ...ENCODED },
    examples: [['sidecache explain users 42', '']],
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'invalidate',
    words: ['[CACHE…]'],
    describe: 'Forget caches, or some of their entries, on every instance, and say who confirmed',
    options: { ...WHERE, ...SELECTION },
    examples: [
      ['sidecache invalidate users flags', 'two caches, whole'],
      ['sidecache invalidate users --key 42 --tag team:7', 'only these entries'],
      ['sidecache invalidate --all --require all', 'exit 5 unless every instance confirmed'],
      ['sidecache invalidate users --scope local', 'this instance only'],
    ],
    load: async () => (await import('./invalidate.ts')).invalidate,
  },
  {
    name: 'refresh',
    words: ['[CACHE…]'],
    describe: 'Mark entries old, on every instance; old values are served until new ones are in',
    options: {
      ...WHERE,
      ...SELECTION,
      wait: { type: 'boolean', describe: 'Until the most recently read ones of this instance are loaded' },
    },
    examples: [
      ['sidecache refresh users', ''],
      ['sidecache refresh --all --wait', ''],
    ],
    load: async () => (await import('./refresh.ts')).refresh,
  },
  {
    name: 'status',
    words: [],
    describe: 'Show the instance, its memory and its caches',
    options: WHERE,
    examples: [
      ['sidecache status', ''],
      ["sidecache status --json | jq '.caches[].entries'", ''],
    ],
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'peers',
    words: [],
    describe: 'Show the other instances, whether they are reached, and what mends it if not',
    options: {
      ...WHERE,
      require: {
        type: 'string',
        describe: '`all`: exit 5 unless every peer is reached and nothing is wrong',
      },
    },
    examples: [
      ['sidecache peers', ''],
      ['sidecache peers --require all', 'for scripts: exit 5 while the fleet is not whole'],
      ["sidecache peers --json | jq -r '.problems[].mend'", ''],
    ],
    load: async () => (await import('./peers.ts')).peers,
  },
  {
    name: 'wait',
    words: ['[COMMAND…]'],
    describe: 'Block until the daemon is ready; then run COMMAND, if there is one',
    options: {
      ...WHERE,
      timeout: { type: 'string', describe: 'Give up after this long and exit 5 (default 30s)' },
      'or-run': {
        type: 'boolean',
        describe: 'Run COMMAND even if the daemon is not ready in time, or has a bad configuration',
      },
    },
    examples: [
      ['sidecache wait', ''],
      ['sidecache wait -- node app.js', 'the app starts when its cache answers'],
      ['sidecache wait --timeout 5s --or-run -- node app.js', 'an app that can do without'],
    ],
    load: async () => (await import('./wait.ts')).wait,
  },
  {
    name: 'check',
    words: [],
    describe: 'Check the configuration and show every value and where it is from',
    options: {
      json: { type: 'boolean', describe: 'Print one JSON document' },
      fleet: {
        type: 'boolean',
        describe: 'Have the running daemon look whether peers can reach it, and say what mends it if not',
      },
    },
    examples: [
      ['sidecache check --config sidecache.yml', ''],
      ['sidecache check --fleet', 'exit 1 where peers cannot reach this instance'],
    ],
    takesConfiguration: true,
    load: async () => (await import('./check-configuration.ts')).checkConfiguration,
  },
  {
    name: 'fleet',
    words: ['N'],
    describe: 'Run N daemons with an app each behind a stand-in router on this machine, to try things out',
    options: {
      missing: {
        type: 'string',
        repeatable: true,
        describe: 'Leave this index out, as platforms do (repeatable)',
      },
      transport: {
        type: 'string',
        describe: 'How daemons reach each other: gorouter (default), list or address',
      },
      port: { type: 'string', describe: "The router's port (default: any that is free)" },
      json: { type: 'boolean', describe: 'Print JSON documents, one a line; the first says what there is' },
    },
    examples: [
      ['sidecache fleet 3', 'prints what to try; Ctrl-C ends it all'],
      ['sidecache fleet 3 --missing 1', 'indices 0, 2 and 3'],
    ],
    load: async () => (await import('./fleet.ts')).fleet,
  },
];

export function commandNamed(name: string): CommandRow | undefined {
  return COMMANDS.find((row) => row.name === name);
}
