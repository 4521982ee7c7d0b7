// What a file or the flags say, before it means anything: names, lists and texts, each with where it stands.

interface Placed {
  /** `file sidecache.yml:7`, `flag --http`. */
  readonly source: string;
}

export type Tree = TextNode | EmptyNode | ListNode | MapNode | BrokenNode;

export interface TextNode extends Placed {
  readonly kind: 'text';
  readonly text: string;
}

/** A key with nothing after it. */
export interface EmptyNode extends Placed {
  readonly kind: 'empty';
}

export interface ListNode extends Placed {
  readonly kind: 'list';
  readonly items: readonly Tree[];
}

export interface MapNode extends Placed {
  readonly kind: 'map';
  /** In the order written; a list, so that no name (`__proto__`) means anything to the language. */
  readonly entries: readonly { readonly key: string; readonly node: Tree }[];
}

/** Cannot be read as any of these; `problem` says why. */
export interface BrokenNode extends Placed {
  readonly kind: 'broken';
  readonly problem: string;
}
