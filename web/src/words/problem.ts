import type { Problem } from '../core/problem';
import { ruleText } from './rules';
import { t } from './words.svelte';

/** A refusal as a sentence. A rule that the catalogues know is said in the language of the screen; else the server's own sentence. */
export function problemText(problem: Problem): string {
  const said = problem.detail;
  switch (problem.title) {
    case 'unreachable':
      return t('problem.unreachable');
    case 'wrong-credentials':
      return t('door.wrong');
    case 'wait':
      return [said, problem.waitS === null ? '' : t('problem.wait', problem.waitS)].filter(Boolean).join(' ') || t('problem.busy');
    case 'signed-out':
      return t('problem.signedOut');
    case 'not-found':
      return said || t('problem.notFound');
    case 'denied':
      return ruleText(problem.rule) || said || t('problem.denied');
    case 'busy':
      return said || t('problem.busy');
    case 'internal':
      return t('problem.internal');
    default:
      return said || t('problem.internal');
  }
}
