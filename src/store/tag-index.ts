// Which entries carry which tag: links in typed arrays, each on two lists, that of its tag and that of its entry.
// Dropping a tag is a mark on it, however many entries have it: they are dead at once, and given out one by one to be
// taken back. What is stored under the same name afterwards has another tag.

import type { Budget } from './budget.ts';
import { NO_SLOT } from './entries.ts';

const NO_LINK = -1;
/** One entry carrying one tag, its part of what begins each entry's list included. */
export const LINK_COST_BYTES = 24;
/** One distinct tag of a cache, its name apart, which is there twice: object, map entry and string headers. */
const TAG_COST_BYTES = 200;

interface Tag {
  readonly cacheId: number;
  readonly name: string;
  firstLink: number;
  links: number;
  dropped: boolean;
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
  readonly #budget: Budget;
  readonly #maxEntries: number;
  readonly #maxLinks: number;
  readonly #tags: (Tag | undefined)[] = [];
  readonly #freeTagIds: number[] = [];
  readonly #ids = new Map<string, number>();
  readonly #dropped: Tag[] = [];
  #bytes = 0;

  /** Undefined until the first tag: even unused, arrays of this length take time when a daemon starts. */
  #links: Links | undefined;
  #freeLink = NO_LINK;
  #freshLink = 0;

  constructor(budget: Budget, maxEntries: number, maxLinks: number) {
    this.#budget = budget;
    this.#maxEntries = maxEntries;
    this.#maxLinks = maxLinks;
  }

  /** Bytes of the tags themselves, charged here; the links are charged to their entries. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What links to these tags cost an entry. */
  linksCost(tags: readonly string[]): number {
    return tags.length < 2 ? tags.length * LINK_COST_BYTES : new Set(tags).size * LINK_COST_BYTES;
  }

  /** What the entry's links cost. */
  linksCostOf(slot: number): number {
    let bytes = 0;
    const links = this.#links;
    if (links === undefined) return bytes;
    for (let link = links.ofEntry[slot]! - 1; link !== NO_LINK; link = links.nextOfEntry[link]!) {
      bytes += LINK_COST_BYTES;
    }
    return bytes;
  }

  /** What adding these would cost in tags that are not there yet. */
  newTagsCost(cacheId: number, tags: readonly string[]): number {
    let bytes = 0;
    for (const tag of tags) if (!this.#ids.has(mapKey(cacheId, tag))) bytes += tagCost(tag);
    return bytes;
  }

  /** Whether entries are waiting to be taken back since a tag of theirs was dropped. */
  get anyDropped(): boolean {
    return this.#dropped.length > 0;
  }

  /** Drops the tag; says how many entries have it, those among them that are dead already included. */
  drop(cacheId: number, name: string): number {
    const key = mapKey(cacheId, name);
    const id = this.#ids.get(key);
    if (id === undefined) return 0;
    const tag = this.#tags[id]!;
    this.#ids.delete(key);
    tag.dropped = true;
    this.#dropped.push(tag);
    return tag.links;
  }

  isDropped(slot: number): boolean {
    const links = this.#links!;
    for (let link = links.ofEntry[slot]! - 1; link !== NO_LINK; link = links.nextOfEntry[link]!) {
      if (this.#tags[links.tagId[link]!]!.dropped) return true;
    }
    return false;
  }

  /** An entry that died with a tag, NO_SLOT where there is none left; the caller takes it off. */
  nextDropped(): number {
    for (;;) {
      const tag = this.#dropped.at(-1);
      if (tag === undefined) return NO_SLOT;
      if (tag.firstLink !== NO_LINK) return this.#links!.slot[tag.firstLink]!;
      this.#dropped.pop();
    }
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
    // A text of its own: what is handed in may be a piece of a whole header, and would keep all of it.
    const own = Buffer.from(name, 'latin1').toString('latin1');
    this.#tags[id] = { cacheId, name: own, firstLink: NO_LINK, links: 0, dropped: false };
    this.#charge(tagCost(own));
    this.#ids.set(mapKey(cacheId, own), id);
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
    if (!tag.dropped) this.#ids.delete(mapKey(tag.cacheId, tag.name));
    this.#charge(-tagCost(tag.name));
    this.#tags[tagId] = undefined;
    this.#freeTagIds.push(tagId);
  }

  #charge(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.force(bytes);
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

function tagCost(name: string): number {
  return TAG_COST_BYTES + 2 * name.length;
}

function mapKey(cacheId: number, name: string): string {
  return `${cacheId} ${name}`;
}
