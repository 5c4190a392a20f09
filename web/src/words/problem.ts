import type { Problem } from '../core/problem';
import { t } from './words.svelte';

/** A refusal as a sentence. The server's own sentence comes first: it knows the rule and the value. */
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
      return said || t('problem.denied');
    case 'busy':
      return said || t('problem.busy');
    case 'internal':
      return t('problem.internal');
    default:
      return said || t('problem.internal');
  }
}
