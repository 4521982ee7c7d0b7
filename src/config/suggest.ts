// "Did you mean": the known name nearest to one that is not known.

/** ` (did you mean refresh_ahead?)`, or nothing where no name is near. */
export function suggest(unknown: string, known: Iterable<string>): string {
  const wanted = plain(unknown);
  let best: string | undefined;
  // Two letters swapped are two changes; of three letters two changes leave nothing.
  const mostChanges = wanted.length <= 3 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  let bestDistance = mostChanges + 1;
  for (const name of known) {
    const distance = editDistance(wanted, plain(name), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best === undefined ? '' : ` (did you mean ${best}?)`;
}

/** As suggest, where every name begins with `prefix`: what all share must not make names look alike. */
export function suggestWithin(unknown: string, known: readonly string[], prefix: string): string {
  const bare = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const said = suggest(
    bare(unknown),
    known.map((name) => bare(name)),
  );
  return said.replace('(did you mean ', `(did you mean ${prefix}`);
}

// refreshAhead, refresh-ahead and refresh_ahead are one word to whoever types them.
function plain(name: string): string {
  return name
    .slice(0, 64)
    .replaceAll(/[-_\s]/g, '')
    .toLowerCase();
}

/** Levenshtein; gives up with `limit` where lengths alone differ by that much. */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const change = from[row - 1] === to[column - 1] ? 0 : 1;
      current.push(Math.min(current[column - 1]! + 1, previous[column]! + 1, previous[column - 1]! + change));
    }
    previous = current;
  }
  return previous[to.length]!;
}
