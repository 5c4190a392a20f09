import { Problem } from './problem';
import { Readable } from './readable';
import type { FileEntry } from './types';

export interface FolderState {
  files: readonly FileEntry[];
  loaded: boolean;
  problem: Problem | null;
}

/** The files of one room, latest first. */
export class Folder extends Readable<FolderState> {
  constructor(private readonly ask: () => Promise<FileEntry[]>) {
    super({ files: [], loaded: false, problem: null });
  }

  async refresh(): Promise<void> {
    try {
      this.set({ files: await this.ask(), loaded: true, problem: null });
    } catch (cause) {
      this.set({ ...this.value, problem: Problem.from(cause) });
    }
  }
}
