import type { Label } from '../../core/types';
import { t } from '../../words';

/** What a label changes, in plain sentences: what it opens first, then what it asks and limits. */
export function facts(label: Label): string[] {
  const guests = { no: t('label.guestsNo'), meeting: t('label.guestsMeeting'), room: t('label.guestsRoom') };
  return [
    guests[label.guests],
    label.federation ? t('label.federationYes') : t('label.federationNo'),
    label.second_factor ? t('label.secondFactor') : '',
    label.managed_device ? t('label.managedDevice') : '',
    label.end_to_end ? t('label.endToEnd') : '',
    label.recording ? '' : t('label.recordingNo'),
    label.download ? '' : t('label.downloadNo'),
    label.lock_minutes === null ? '' : t('label.lockMinutes', label.lock_minutes),
    label.meeting_minutes === null ? '' : t('label.meetingMinutes', label.meeting_minutes),
    label.retention_days === null ? t('label.retentionNone') : t('label.retention', label.retention_days),
  ].filter(Boolean);
}
