// Packed records and their headers, beside plain buffers.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_PAGE, PAGE_BYTES, Pages } from '../../src/store/pages.ts';
import {
  hasKey,
  keyBegins,
  PAGED_FROM_BYTES,
  RecordHeader,
  TIME_WORDS,
  timesWordOf,
} from '../../src/store/record.ts';
import { Records } from '../../src/store/records.ts';
import { classOf, MOST_RECORD_BYTES, SIZE_CLASSES, sizeOf } from '../../src/store/size-classes.ts';
import { countPages } from './page-count.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

const NOISE = Buffer.from(
  Array.from({ length: MOST_RECORD_BYTES + 4096 }, seededRandom(8).below.bind(null, 256)),
);

const sizes = suite('size classes');

sizes('hold every size, and the class before is too small for it', () => {
  let before = 0;
  for (let bytes = 1; bytes <= MOST_RECORD_BYTES; bytes++) {
    const at = classOf(bytes);
    const size = sizeOf(at);
    if (size < bytes || (at > 0 && sizeOf(at - 1) >= bytes)) assert.unreachable(`${bytes} in ${size}`);
    if (at < before || at > before + 1)
      assert.unreachable(`${bytes} bytes skip from class ${before} to ${at}`);
    before = at;
  }
  assert.is(before, SIZE_CLASSES - 1, 'the largest size is in the last class');
});

sizes('are whole words, and waste three bytes or a sixteenth at most', () => {
  for (let bytes = 1; bytes <= MOST_RECORD_BYTES; bytes++) {
    const size = sizeOf(classOf(bytes));
    const waste = size - bytes;
    if (size % 4 !== 0 || (waste > 3 && waste >= bytes / 16)) assert.unreachable(`${bytes} bytes in ${size}`);
  }
});

interface Piece {
  place: number;
  readonly bytes: Buffer;
}

/** Pieces of noise in packed memory, and where each is said to be. */
class PackedModel {
  readonly pages = new Pages(60_000);
  readonly count = countPages(this.pages);
  readonly pieces: Piece[] = [];
  readonly #byPlace = new Map<number, Piece>();
  readonly #records = new Records(this.pages, (from, to) => this.#moved(from, to));
  #freed: number | undefined;
  moves = 0;

  take(length: number, from: number): void {
    const place = this.#records.take(length);
    assert.not.ok(this.#byPlace.has(place), 'a place is given out once');
    const piece = { place, bytes: NOISE.subarray(from, from + length) };
    this.#records.write(place, 0, piece.bytes, 0, length);
    this.#byPlace.set(place, piece);
    this.pieces.push(piece);
  }

  free(at: number): void {
    const piece = this.pieces[at]!;
    this.pieces[at] = this.pieces.at(-1)!;
    this.pieces.pop();
    this.#byPlace.delete(piece.place);
    this.#freed = piece.place;
    this.#records.free(piece.place, piece.bytes.length);
    this.#freed = undefined;
  }

  /** Bytes are as they were written, and no more pages are taken than each class needs. */
  check(): void {
    for (const { place, bytes } of this.pieces) {
      if (!this.#records.equals(place, 0, bytes, 0, bytes.length))
        assert.unreachable(`${place} has other bytes`);
    }
    this.checkPages();
  }

  checkPages(): void {
    const liveBytes = new Map<number, number>();
    for (const { bytes } of this.pieces) {
      const at = classOf(bytes.length);
      liveBytes.set(at, (liveBytes.get(at) ?? 0) + sizeOf(at));
    }
    let pages = 0;
    for (const bytes of liveBytes.values()) pages += Math.ceil(bytes / PAGE_BYTES);
    assert.is(this.count.taken, pages);
  }

  /** Only what is freed makes a move, one at most, and into its place. */
  #moved(from: number, to: number): void {
    assert.is(to, this.#freed);
    this.#freed = undefined;
    const piece = this.#byPlace.get(from);
    assert.ok(piece, 'what is moved is there');
    piece!.place = to;
    this.#byPlace.delete(from);
    this.#byPlace.set(to, piece!);
    this.moves++;
  }
}

function anyLength(random: SeededRandom, most: number): number {
  const length = Math.floor(2 ** (random() * Math.log2(most)));
  return random.percent(20) ? Math.min(most, sizeOf(classOf(length))) : length;
}

const packing = suite('packed records');

packing('keep their bytes and take no page too many, whatever is taken and freed in whatever order', () => {
  for (let seed = 1; seed <= 24; seed++) {
    const random = seededRandom(seed);
    const model = new PackedModel();
    const most = random.pick([300, 5000, MOST_RECORD_BYTES]);
    const lengths = random.percent(50) ? undefined : [anyLength(random, most), anyLength(random, most)];
    for (let phase = 0; phase < 4; phase++) {
      const growing = phase % 2 === 0 ? 65 : 35;
      for (let i = 0; i < 400; i++) {
        if (model.pieces.length === 0 || random.percent(growing)) {
          const length = lengths && random.percent(80) ? random.pick(lengths) : anyLength(random, most);
          model.take(length, random.below(4096));
        } else {
          model.free(random.below(model.pieces.length));
        }
        if (i % 20 === 0) model.checkPages();
      }
      model.check();
    }
    assert.ok(model.moves > 100, `${model.moves} moves`);
    while (model.pieces.length > 0) {
      model.free(random.below(model.pieces.length));
      if (model.pieces.length % 100 === 0) model.check();
    }
    assert.is(model.count.taken, 0, 'all pages are back');
  }
});

packing('are as small after a day of mixed sizes as if they had just been written', () => {
  const random = seededRandom(5);
  const model = new PackedModel();
  for (let i = 0; i < 500; i++) model.take(anyLength(random, 9000), 0);
  for (let i = 0; i < 100_000; i++) {
    model.free(random.below(model.pieces.length));
    model.take(anyLength(random, 9000), random.below(4096));
  }
  model.check();
  const fresh = new PackedModel();
  for (const { bytes } of model.pieces) fresh.take(bytes.length, 0);
  assert.is(model.count.taken, fresh.count.taken);
});

packing('have words, parts and comparisons over the edges of pages', () => {
  const pages = new Pages(200);
  const records = new Records(pages, () => {});
  const length = 4100;
  const places = Array.from({ length: 20 }, () => records.take(length));
  const model = places.map((_, i) => Buffer.from(NOISE.subarray(i, i + length)));
  places.forEach((place, i) => {
    records.write(place, 0, model[i]!, 0, length);
  });
  const random = seededRandom(9);
  for (let i = 0; i < 5000; i++) {
    const at = random.below(places.length);
    const [place, bytes] = [places[at]!, model[at]!];
    const word = random.below(length / 4);
    assert.is(records.word(place, word), bytes.readInt32LE(word * 4));
    const value = random.below(2 ** 32) | 0;
    records.setWord(place, word, value);
    bytes.writeInt32LE(value, word * 4);
    const from = random.below(length);
    const until = from + random.below(length - from + 1);
    const read = Buffer.alloc(until - from + 2, 0xee);
    records.read(place, from, read, 1, until - from);
    assert.ok(read.subarray(1, -1).equals(bytes.subarray(from, until)));
    assert.ok(read[0] === 0xee && read.at(-1) === 0xee, 'no byte beside is written');
    assert.ok(records.equals(place, from, bytes, from, until));
    if (until > from) {
      const other = Buffer.from(bytes.subarray(from, until));
      other[random.below(other.length)]! ^= 1 << random.below(8);
      assert.not.ok(records.equals(place, from, other, 0, other.length));
    }
  }
});

const headers = suite('record headers');

/** Lengths around those where a header takes another form. */
const EDGES = [0, 1, 62, 63, 64, 254, 255, 256, 257, 4000, 65_535, 65_536];
const keyLengths = fc.oneof(fc.constantFrom(...EDGES), fc.nat(65_536), fc.nat(300));
const VALUE_EDGES = [0, 1, 510, 511, 512, 513, 4094, 4095, 4096, 4097, 8191, 8192, 8193, 12_288, 2 ** 28];
const valueLengths = fc.oneof(fc.constantFrom(...VALUE_EDGES), fc.nat(600), fc.nat(20_000), fc.nat(2 ** 30));
const texts = fc.oneof(fc.constant(0), fc.nat(40), fc.constantFrom(255, 256, 8191)).map((n) => 'e'.repeat(n));
const recordParts = fc.record({
  keyLength: keyLengths,
  etag: texts,
  type: texts,
  timed: fc.boolean(),
  valueLength: valueLengths,
});

interface Planned {
  readonly keyLength: number;
  readonly etag: string;
  readonly type: string;
  readonly timed: boolean;
  readonly valueLength: number;
}

function planFor({ keyLength, valueLength, timed, etag, type }: Planned): RecordHeader {
  const header = new RecordHeader();
  header.plan(keyLength, valueLength, timed, etag.length, type.length);
  return header;
}

/** A place behind `before` others of its size: somewhere in a page, and over its edge now and then. */
function placeBehind(records: Records, bytes: number, before: number): number {
  for (let i = 0; i < before; i++) records.take(bytes);
  return records.take(bytes);
}

headers('say again what they were planned for, wherever their record begins', () => {
  fc.assert(
    fc.property(recordParts, fc.nat(1023), fc.nat(2 ** 31 - 1), (parts, before, head) => {
      const { keyLength } = parts;
      const key = NOISE.subarray(0, keyLength);
      const planned = planFor(parts);
      planned.pagesHead = head;
      const pages = new Pages(4096 * 20);
      const records = new Records(pages, () => {});
      const count = Math.min(before, Math.floor(1_000_000 / sizeOf(classOf(planned.bytes))));
      const place = placeBehind(records, planned.bytes, count);
      planned.store(records, place);
      records.write(place, planned.keyStart, key, 0, keyLength);

      // One that has just served a record with everything.
      const loaded = planFor({ keyLength: 70, etag: 'e', type: 't', timed: true, valueLength: 5000 });
      loaded.load(records, place);
      assert.is(loaded.keyLength, keyLength);
      assert.is(loaded.etagLength, parts.etag.length);
      assert.is(loaded.typeLength, parts.type.length);
      assert.is(loaded.valueLength, parts.valueLength);
      assert.is(loaded.timed, parts.timed);
      assert.is(loaded.paged, parts.valueLength >= PAGED_FROM_BYTES);
      assert.is(loaded.restLength, parts.valueLength % PAGE_BYTES);
      assert.is(loaded.pageCount, Math.floor(parts.valueLength / PAGE_BYTES));
      assert.is(loaded.bytes, planned.bytes);
      assert.is(loaded.keyStart, planned.keyStart);
      assert.is(loaded.restStart, planned.restStart);
      if (loaded.paged) assert.is(loaded.pagesHead, head);
      if (parts.timed) assert.is(timesWordOf(records, place), loaded.timesWord);
      assert.ok(loaded.keyStart + keyLength + parts.etag.length + parts.type.length === loaded.restStart);
      checkKey(records, place, key);
    }),
    { numRuns: 1500 },
  );
});

function checkKey(records: Records, place: number, key: Uint8Array): void {
  const { length } = key;
  assert.ok(hasKey(records, place, key, 0, length));
  assert.ok(hasKey(records, place, NOISE, 0, length));
  assert.not.ok(hasKey(records, place, NOISE, 0, length + 1), 'a longer key is another');
  if (length > 0) assert.not.ok(hasKey(records, place, NOISE, 0, length - 1), 'a shorter one too');
  for (const at of new Set([0, length >> 1, length - 1])) {
    if (at < 0 || at >= length) continue;
    const other = Buffer.from(key);
    other[at]! ^= 0x80;
    assert.not.ok(hasKey(records, place, other, 0, length));
    assert.not.ok(keyBegins(records, place, other.subarray(0, at + 1)));
    assert.ok(keyBegins(records, place, key.subarray(0, at + 1)));
  }
  assert.ok(keyBegins(records, place, Buffer.alloc(0)));
  assert.not.ok(keyBegins(records, place, NOISE.subarray(0, length + 1)));
}

headers(
  'have room for the times of a record that is given them, and stay what they were apart from that',
  () => {
    fc.assert(
      fc.property(recordParts, (parts) => {
        const header = planFor({ ...parts, timed: false });
        const before = header.bytes;
        header.retime(true);
        assert.ok(header.bytes >= before + TIME_WORDS * 4);
        const records = new Records(new Pages(1000), () => {});
        const place = records.take(header.bytes);
        header.store(records, place);
        const words = Array.from({ length: TIME_WORDS }, (_, i) => ~i);
        words.forEach((word, i) => {
          records.setWord(place, header.timesWord + i, word);
        });
        const loaded = new RecordHeader();
        loaded.load(records, place);
        assert.ok(loaded.timed, 'the words of its times are no other part’s');
        assert.is(loaded.valueLength, parts.valueLength);
        assert.is(loaded.etagLength + loaded.typeLength, parts.etag.length + parts.type.length);
        assert.is(loaded.keyLength, parts.keyLength);
        loaded.retime(false);
        assert.is(loaded.bytes, before);
      }),
      { numRuns: 500 },
    );
  },
);

headers('of few bytes take two, and none of a common entry takes more than a word and its times', () => {
  const headerBytes = (key: number, valueLength: number, timed = false): number => {
    const header = planFor({ keyLength: key, etag: '', type: '', timed, valueLength });
    return header.bytes - key - (valueLength % PAGE_BYTES);
  };
  assert.is(headerBytes(63, 511), 2);
  assert.is(headerBytes(64, 511), 4);
  assert.is(headerBytes(63, 512), 4);
  assert.is(headerBytes(255, 4095), 4);
  assert.is(headerBytes(256, 0), 8);
  assert.is(headerBytes(14, 100, true), 4 + TIME_WORDS * 4);
  assert.is(headerBytes(14, 4096), 12);
});

headers('of the largest record there may be still leave it in a class', () => {
  const text = 'x'.repeat(65_535);
  const header = planFor({ keyLength: 65_536, etag: text, type: text, timed: true, valueLength: 8191 });
  assert.ok(header.bytes <= MOST_RECORD_BYTES);
  const pages = new Pages(100);
  const records = new Records(pages, () => {});
  const place = records.take(header.bytes);
  header.pagesHead = NO_PAGE;
  header.store(records, place);
  const loaded = new RecordHeader();
  loaded.load(records, place);
  assert.is(loaded.etagLength, 65_535);
  assert.is(loaded.typeLength, 65_535);
  assert.is(loaded.bytes, header.bytes);
});

sizes.run();
packing.run();
headers.run();
