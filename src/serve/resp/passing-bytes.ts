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

/** Hands `use` so many bytes, of any content, that are gone when it returns. */
export function withBytes<Result>(length: number, use: (bytes: Buffer) => Result): Result {
  if (length <= LONG_BYTES) return use(Buffer.allocUnsafe(length));
  const memory = new NewBuffer(length, { maxByteLength: length });
  try {
    return use(Buffer.from(memory, 0, length));
  } finally {
    memory.resize?.(0);
  }
}
