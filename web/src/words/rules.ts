import type { Problem } from '../core/problem';
import { fr } from './fr';
import { t, type Key } from './words.svelte';

/** The sentence of a policy rule in the language of the screen; null for a rule that the catalogues do not know. */
export function ruleText(rule: string | null): string | null {
  const key = `rule.${rule ?? ''}`;
  return key in fr ? t(key as Extract<Key, `rule.${string}` & keyof typeof fr>) : null;
}

/** Why a password was refused: one sentence per rule that it breaks, each saying what to do. */
export function passwordRefusal(problem: Problem, minimumLength?: number): string {
  const said = problem.weaknesses.map(({ code, text, least }) => {
    if (code === 'too-short') return t('weak.too-short', least ?? minimumLength);
    if (code === 'predictable') return t('weak.predictable', least);
    const key = `weak.${code}`;
    return key in fr ? t(key as 'weak.common') : text;
  });
  return said.join(' ') || problem.detail || t('password.refusedBecause');
}

/** Why a line of a file of people is refused; the rule's own name when the catalogues do not know it. */
export function importRule(rule: string): string {
  const key = `import.rule.${rule}`;
  return key in fr ? t(key as 'import.rule.domain') : rule;
}
