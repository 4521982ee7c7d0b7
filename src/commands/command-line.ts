// The command line as yargs reads it: rows of the catalogue in, a command's arguments out. Loaded only when needed.

import yargs, { type Argv } from 'yargs';
import { suggest, suggestWithin } from '../config/suggest.ts';
import { CommandError } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { Arguments } from './arguments.ts';
import { COMMANDS, type CommandRow, commandNamed } from './catalogue.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print } from './host.ts';
import type { Options } from './options.ts';

const WIDEST_HELP = 110;
/** All that yargs takes for it: `-h` also among other letters. */
const ASKS_FOR_HELP = /^(--h(elp)?(=|$)|-[^-]*h)/;

/**
 * yargs looks for `locales/NAME.json` three folders up from itself. In one bundled file that is somewhere in the
 * user's app, which may well have a `locales/en.json` of its own. There is none of this name; English is built in.
 */
const NO_LOCALE = 'sidecache-has-no-locales';

/** Nothing is guessed from how a word looks: `042` is a key, not a number, and a dot in a name is a dot. */
const PARSING = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'camel-case-expansion': false,
  'greedy-arrays': false,
  'strip-aliased': true,
};

/** yargs takes a last word `help` for `--help`; it may be a key or a value, so it is given this, which nobody can type. */
const HELP_AS_WORD = '\0';

export async function runCommandLine(argv: readonly string[], host: Host): Promise<number> {
  const { own, verbatim } = splitAtDashes(argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv);
  const parsed = await parse(own, host);
  if ('output' in parsed) {
    await print(host, `${parsed.output}\n`);
    return EXIT.ok;
  }
  const row = rowOf(parsed.words[0]);
  const words = [...parsed.words.slice(1), ...verbatim];
  checkWords(row, words);
  const command = await row.load();
  return command({ words, options: parsed.options }, host);
}

/** What follows `--` is nobody's option, however it begins. yargs would read it once more. */
function splitAtDashes(argv: readonly string[]): { own: readonly string[]; verbatim: readonly string[] } {
  const at = argv.indexOf('--');
  return at === -1 ? { own: argv, verbatim: [] } : { own: argv.slice(0, at), verbatim: argv.slice(at + 1) };
}

async function parse(own: readonly string[], host: Host): Promise<Arguments | { output: string }> {
  const parser = await parserFor(own, host);
  const wanted = own.length === 0 ? ['--help'] : own.map((word) => (word === 'help' ? HELP_AS_WORD : word));
  let failure: Error | undefined;
  let output = '';
  // With a callback yargs neither prints nor exits; what it would have said is handed over.
  const found = await parser.parseAsync(wanted, {}, (error, _argv, text) => {
    failure = error ?? undefined;
    output = text;
  });
  if (failure !== undefined) throw new CommandError(EXIT.usage, await sentence(failure.message, own));
  if (output !== '') return { output };
  const { _, $0: _name, help: _help, version: _version, ...options } = found;
  return { words: _.map((word) => String(asTyped(word))), options: definedOnly(options) };
}

async function parserFor(own: readonly string[], host: Host): Promise<Argv> {
  const parser = yargs()
    .scriptName('sidecache')
    .detectLocale(false)
    .locale(NO_LOCALE)
    .parserConfiguration(PARSING)
    .usage(
      'sidecache COMMAND …\n\nA cache daemon beside your app: serve runs it, the other commands talk to it.',
    )
    .version(VERSION)
    .help()
    .alias('help', 'h')
    .strictOptions()
    .wrap(Math.min(WIDEST_HELP, host.terminal.columns))
    .epilogue('sidecache COMMAND --help says more. Exit codes: docs/command-line.md');
  const isHelp = own.length === 0 || own.some((word) => ASKS_FOR_HELP.test(word));
  for (const row of COMMANDS) {
    const options = row.name === own[0] ? await optionsOf(row, own) : row.options;
    parser.command(row.name, isHelp ? row.describe : '', (of) => describeCommand(of, row, options, isHelp));
  }
  return parser;
}

/** yargs lays out the help of every command that it runs; to leave nothing in it saves some 0.2 s. */
function describeCommand(parser: Argv, row: CommandRow, options: Options, isHelp: boolean): Argv {
  parser
    .usage(`${['sidecache', row.name, ...row.words, '[options]'].join(' ')}\n\n${row.describe}.`)
    .epilogue('');
  for (const [name, option] of Object.entries(options)) {
    parser.option(name, {
      type: option.type,
      describe: option.describe,
      group: option.group,
      hidden: option.hidden || !isHelp,
      requiresArg: option.type === 'string',
    });
  }
  if (isHelp) for (const [commandLine, says] of row.examples) parser.example(commandLine, says);
  return parser;
}

/** The configuration's flags are many: they are declared for the commands that take them only. */
async function optionsOf(row: CommandRow, own: readonly string[]): Promise<Options> {
  if (!row.takesConfiguration) return row.options;
  const { configurationOptions } = await import('./configuration-options.ts');
  return { ...configurationOptions(own), ...row.options };
}

function rowOf(name: string | undefined): CommandRow {
  const row = commandNamed(name ?? '');
  if (row !== undefined) return row;
  const known = COMMANDS.map((one) => one.name);
  const said =
    name === undefined ? 'no command is given' : `there is no command ${name}${suggest(name, known)}`;
  throw new CommandError(EXIT.usage, `${said}; commands: ${known.join(', ')}`);
}

function checkWords(row: CommandRow, words: readonly string[]): void {
  const least = row.words.filter((word) => !word.startsWith('[')).length;
  const most = row.words.some((word) => word.includes('…')) ? Number.POSITIVE_INFINITY : row.words.length;
  if (words.length >= least && words.length <= most) return;
  const usage = ['sidecache', row.name, ...row.words].join(' ');
  const missing = words.length < least;
  const what = missing ? `${row.words[words.length]} is missing` : `${words[most]} is one word too many`;
  throw new CommandError(EXIT.usage, `${what}; usage: ${usage}`);
}

/** yargs' words for an unknown option, with the command that explains the known ones. */
async function sentence(message: string, own: readonly string[]): Promise<string> {
  const row = commandNamed(own[0] ?? '');
  const name = row?.name;
  const known = ['help', 'version', ...Object.keys(row === undefined ? {} : await optionsOf(row, own))];
  const variableOf = row?.takesConfiguration
    ? (await import('../config/flags.ts')).secretVariable
    : () => undefined;
  const unknown = message.replace(/^Unknown arguments?: (.*)$/, (_, names: string) => {
    return `there is no option ${names
      .split(', ')
      .map((one) => (one.length > 1 ? `--${one}${hint(one, known, variableOf)}` : `-${one}`))
      .join(', ')}`;
  });
  const plain = unknown.replace(/^Not enough arguments following: (.*)$/, '--$1 needs a value');
  return `${plain}; see ${name === undefined ? 'sidecache' : `sidecache ${name}`} --help`;
}

/** Why an option is not known, or which one is probably meant. */
function hint(
  unknown: string,
  known: readonly string[],
  secretVariable: (flag: string) => string | undefined,
): string {
  const variable = secretVariable(unknown);
  if (variable !== undefined) return ` (a secret has no flag: set ${variable})`;
  const cache = /^caches\.([^.]+)\./.exec(unknown)?.[1];
  const names = known.map((name) => name.replace('<name>', cache ?? '<name>'));
  // `--mem` is the beginning of one, and too short to be near it.
  const begun = unknown.length >= 3 ? names.filter((name) => name.startsWith(unknown)) : [];
  if (begun.length === 1) return ` (did you mean --${begun[0]}?)`;
  return suggestWithin(`--${unknown}`, names.map(dashed), '--');
}

const dashed = (name: string): string => `--${name}`;

function definedOnly(options: Record<string, unknown>): Record<string, unknown> {
  const defined = Object.entries(options).filter(([name, value]) => name !== 'h' && value !== undefined);
  return Object.fromEntries(
    defined.map(([name, value]) => [name, Array.isArray(value) ? value.map(asTyped) : asTyped(value)]),
  );
}

function asTyped(value: unknown): unknown {
  return value === HELP_AS_WORD ? 'help' : value;
}
