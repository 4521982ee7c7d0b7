// What a signature covers, as bytes that only one message can come to: a count of fields, and each with its length.

/** Of a request, as it stands in its head. Texts as on the wire. */
export interface SignedHead {
  readonly version: string;
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  /** Incarnation of the sender. */
  readonly from: string;
  /** Incarnation of the receiver; `-` in a hello. */
  readonly to: string;
  readonly counter: string;
  /** Empty in a hello. */
  readonly session: string;
  readonly contentType: string;
  /** SHA-256 of the body, base64url. */
  readonly digest: string;
}

export interface SignedReply {
  readonly status: number;
  /** Incarnation of who replies. */
  readonly from: string;
  readonly contentType: string;
  readonly digest: string;
}

export function requestInput(head: SignedHead): Buffer {
  return joined(['sidecache request', ...headFields(head)]);
}

/** Holds all of the request, so that a reply to one request is none to another. */
export function replyInput(head: SignedHead, reply: SignedReply): Buffer {
  const { status, from, contentType, digest } = reply;
  return joined(['sidecache reply', ...headFields(head), String(status), from, contentType, digest]);
}

function headFields(head: SignedHead): string[] {
  const { version, method, target, from, to, counter, session, contentType, digest } = head;
  return [version, method, target, from, to, counter, session, contentType, digest];
}

/** Four bytes, big-endian: how many fields; then each field: four bytes of length, and the field in UTF-8. */
function joined(fields: readonly string[]): Buffer {
  let length = LENGTH_BYTES;
  for (const field of fields) length += LENGTH_BYTES + Buffer.byteLength(field, 'utf8');
  const bytes = Buffer.allocUnsafe(length);
  let at = bytes.writeUInt32BE(fields.length, 0);
  for (const field of fields) {
    const written = bytes.write(field, at + LENGTH_BYTES, 'utf8');
    bytes.writeUInt32BE(written, at);
    at += LENGTH_BYTES + written;
  }
  return bytes;
}

const LENGTH_BYTES = 4;
