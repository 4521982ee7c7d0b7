// Content types by number: the few that are in use are kept once, however many entries have them.

const MAX_KNOWN = 255;
/** Stands for a type that is stored with its entry, since the table was full. */
export const NOT_INTERNED = 0xff;

export class ContentTypes {
  readonly #names: string[] = [];
  readonly #ids = new Map<string, number>();

  idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    if (this.#names.length === MAX_KNOWN) return NOT_INTERNED;
    this.#ids.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  name(id: number): string {
    return this.#names[id] ?? 'application/octet-stream';
  }
}
