import { describe, expect, it } from 'vitest';
import { zip } from './archive';
import { takeOut, tiles, type LogDoor } from './takeout';
import type { AuditEntry } from './types';

describe('the log taken out', () => {
  it.each([
    [0, []],
    [1, ['entries/000.p/1', '0/000.p/1']],
    [256, ['entries/000', '0/000', '1/000.p/1']],
    [257, ['entries/000', 'entries/001.p/1', '0/000', '0/001.p/1', '1/000.p/1']],
  ])('of %i entries has its tiles', (size, paths) => {
    expect(tiles(size)).toEqual(paths);
  });

  it('names the thousandth tile in two folders, and a third level when there is one', () => {
    const all = tiles(256 * 1001);
    expect(all).toContain('entries/x001/000');
    expect(all).toContain('2/000.p/3');
    expect(tiles(256 ** 3 * 2).at(-1)).toBe('3/000.p/2');
  });

  it('is that of its checkpoint, in order, whatever was added meanwhile', async () => {
    const asked: string[] = [];
    const entry = (seq: number) => ({ seq }) as AuditEntry;
    const door: LogDoor = {
      auditCheckpoint: () => Promise.resolve('demo.localhost/beffroi-audit\n401\nroot\n\n— signature\n'),
      auditTile: (path) => Promise.resolve((asked.push(path), new TextEncoder().encode(path))),
      audit: ({ before = 0, limit = 0 }) => {
        const from = Math.max(1, Number(before) - limit);
        const entries = Array.from({ length: Number(before) - from }, (_, n) => entry(Number(before) - 1 - n));
        return Promise.resolve({ entries, next: from > 1 ? from : null, size: 500, checkpoint: '' });
      },
    };
    const told: number[] = [];
    const { size, files, entries } = await takeOut(door, (done) => told.push(done));
    expect(size).toBe(401);
    expect(files.map((one) => one.name)).toEqual(['checkpoint', ...tiles(401).map((path) => `tile/${path}`)]);
    expect(asked).toEqual(tiles(401));
    expect(entries.map((one) => one.seq)).toEqual(Array.from({ length: 401 }, (_, n) => n + 1));
    expect(told.at(-1)).toBe(1);
  });

  it('is an archive whose directory says where each file is, with its checksum', () => {
    const bytes = new TextEncoder().encode('123456789');
    const archive = zip([{ name: 'a/é.txt', bytes }, { name: 'b', bytes: new Uint8Array() }], new Date(2026, 10, 24, 9, 30));
    const view = new DataView(Uint8Array.from(archive.flatMap((part) => [...part])).buffer);
    const end = view.byteLength - 22;
    expect(view.getUint32(end, true)).toBe(0x06054b50);
    expect(view.getUint16(end + 10, true)).toBe(2);
    const first = view.getUint32(end + 16, true);
    expect(view.getUint32(first, true)).toBe(0x02014b50);
    expect(view.getUint32(first + 16, true)).toBe(0xcbf43926); // the check value that every CRC-32 names
    const second = first + 46 + view.getUint16(first + 28, true);
    const at = view.getUint32(second + 42, true);
    expect(view.getUint32(at, true)).toBe(0x04034b50);
    expect(String.fromCharCode(view.getUint8(at + 30))).toBe('b');
  });
  it('refuses what its fields cannot say, before it reads a byte of it', () => {
    const huge = { length: 0xffff_ffff } as Uint8Array<ArrayBuffer>;
    expect(() => zip([{ name: 'a', bytes: huge }], new Date())).toThrow(RangeError);
  });
});
