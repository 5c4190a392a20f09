import type { Label } from '../../core/types';
import { t } from '../../words';

/** What must be noted of the device, in one sentence; nothing when a label does not ask. */
export function posture(label: Label): string {
  return label.managed_device && label.posture.length > 0 ? t('label.posture', label.posture.map((fact) => t(`device.fact.${fact}`))) : '';
}

/** What a label changes, in plain sentences: what it opens first, then what it asks and limits. */
export function facts(label: Label): string[] {
  const guests = { no: t('label.guestsNo'), meeting: t('label.guestsMeeting'), room: t('label.guestsRoom') };
  return [
    guests[label.guests],
    label.federation ? t('label.federationYes') : t('label.federationNo'),
    label.second_factor ? t('label.secondFactor') : '',
    label.managed_device ? t('label.managedDevice') : '',
    posture(label),
    label.end_to_end ? t('label.endToEnd') : '',
    label.recording ? '' : t('label.recordingNo'),
    label.download ? '' : t('label.downloadNo'),
    label.proof_hours === null ? '' : t('label.proofHours', label.proof_hours),
    label.lock_minutes === null ? '' : t('label.lockMinutes', label.lock_minutes),
    label.meeting_minutes === null ? '' : t('label.meetingMinutes', label.meeting_minutes),
    label.retention_days === null ? t('label.retentionNone') : t('label.retention', label.retention_days),
  ].filter(Boolean);
}
