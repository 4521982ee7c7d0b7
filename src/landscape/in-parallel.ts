// The same for each of many, so many at a time: more would wait in memory for nothing.

/** The results in the order of the items. The first that throws is thrown; the others are not begun then. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  most: number,
  run: (item: Item) => Result | Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const runNext = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      const result = run(items[at]!);
      // What is there at once costs no turn of the event loop.
      results[at] = result instanceof Promise ? await result : result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, runNext));
  return results;
}
