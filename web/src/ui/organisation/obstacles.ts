import type { GovernedLabel, Organisation } from '../../core/types';
import { t } from '../../words';

/** Why people who may use a label do not enter under it all the same, in sentences; the gravest first. */
export function obstacles(label: GovernedLabel, organisation: Organisation): string[] {
  const { people, without_second_factor: without } = organisation;
  return [
    label.managed_device ? t('labels.noDevice') : '',
    label.second_factor && without > 0 ? t('labels.noFactor', without, people) : '',
    label.end_to_end ? t('labels.noEndToEnd') : '',
  ].filter(Boolean);
}
