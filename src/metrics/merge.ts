// Several instances' metrics as one exposition: each sample says whose it is, and a family stands in one place.
//
// First all texts are looked through for what families there are, then for where in them the lines of each family are;
// then family by family is written, the lines of one instance after the other's. An instance may run another version, or
// have been cut off: a line that is none, a sample of a family that nobody described, and a family that is described
// otherwise than by an instance before are left out, and the rest stands.

import {
  boundLabel,
  escapeLabel,
  isNumber,
  labelPairs,
  parseHelp,
  parseSample,
  parseType,
  sampleNames,
} from './exposition.ts';

export interface Scraped {
  readonly index: string;
  readonly instanceId: string;
  /** Undefined where it did not answer. */
  readonly text: string | undefined;
}

interface Member {
  readonly text: string;
  /** As they stand before those of each sample. */
  readonly labels: string;
}

/** `text[from, to)` are lines of one family. */
interface Lines {
  readonly member: Member;
  readonly from: number;
  to: number;
}

interface Family {
  readonly name: string;
  readonly type: string;
  /** Who describes it otherwise. */
  readonly without: Set<Member>;
  readonly lines: Lines[];
}

const SCRAPED = 'sidecache_fleet_scraped';
/** Its index is that of the instance that it comes from; elsewhere an index is that of another. */
const OF_ITSELF = 'sidecache_build_info';
const OWN_LABELS: readonly string[] = ['index', 'instance_id'];

/** No more than so much is put together in one go. */
const PIECE_LENGTH = 64 << 10;

/** In pieces, some of them empty, so that others can have their turn in between. Of two with the same index and instance id, one that answered counts. */
export function* mergeExpositions(all: readonly Scraped[]): Generator<string> {
  const scraped = withoutTwins(all);
  const members = scraped.flatMap(({ text, ...whose }) =>
    text === undefined ? [] : [{ text, labels: labelsOf(whose) }],
  );
  const families = new Families();
  for (const member of members) {
    families.describe(member);
    yield '';
  }
  for (const member of members) {
    families.place(member);
    yield '';
  }
  yield* families.written();
  yield scrapedFamily(scraped);
}

function withoutTwins(all: readonly Scraped[]): readonly Scraped[] {
  const byLabels = new Map<string, Scraped>();
  for (const one of all) {
    const labels = labelsOf(one);
    if (byLabels.get(labels)?.text === undefined) byLabels.set(labels, one);
  }
  return [...byLabels.values()];
}

function labelsOf({ index, instanceId }: Omit<Scraped, 'text'>): string {
  return `index="${escapeLabel(index)}",instance_id="${escapeLabel(instanceId)}"`;
}

function scrapedFamily(scraped: readonly Scraped[]): string {
  const samples = scraped.map((one) => `${SCRAPED}{${labelsOf(one)}} ${one.text === undefined ? 0 : 1}\n`);
  const help = 'Whether the metrics of this instance are among these: 1 or 0.';
  return `# HELP ${SCRAPED} ${help}\n# TYPE ${SCRAPED} gauge\n${samples.join('')}`;
}

class Families {
  readonly #byName = new Map<string, Family>();
  readonly #bySample = new Map<string, Family>();
  readonly #help = new Map<string, string>();

  describe(member: Member): void {
    eachLine(member.text, (from, to) => {
      if (member.text.startsWith('# TYPE ', from)) this.#addType(member.text.slice(from, to), member);
      else if (member.text.startsWith('# HELP ', from)) this.#addHelp(member.text.slice(from, to));
    });
  }

  /** Notes where the lines of each family are. */
  place(member: Member): void {
    eachLine(member.text, (from, to) => {
      const family = this.#bySample.get(nameAt(member.text, from, to));
      if (!family || family.without.has(member)) return;
      const last = family.lines.at(-1);
      if (last?.member === member && last.to + 1 === from) last.to = to;
      else family.lines.push({ member, from, to });
    });
  }

  *written(): Generator<string> {
    for (const family of this.#byName.values()) {
      if (family.lines.length > 0) yield* written(family, this.#help.get(family.name));
    }
  }

  #addType(line: string, member: Member): void {
    const { family: name, text: type } = parseType(line) ?? {};
    if (name === undefined || type === undefined || name === SCRAPED) return;
    const known = this.#byName.get(name);
    if (known) {
      if (known.type !== type) known.without.add(member);
      return;
    }
    const samples = sampleNames(name, type);
    if ([name, ...samples].some((sample) => this.#bySample.has(sample))) return;
    const family = { name, type, without: new Set<Member>(), lines: [] };
    this.#byName.set(name, family);
    for (const sample of samples) this.#bySample.set(sample, family);
  }

  #addHelp(line: string): void {
    const help = parseHelp(line);
    if (help && !this.#help.has(help.family)) this.#help.set(help.family, help.text);
  }
}

function eachLine(text: string, take: (from: number, to: number) => void): void {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    take(from, to);
    from = to + 1;
  }
}

/** What stands before the labels or the value. */
function nameAt(text: string, from: number, to: number): string {
  let end = from;
  while (end < to && text[end] !== '{' && text[end] !== ' ') end++;
  return text.slice(from, end);
}

function* written(family: Family, help: string | undefined): Generator<string> {
  const { name, type, lines } = family;
  let text = `# HELP ${name} ${help ?? name}\n# TYPE ${name} ${type}\n`;
  for (const { member, from, to } of lines) {
    for (const line of member.text.slice(from, to).split('\n')) text += relabelled(line, family, member);
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}\n`;
}

/** With its line end; empty for a line that a parser would not take. */
function relabelled(line: string, { name: family, type }: Family, member: Member): string {
  const sample = parseSample(line);
  if (!sample) return '';
  const pairs = labelPairs(sample.labels)
    .filter(([name]) => family !== OF_ITSELF || !OWN_LABELS.includes(name))
    .map(([name, value]) => [OWN_LABELS.includes(name) ? `peer_${name}` : name, value] as const);
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) return '';
  const bound = boundLabel(type, family, sample.name);
  if (bound && !pairs.some(([name, value]) => name === bound && isNumber(value))) return '';
  const labels = [member.labels, ...pairs.map(([name, value]) => `${name}="${value}"`)];
  return `${sample.name}{${labels.join(',')}} ${sample.rest}\n`;
}
