/** What begins a formula in a spreadsheet (OWASP, "CSV Injection"). */
const FORMULA = /^[\s\u0000]*[=+\-@＝＋－＠]|^[\t\r\n]/u;

/**
 * Rows as a file that a spreadsheet opens and never calculates with: every field in quotes, and an apostrophe
 * before what would be a formula. With the mark of UTF-8 before it, or accents are lost in some of them.
 */
export function csv(rows: readonly (readonly string[])[]): string {
  const field = (text: string) => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return `\u{feff}${rows.map((row) => `${row.map(field).join(';')}\r\n`).join('')}`;
}
