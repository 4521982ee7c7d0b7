// If-Match and If-None-Match. Source: RFC 9110, section 13.

/** Whether one of the ETags of an If-None-Match header is this one; weak comparison. */
export function noneMatchHits(header: string, etag: string): boolean {
  return header.trim() === '*' || tagsIn(header).some((tag) => opaque(tag) === opaque(etag));
}

/** Whether one of the ETags of an If-Match header is this one; strong comparison. */
export function matchHits(header: string, etag: string): boolean {
  return header.trim() === '*' || (!etag.startsWith('W/') && tagsIn(header).includes(etag));
}

function tagsIn(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
