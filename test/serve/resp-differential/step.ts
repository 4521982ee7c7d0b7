// A step of a case, from its line of text: `[n>] [how:] COMMAND argument…`, arguments as redis-cli takes them.
//
//   2> GET a              on the case's second connection; the first one is meant by default
//   shape: INFO           the types of the reply are compared, not what it says
//   frames: SUBSCRIBE a   everything that comes until a PING sent behind it is answered
//   scan: SCAN MATCH a*   the whole round of cursors; what was found is compared as a set
//   until: EXISTS a       asked again until the answer is 0 or nil, for what happens in its own time
//   raw: "PING\r\n"       these bytes; one reply
//   closes: "*1\r\nx"     these bytes; every reply until the connection is closed
//
// In quotes: \xHH \n \r \t \\ \". `"ab"*3` is ababab. {id:2} is the client id of connection 2.

export const HOWS = ['exact', 'shape', 'frames', 'scan', 'until', 'raw', 'closes'] as const;
export type How = (typeof HOWS)[number];

export interface Step {
  readonly connection: number;
  readonly how: How;
  /** latin1. */
  readonly args: readonly string[];
  /** The line that it was read from, without the connection and how. */
  readonly text: string;
}

export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Cases by what they show; each line of the text is a step, empty ones and those that begin with # are not. */
export type Family = Readonly<Record<string, string>>;

export function casesOf(family: Family): Case[] {
  return Object.entries(family).map(([name, text]) => ({
    name,
    steps: text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(stepOf),
  }));
}

export function stepOf(line: string): Step {
  const [, connection = '1', how = 'exact', text = ''] =
    /^(?:(\d)>\s*)?(?:(shape|frames|scan|until|raw|closes):\s*)?(.*)$/s.exec(line)!;
  return { connection: Number(connection), how: how as How, args: argumentsOf(text), text };
}

/** The name by which replies are judged: `SET`, `CLIENT ID`. */
export function nameOf({ args }: Step): string {
  const [name = '', sub = ''] = args.map((arg) => arg.toUpperCase());
  return CONTAINERS.has(name) ? `${name} ${sub}` : name;
}

const CONTAINERS = new Set(['CLIENT', 'COMMAND', 'CONFIG', 'DEBUG', 'MEMORY', 'OBJECT', 'PUBSUB', 'SLOWLOG']);

/** The arguments as a line that `stepOf` reads. */
export function lineOf(args: readonly string[]): string {
  return args.map(quoted).join(' ');
}

function quoted(arg: string): string {
  if (/^[\w.:*+@/?[\]()=-]+$/.test(arg)) return arg;
  const escaped = arg.replace(/[\\"]/g, '\\$&').replace(/[^ -~]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

function argumentsOf(text: string): string[] {
  const words = text.match(/"(?:[^"\\]|\\.)*"(?:\*\d+)?|\S+/gs) ?? [];
  return words.map((word) => {
    const [, inside, times] = /^"(.*)"(?:\*(\d+))?$/s.exec(word) ?? [];
    return inside === undefined ? word : unescaped(inside).repeat(Number(times ?? 1));
  });
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/gis, (_, hex?: string, char?: string) =>
    hex === undefined ? (ESCAPES[char!] ?? char!) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
