import type { Alert } from '../../core/types';
import { t } from '../../words';

/** Who and whence, of the latest entry: « par », « sur », « depuis ». */
export function facts({ kind, latest }: Alert): string[] {
  if (!latest) return [t('alerts.gone')];
  const { actor, subject, origin } = latest;
  // An act of the administration says there what was proved for it.
  const place = origin.includes('/') ? t('alerts.from', origin) : '';
  if (kind === 'guessing-place') return [place];
  if (kind === 'guessed-account') return [t('alerts.account', actor), place];
  if (kind === 'broken-log') return [];
  const by = actor === 'machine' ? t('alerts.machine') : actor || t('alerts.server');
  return [t('alerts.by', by), subject && t('alerts.about', subject), place];
}
