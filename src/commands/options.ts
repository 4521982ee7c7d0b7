// Options that several commands take, and what a row of an option says.

export interface OptionRow {
  type: 'string' | 'boolean';
  describe: string;
  /** May be given more than once. */
  repeatable?: true;
  /** Heading in the help. */
  group?: string;
  /** Understood, and not in the help. */
  hidden?: true;
}

export type Options = Readonly<Record<string, OptionRow>>;

export const WHERE: Options = {
  socket: {
    type: 'string',
    describe: "The daemon's socket (default: $SIDECACHE_SOCKET, else sidecache.sock in $TMPDIR)",
  },
  url: { type: 'string', describe: "The daemon's loopback listener instead, as in http://127.0.0.1:7070" },
  json: { type: 'boolean', describe: 'Print one JSON document' },
};

export const ENCODED: Options = {
  encoded: { type: 'boolean', describe: 'KEY is percent-encoded, as `sidecache keys` prints it' },
};

export const SELECTION: Options = {
  key: { type: 'string', repeatable: true, describe: 'Only this entry (repeatable)' },
  tag: { type: 'string', repeatable: true, describe: 'Only entries with this tag (repeatable)' },
  prefix: { type: 'string', repeatable: true, describe: 'Only entries whose key begins so (repeatable)' },
  encoded: {
    type: 'boolean',
    describe: '--key and --prefix are percent-encoded, as `sidecache keys` prints keys',
  },
  all: { type: 'boolean', describe: 'Every cache' },
  scope: { type: 'string', describe: '`local`: this instance only' },
  require: {
    type: 'string',
    describe: '`all`: exit 5 unless every instance, and its app, confirmed in time',
  },
  timeout: {
    type: 'string',
    describe: 'How long instances have to confirm, as in 500ms (default 2s, at most 60s)',
  },
};
