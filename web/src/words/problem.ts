import type { Problem } from '../core/problem';
import { ruleText } from './rules';
import { language, t } from './words.svelte';

/**
 * A refusal as a sentence. What the catalogues know is said in the language of the screen; the server's
 * own sentence, which is English and knows the values, follows where it says more.
 */
export function problemText(problem: Problem): string {
  const said = language() === 'en' ? problem.detail : '';
  const more = problem.detail === '' ? '' : t('problem.serverSays', problem.detail);
  switch (problem.title) {
    case 'unreachable':
      return t('problem.unreachable');
    case 'wrong-credentials':
      return t('door.wrong');
    case 'wrong-code':
      return t('proof.wrongTotp');
    case 'wrong-passkey':
      return t('passkey.refused');
    case 'wrong-pin':
      return t('lock.wrongPin', problem.left ?? 0);
    case 'wiped':
      return t('lock.wiped');
    case 'locked':
      return t('rule.locked');
    case 'wait':
      return [t('problem.tooFast'), problem.waitS === null ? '' : t('problem.wait', problem.waitS)].filter(Boolean).join(' ');
    case 'signed-out':
      return t('problem.signedOut');
    case 'not-found':
      return said || t('problem.notFound');
    case 'denied':
      return ruleText(problem.rule) || problem.detail || t('problem.denied');
    case 'busy':
      return said || t('problem.busy');
    case 'invalid':
      return said || [t('problem.invalid'), more].filter(Boolean).join(' ');
    case 'conflict':
      return said || [t('problem.conflict'), more].filter(Boolean).join(' ');
    case 'unconfirmed':
      return t('problem.unconfirmed');
    case 'too-large':
      return said || [t('problem.tooLarge'), more].filter(Boolean).join(' ');
    case 'disk-full':
      return t('problem.diskFull');
    case 'internal':
      return t('problem.internal');
    default:
      return problem.detail || t('problem.internal');
  }
}
