// An authenticator application (RFC 6238), written apart from the server's.
import { createHmac } from 'node:crypto';

function bytes(base32) {
  const digits = base32.replace(/ /g, '');
  let bits = '';
  for (const digit of digits) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** The code of a seed, `steps` of thirty seconds from now: the server takes -1, 0 and 1, and each once. */
export function code(seed, steps = 0) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const tag = createHmac('sha1', bytes(seed)).update(step).digest();
  const value = tag.readUInt32BE(tag[19] & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, '0');
}
