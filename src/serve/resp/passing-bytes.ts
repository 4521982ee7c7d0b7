// Memory for a long value that is put together and stored at once. V8 would keep such buffers until it collects garbage,
// tens of megabytes of them where one follows the other; this gives the memory back right after.
//
// A resizable buffer can be made empty, which returns its pages to the system. Where Node has none it is as any other.

/** Shorter ones come and go with the garbage. */
const LONG_BYTES = 65_536;

/** What ES2024 adds to ArrayBuffer. */
interface Resizable {
  resize(bytes: number): void;
}

type NewResizable = new (
  bytes: number,
  options: { maxByteLength: number },
) => ArrayBuffer & Partial<Resizable>;

const { ArrayBuffer: NewBuffer }: { ArrayBuffer: NewResizable } = globalThis;

/** So many bytes, of any content; who needs them no more says so with `letGo`. */
export function passingBytes(length: number): Buffer {
  if (length <= LONG_BYTES) return Buffer.allocUnsafeSlow(length);
  return Buffer.from(new NewBuffer(length, { maxByteLength: length }), 0, length);
}

/** Nobody looks at them any more; says how many bytes there were. */
export function letGo(bytes: Buffer): number {
  const { length } = bytes;
  const memory = bytes.buffer as Partial<Resizable>;
  if (length <= LONG_BYTES || !memory.resize) return length;
  memory.resize(0);
  return length;
}

/** Hands `use` so many bytes, of any content, that are gone when it returns. */
export function withBytes<Result>(length: number, use: (bytes: Buffer) => Result): Result {
  const bytes = passingBytes(length);
  try {
    return use(bytes);
  } finally {
    letGo(bytes);
  }
}
