// What others wrote, shown in a message that must stay one short line.

const LONGEST_SHOWN = 60;

export function quote(text: string): string {
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  return JSON.stringify(shown);
}

/** Plain where it is a plain dotted name, quoted otherwise. */
export function quoteKey(key: string): string {
  return /^[\w.-]{1,120}$/.test(key) ? key : quote(key);
}

/** First line only, nothing a terminal would act on. */
export function oneLine(text: string): string {
  return (text.split(/[\r\n]/, 1)[0] ?? '').replaceAll(/\p{Cc}/gu, ' ').slice(0, 300);
}
