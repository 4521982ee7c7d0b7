// Rows of text as an aligned table, safe to show on a terminal.

import type { Host } from './host.ts';

export type Align = 'left' | 'right';

/** Paint for one cell; without colours it is the identity. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

const GAP = '  ';

export function paintFor(host: Pick<Host, 'env' | 'terminal'>): Paint {
  const plain = !host.terminal.stdout || Boolean(host.env.NO_COLOR) || host.env.TERM === 'dumb';
  const code = (number: number) => (text: string) => (plain ? text : `\x1b[${number}m${text}\x1b[0m`);
  return { bold: code(1), dim: code(2), good: code(32), bad: code(31) };
}

/** The first row is the heading. Widths are taken before painting: a colour takes no room. */
export function renderTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[],
  paint: Paint,
): string {
  const clean = [heading, ...rows].map((row) => row.map(escapeControls));
  const widths = heading.map((_, column) => Math.max(...clean.map((row) => (row[column] ?? '').length)));
  const lines = clean.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0, align[column] ?? 'left'))
      .join(GAP)
      .trimEnd(),
  );
  return lines.map((line, index) => `${index === 0 ? paint.bold(line) : line}\n`).join('');
}

/** Names on the left, values on the right, no heading. */
export function renderList(
  fields: readonly (readonly [name: string, value: string])[],
  paint: Paint,
): string {
  const width = Math.max(0, ...fields.map(([name]) => escapeControls(name).length));
  return fields
    .map(
      ([name, value]) => `${paint.dim(escapeControls(name).padEnd(width))}${GAP}${escapeControls(value)}\n`,
    )
    .join('');
}

/**
 * What a client, an origin or an app chose must not move the cursor, set a title or fake a line: C0, DEL, C1,
 * line separators and the marks that turn writing around are shown as `\xNN` or `\u{NNNN}`.
 */
export function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
  return text.replace(/[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (char) => {
    const code = char.charCodeAt(0);
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

function padded(cell: string, width: number, align: Align): string {
  return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
}
