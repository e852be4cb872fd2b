/** What people type as a URL and which has no scheme: as for curl, it is http. */

/** A name with a dot in it, an address or localhost, perhaps a port, and then nothing or a path. */
export const HOST_LIKE = /^(?:localhost|[\w-]+(?:\.[\w-]+)+|\[[\da-f:.]+\])(:\d+)?([/?#]|$)/i;

/** Whether a text was most likely meant as a URL, with a scheme or without. */
export function isUrlLike(text: string): boolean {
  return /^https?:\/\//i.test(text) || HOST_LIKE.test(text);
}
