import type { AdministrationRules } from '../../core/types';
import { t } from '../../words';

/** What administering takes, in one line. */
export function inWords(rules: AdministrationRules): string {
  return t('administering.inWords', t(`administering.${rules.factor}`), rules.networks);
}

/** Networks as they were written, one to a line. */
export function networksOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Whether a line looks like a network; the server has the last word. */
export function looksLikeNetwork(line: string): boolean {
  return /^[0-9a-f.:]+(\/\d{1,3})?$/i.test(line) && /[.:]/.test(line);
}

/** Rules as they were typed: whoever saves them may first have to add a key elsewhere, and comes back to what they wrote. */
export interface Draft {
  factor: AdministrationRules['factor'];
  networks: string;
}
let kept: { by: string; draft: Draft } | null = null;

export function keepDraft(by: string, draft: Draft): void {
  kept = { by, draft };
}

/** What this person typed and neither saved nor closed. */
export function draftOf(by: string): Draft | null {
  return kept?.by === by ? kept.draft : null;
}

export function dropDraft(): void {
  kept = null;
}
