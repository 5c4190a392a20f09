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
