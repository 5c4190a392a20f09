import { Problem } from './problem';
import { Readable } from './readable';
import type { Fate, Import, ImportLine, ImportLines } from './types';

export interface ImportDoor {
  beginImport(file: Blob): Promise<Import>;
  importLines(id: string, fate: Fate | null, after: number, limit: number): Promise<ImportLines>;
  applyImport(id: string, digest: string, mail: boolean): Promise<Import>;
}

export interface ImportView {
  /** What is being done now. */
  readonly doing: 'nothing' | 'reading' | 'applying';
  /** What the file would do, or did. */
  readonly found: Import | null;
  readonly problem: Problem | null;
}

/** Lines asked for at once when all are wanted. */
const PAGE = 200;

/** A file of people: sent, shown, then applied part by part, each a request, until nothing is left. */
export class Importing extends Readable<ImportView> {
  constructor(private readonly door: ImportDoor) {
    super({ doing: 'nothing', found: null, problem: null });
  }

  async read(file: Blob): Promise<void> {
    if (this.value.doing !== 'nothing') return;
    this.set({ doing: 'reading', found: null, problem: null });
    try {
      this.set({ doing: 'nothing', found: await this.door.beginImport(file), problem: null });
    } catch (cause) {
      this.set({ doing: 'nothing', found: null, problem: Problem.from(cause) });
    }
  }

  /** Applies what was shown, known by its digest. After a failure, the same call goes on where it stopped. */
  async apply(mail: boolean): Promise<void> {
    const { doing, found } = this.value;
    if (doing !== 'nothing' || found === null) return;
    let now = found;
    this.set({ doing: 'applying', found: now, problem: null });
    try {
      while (!now.over) {
        now = await this.door.applyImport(found.id, found.digest, now.begun ? now.mail : mail);
        this.set({ doing: 'applying', found: now, problem: null });
      }
      this.set({ doing: 'nothing', found: now, problem: null });
    } catch (cause) {
      this.set({ doing: 'nothing', found: now, problem: Problem.from(cause) });
    }
  }

  /** Every line that is refused, whatever their number. */
  async refused(): Promise<ImportLine[]> {
    const id = this.value.found?.id;
    const all: ImportLine[] = [];
    if (id === undefined) return all;
    let after: number | null = 0;
    while (after !== null) {
      const page: ImportLines = await this.door.importLines(id, 'refused', after, PAGE);
      all.push(...page.lines);
      after = page.next;
    }
    return all;
  }

  /** Another file. */
  forget(): void {
    if (this.value.doing === 'nothing') this.set({ doing: 'nothing', found: null, problem: null });
  }
}
