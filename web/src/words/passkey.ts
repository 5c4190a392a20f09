import type { Problem } from '../core/problem';
import type { PasskeyReason } from '../wire/passkey';
import { ruleText } from './rules';
import { language, t } from './words.svelte';

/** Why the browser's passkey dialogue gave no answer, and what to do. */
export function passkeyText(reason: PasskeyReason): string {
  return t(`passkey.${reason}`);
}

/** Why the server does not accept a passkey: its own sentence where it is understood. */
export function passkeyRefused(problem: Problem): string {
  return ruleText(problem.rule) ?? (language() === 'en' && problem.detail !== '' ? problem.detail : t('passkey.refused'));
}
