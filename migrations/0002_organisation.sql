-- What a body declares and chooses itself, instead of a word in the settings of the machine.

ALTER TABLE tenant ADD COLUMN passwords TEXT NOT NULL DEFAULT 'default';
-- Grows with every change that open pages show; processes beside the one that made it look at it.
ALTER TABLE tenant ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

-- An accreditation says what was decided, by whom and until when. Until now only a yes could be kept, which
-- no command ever wrote: such a yes opens nothing any more and is declared again.
ALTER TABLE label DROP COLUMN accredited;
ALTER TABLE label ADD COLUMN accreditation_reference TEXT;
ALTER TABLE label ADD COLUMN accreditation_authority TEXT;
ALTER TABLE label ADD COLUMN accreditation_until_us BIGINT; -- the end of its last day
