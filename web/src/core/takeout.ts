import type { Packed } from './archive';
import type { AuditEntry, AuditFilter, AuditPage } from './types';

export interface LogDoor {
  auditCheckpoint(): Promise<string>;
  auditTile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  audit(filter: AuditFilter): Promise<AuditPage>;
}

/** A log as it was when its checkpoint was signed. */
export interface TakenLog {
  size: number;
  /** `checkpoint` and the tiles that it covers, as C2SP tlog-tiles names them. */
  files: Packed[];
  /** What the entries say, first to last. */
  entries: AuditEntry[];
}

const WIDTH = 256;
const PAGE = 200;

/** A number in groups of three digits: `x001/x234/067`. */
function digits(number: number, last = true): string {
  const here = `${last ? '' : 'x'}${String(number % 1000).padStart(3, '0')}`;
  return number < 1000 ? here : `${digits(Math.floor(number / 1000), false)}/${here}`;
}

/** The addresses of all tiles of a log of `size` entries: the entries, then each level of hashes. */
export function tiles(size: number): string[] {
  const row = (kind: string, count: number) =>
    Array.from({ length: Math.ceil(count / WIDTH) }, (_, number) => {
      const width = Math.min(WIDTH, count - number * WIDTH);
      return `${kind}/${digits(number)}${width < WIDTH ? `.p/${width}` : ''}`;
    });
  const all = [row('entries', size)];
  for (let count = size; count > 0; count = Math.floor(count / WIDTH)) all.push(row(String(all.length - 1), count));
  return all.flat();
}

/** Everything of the log up to the checkpoint of now; `told` hears how far it is, from 0 to 1. */
export async function takeOut(door: LogDoor, told: (done: number) => void): Promise<TakenLog> {
  const checkpoint = await door.auditCheckpoint();
  const size = Number(checkpoint.split('\n')[1]);
  const paths = tiles(size);
  const steps = paths.length + Math.ceil(size / PAGE);
  let done = 0;
  const step = () => told((done += 1) / steps);

  const files: Packed[] = [{ name: 'checkpoint', bytes: new TextEncoder().encode(checkpoint) }];
  for (const path of paths) {
    files.push({ name: `tile/${path}`, bytes: await door.auditTile(path) });
    step();
  }
  const entries: AuditEntry[] = [];
  // Taking it out is noted in the log itself: what came after the checkpoint is not of this one.
  for (let before: number | null = size + 1; before !== null; ) {
    const page: AuditPage = await door.audit({ before, limit: PAGE });
    entries.push(...page.entries);
    before = page.next;
    step();
  }
  return { size, files, entries: entries.reverse() };
}
