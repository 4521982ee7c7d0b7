// Who has read which key: names of keys as clients know them, of one character a byte, and the numbers of their readers.
//
// Bounded in bytes. Over the bound a row goes by chance, and whoever is in it is told, as if its key had changed.

/** A name, and who is to be told when what it names changes. */
export interface Row {
  /** As its cache stores it. */
  readonly name: string;
  /** As its readers wrote it, where that differs. */
  spellings: Set<string> | undefined;
  /** One, as a rule. */
  readers: number | Set<number>;
  /** Of what its readers have; 0: it was old, or nothing. */
  version: number;
  /** Second in which it is looked at again; 0: in none. */
  dueSecond: number;
  /** Where it stands among the rows; -1: it was taken. */
  at: number;
}

export interface TrackingTableParts {
  readonly maxBytes: number;
  charge(bytes: number): boolean;
  release(bytes: number): void;
  /** In [0, 1). */
  random(): number;
  /** Told of a row for which there is no room. */
  dropped(row: Row): void;
}

/**
 * A row, its place in a map, an array and a set, and the head of a string: measured, with a fifth on top, as maps grow by
 * doubling.
 */
const ROW_BYTES = 200;
const SET_BYTES = 120;
const MEMBER_BYTES = 30;

export class TrackingTable {
  readonly #parts: TrackingTableParts;
  readonly #byName = new Map<string, Row>();
  readonly #rows: Row[] = [];
  #bytes = 0;
  /** As Redis bounds it; 0: by bytes alone. */
  mostRows = 1_000_000;

  constructor(parts: TrackingTableParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** Readers of each, summed up. */
  get items(): number {
    return this.#rows.reduce((sum, { readers }) => sum + (typeof readers === 'number' ? 1 : readers.size), 0);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `asked`: the name as the reader wrote it. Undefined where there is no room for it at all; it may be dropped at once. */
  add(name: string, asked: string, reader: number): Row | undefined {
    const known = this.#byName.get(name);
    const cost = known ? growthOf(known, asked, reader) : ROW_BYTES + name.length + spellingCost(name, asked);
    if (cost > 0 && !this.#charge(cost)) return undefined;
    if (this.#byName.get(name) !== known) {
      // To make room its key was evicted, and the row went with it.
      this.#release(cost);
      return this.add(name, asked, reader);
    }
    const row = known ?? this.#insert(name, reader);
    addReader(row, reader);
    if (asked !== name) addSpelling(row, asked);
    this.shrink();
    return row;
  }

  get(name: string): Row | undefined {
    return this.#byName.get(name);
  }

  /** Takes the row out; undefined where nobody has read the key. */
  take(name: string): Row | undefined {
    const row = this.#byName.get(name);
    if (row) this.#remove(row);
    return row;
  }

  /** The same, of every row whose name is such. */
  takeWhere(isMeant: (name: string) => boolean): Row[] {
    const rows = this.#rows.filter(({ name }) => isMeant(name));
    for (const row of rows) this.#remove(row);
    return rows;
  }

  clear(): void {
    for (const row of this.#rows) row.at = -1;
    this.#rows.length = 0;
    this.#byName.clear();
    this.#release(this.#bytes);
  }

  /** Room for this much is made by what is in the table, where there is no other. */
  #charge(cost: number): boolean {
    while (!this.#parts.charge(cost)) if (!this.#dropOne()) return false;
    this.#bytes += cost;
    return true;
  }

  #release(bytes: number): void {
    this.#bytes -= bytes;
    this.#parts.release(bytes);
  }

  shrink(): void {
    const most = this.mostRows || Number.POSITIVE_INFINITY;
    while ((this.#bytes > this.#parts.maxBytes || this.#rows.length > most) && this.#dropOne());
  }

  #dropOne(): boolean {
    const row = this.#rows[Math.floor(this.#parts.random() * this.#rows.length)];
    if (!row) return false;
    this.#remove(row);
    this.#parts.dropped(row);
    return true;
  }

  #insert(name: string, reader: number): Row {
    const at = this.#rows.length;
    const row = { name, spellings: undefined, readers: reader, version: 0, dueSecond: 0, at };
    this.#rows.push(row);
    this.#byName.set(name, row);
    return row;
  }

  #remove(row: Row): void {
    this.#release(costOf(row));
    this.#byName.delete(row.name);
    const last = this.#rows.pop()!;
    if (last !== row) {
      this.#rows[row.at] = last;
      last.at = row.at;
    }
    row.at = -1;
  }
}

/** As its readers know it. */
export function namesOf({ name, spellings }: Row): readonly string[] {
  return spellings ? [name, ...spellings] : [name];
}

export function readersOf({ readers }: Row): Iterable<number> {
  return typeof readers === 'number' ? [readers] : readers;
}

function addReader(row: Row, reader: number): void {
  if (row.readers === reader) return;
  if (typeof row.readers === 'number') row.readers = new Set([row.readers]);
  row.readers.add(reader);
}

function addSpelling(row: Row, asked: string): void {
  row.spellings ??= new Set();
  row.spellings.add(asked);
}

function growthOf({ name, spellings, readers }: Row, asked: string, reader: number): number {
  const spelling = spellings?.has(asked) ? 0 : spellingCost(name, asked);
  if (typeof readers !== 'number') return spelling + (readers.has(reader) ? 0 : MEMBER_BYTES);
  return spelling + (readers === reader ? 0 : SET_BYTES + 2 * MEMBER_BYTES);
}

function spellingCost(name: string, asked: string): number {
  return asked === name ? 0 : SET_BYTES + MEMBER_BYTES + asked.length;
}

function costOf({ name, spellings, readers }: Row): number {
  let cost = ROW_BYTES + name.length;
  if (typeof readers !== 'number') cost += SET_BYTES + MEMBER_BYTES * readers.size;
  for (const spelling of spellings ?? []) cost += spellingCost(name, spelling);
  return cost;
}
