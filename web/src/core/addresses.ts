/** The parts of another organisation's domain where its rooms and its guests are. */
const PARTS = ['rooms.', 'guests.'];

/** Whether a body can be hosted under this domain, as it was typed in lower case; the server has the last word. */
export function looksLikeDomain(text: string): boolean {
  return text.length <= 253 && !PARTS.some((part) => text.startsWith(part)) && text.split('.').every((label) => label.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label));
}

/** Whether somebody's address may read so, its domain apart. */
export function looksLikeAddress(text: string): boolean {
  const local = text.slice(0, text.lastIndexOf('@'));
  return local.length <= 64 && /^[a-z0-9_+~-]([a-z0-9._+~-]*[a-z0-9_+~-])?$/i.test(local);
}
