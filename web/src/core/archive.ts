/** A file of an archive. */
export interface Packed {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
/** The checksum of PKZIP (CRC-32, ISO 3309). */
function checksum(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] ?? 0);
  return ~value >>> 0;
}

const UTF8_NAMES = 0x0800;
const VERSION = 20; // 2.0: what stores files in folders
/** Where its fields of two and of four bytes end: an archive of more is another format (ZIP64), which nobody needs here. */
const MOST = 65_535;
const LARGEST = 0xffff_ffff; // bytes

/** The bytes of little-endian fields, `[width, value]` each. */
function fields(all: readonly (readonly [2 | 4, number])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(all.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of all) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return bytes;
}

/** Files as a ZIP archive (APPNOTE 6.3.10), in parts, stored as they are: hashes and signatures do not shrink. */
export function zip(files: readonly Packed[], at: Date): Uint8Array<ArrayBuffer>[] {
  if (files.length > MOST) throw new RangeError(`an archive holds ${MOST} files, and these are ${files.length}`);
  // Names stand before each file and once more at the end; a field that wrapped around would lead nowhere.
  const whole = files.reduce((sum, { name, bytes }) => sum + bytes.length + 2 * new TextEncoder().encode(name).length + 76, 22);
  if (whole > LARGEST) throw new RangeError(`an archive holds ${LARGEST} bytes, and these files take ${whole}; take the log out at the server: beffroi audit export`);
  const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
  const day = ((at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
  const contents: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const path = new TextEncoder().encode(name);
    const common = [[2, VERSION], [2, UTF8_NAMES], [2, 0], [2, time], [2, day], [4, checksum(bytes)], [4, bytes.length], [4, bytes.length], [2, path.length], [2, 0]] as const;
    contents.push(fields([[4, 0x04034b50], ...common]), path, bytes);
    directory.push(fields([[4, 0x02014b50], [2, VERSION], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), path);
    offset += 30 + path.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = fields([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]]);
  return [...contents, ...directory, end];
}
