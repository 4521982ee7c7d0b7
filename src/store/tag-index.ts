// Which entries carry which tag: links in typed arrays, each on two lists, that of its tag and that of its entry.
// Dropping a tag costs what its entries cost, whatever else is stored.

const NO_LINK = -1;
/** One entry carrying one tag. */
export const LINK_COST_BYTES = 20;
/** One distinct tag of a cache, its name apart: object, map entry and string header. */
const TAG_COST_BYTES = 200;

interface Tag {
  readonly cacheId: number;
  readonly name: string;
  firstLink: number;
  links: number;
}

/** As long as the budget could need. A system that hands out memory when it is written to charges little for it. */
class Links {
  /** First link of each entry, plus one. */
  readonly ofEntry: Int32Array;
  readonly slot: Int32Array;
  readonly tagId: Int32Array;
  readonly nextOfTag: Int32Array;
  readonly previousOfTag: Int32Array;
  readonly nextOfEntry: Int32Array;

  constructor(maxEntries: number, maxLinks: number) {
    this.ofEntry = new Int32Array(maxEntries);
    this.slot = new Int32Array(maxLinks);
    this.tagId = new Int32Array(maxLinks);
    this.nextOfTag = new Int32Array(maxLinks);
    this.previousOfTag = new Int32Array(maxLinks);
    this.nextOfEntry = new Int32Array(maxLinks);
  }
}

export class TagIndex {
  readonly #maxEntries: number;
  readonly #maxLinks: number;
  readonly #tags: (Tag | undefined)[] = [];
  readonly #freeTagIds: number[] = [];
  readonly #ids = new Map<string, number>();

  /** Undefined until the first tag: even unused, arrays of this length take time when a daemon starts. */
  #links: Links | undefined;
  #freeLink = NO_LINK;
  #freshLink = 0;

  constructor(maxEntries: number, maxLinks: number) {
    this.#maxEntries = maxEntries;
    this.#maxLinks = maxLinks;
  }

  /** The most that adding these tags can cost; what is charged before, and given back by `remove`. */
  costBytes(tags: readonly string[]): number {
    let bytes = 0;
    for (const tag of distinct(tags)) bytes += LINK_COST_BYTES + TAG_COST_BYTES + tag.length;
    return bytes;
  }

  add(cacheId: number, slot: number, tags: readonly string[]): void {
    for (const name of distinct(tags)) this.#link(slot, this.#idOf(cacheId, name));
  }

  /** Takes the entry off every tag's list. */
  remove(slot: number): void {
    const links = this.#links;
    if (links === undefined) return;
    for (let link = links.ofEntry[slot]! - 1; link !== NO_LINK; ) {
      const next = links.nextOfEntry[link]!;
      this.#unlink(links, link);
      link = next;
    }
    links.ofEntry[slot] = 0;
  }

  namesOf(slot: number): string[] {
    const names: string[] = [];
    const links = this.#links;
    if (links === undefined) return names;
    for (let link = links.ofEntry[slot]! - 1; link !== NO_LINK; link = links.nextOfEntry[link]!) {
      names.push(this.#tags[links.tagId[link]!]!.name);
    }
    return names.reverse();
  }

  /** All entries with the tag, each once. */
  slotsWith(cacheId: number, name: string): number[] {
    const id = this.#ids.get(mapKey(cacheId, name));
    const slots: number[] = [];
    const links = this.#links;
    if (id === undefined || links === undefined) return slots;
    for (let link = this.#tags[id]!.firstLink; link !== NO_LINK; link = links.nextOfTag[link]!) {
      slots.push(links.slot[link]!);
    }
    return slots;
  }

  #idOf(cacheId: number, name: string): number {
    const key = mapKey(cacheId, name);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#freeTagIds.pop() ?? this.#tags.length;
    this.#tags[id] = { cacheId, name, firstLink: NO_LINK, links: 0 };
    this.#ids.set(key, id);
    return id;
  }

  #link(slot: number, tagId: number): void {
    this.#links ??= new Links(this.#maxEntries, this.#maxLinks);
    const links = this.#links;
    const link = this.#takeLink(links);
    const tag = this.#tags[tagId]!;
    links.slot[link] = slot;
    links.tagId[link] = tagId;
    links.nextOfEntry[link] = links.ofEntry[slot]! - 1;
    links.ofEntry[slot] = link + 1;
    links.nextOfTag[link] = tag.firstLink;
    links.previousOfTag[link] = NO_LINK;
    if (tag.firstLink !== NO_LINK) links.previousOfTag[tag.firstLink] = link;
    tag.firstLink = link;
    tag.links++;
  }

  #unlink(links: Links, link: number): void {
    const tagId = links.tagId[link]!;
    const tag = this.#tags[tagId]!;
    const next = links.nextOfTag[link]!;
    const previous = links.previousOfTag[link]!;
    if (previous === NO_LINK) tag.firstLink = next;
    else links.nextOfTag[previous] = next;
    if (next !== NO_LINK) links.previousOfTag[next] = previous;
    if (--tag.links === 0) this.#forget(tagId, tag);
    links.nextOfTag[link] = this.#freeLink;
    this.#freeLink = link;
  }

  #forget(tagId: number, tag: Tag): void {
    this.#ids.delete(mapKey(tag.cacheId, tag.name));
    this.#tags[tagId] = undefined;
    this.#freeTagIds.push(tagId);
  }

  #takeLink(links: Links): number {
    const link = this.#freeLink;
    if (link === NO_LINK) return this.#freshLink++;
    this.#freeLink = links.nextOfTag[link]!;
    return link;
  }
}

/** Linked twice, an entry would be dropped twice. */
function distinct(tags: readonly string[]): Iterable<string> {
  return tags.length < 2 ? tags : new Set(tags);
}

function mapKey(cacheId: number, name: string): string {
  return `${cacheId} ${name}`;
}
