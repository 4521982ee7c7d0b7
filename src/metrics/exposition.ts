// Prometheus' text format 0.0.4, read line by line as the daemons write it. What a parser would stumble over is no line.

export interface Described {
  readonly family: string;
  /** `counter`, `gauge`, `histogram`, `summary`, `untyped`; of HELP: the text, escaped as it came. */
  readonly text: string;
}

export interface SampleLine {
  readonly name: string;
  /** Without braces, as they came; empty where there are none. */
  readonly labels: string;
  /** Value and timestamp. */
  readonly rest: string;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const PAIR = '(?!__name__=)[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\]|\\\\["\\\\n])*"';
const VALUE = '[+-]?(?:\\d+(?:\\.\\d*)?(?:[eE][+-]?\\d{1,3})?|[iI]nf|[nN]a[nN])';

const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${PAIR}(?:,${PAIR})*)?)\\})? (${VALUE}(?: -?\\d{1,18})?)$`);
const EACH_PAIR = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/g;
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);

export function parseHelp(line: string): Described | undefined {
  const [, family, text] = HELP.exec(line) ?? [];
  return family === undefined || text === undefined ? undefined : { family, text };
}

export function parseType(line: string): Described | undefined {
  const [, family, text] = TYPE.exec(line) ?? [];
  return family === undefined || text === undefined ? undefined : { family, text };
}

export function parseSample(line: string): SampleLine | undefined {
  const [, name, labels = '', rest] = SAMPLE.exec(line) ?? [];
  return name === undefined || rest === undefined ? undefined : { name, labels, rest };
}

/** Names and values, those escaped as they came. */
export function labelPairs(labels: string): [name: string, value: string][] {
  return [...labels.matchAll(EACH_PAIR)].map(([, name, value]) => [name!, value!]);
}

/** As it stands between quotes. */
export function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Names of the samples that a family of this type has. */
export function sampleNames(family: string, type: string): string[] {
  if (type === 'histogram') return [`${family}_bucket`, `${family}_sum`, `${family}_count`];
  return type === 'summary' ? [family, `${family}_sum`, `${family}_count`] : [family];
}

/** The label that holds a bound of a bucket or a quantile; undefined where a sample has none. */
export function boundLabel(type: string, family: string, sample: string): 'le' | 'quantile' | undefined {
  if (type === 'histogram' && sample === `${family}_bucket`) return 'le';
  return type === 'summary' && sample === family ? 'quantile' : undefined;
}

export function isNumber(text: string): boolean {
  return NUMBER.test(text);
}

const NUMBER = new RegExp(`^${VALUE}$`);
