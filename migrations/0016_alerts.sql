-- Alerts that a body tunes, that are kept for thirty days, and that lead to the entries they speak of.

-- What waited to be told is found again where it stands: in the log.
UPDATE alert_mark SET seq = (SELECT MIN(a.seq) - 1 FROM alert a WHERE a.tenant = alert_mark.tenant AND a.waiting > 0)
 WHERE EXISTS (SELECT 1 FROM alert a WHERE a.tenant = alert_mark.tenant AND a.waiting > 0 AND a.seq <= alert_mark.seq);
DROP TABLE alert;

-- No personal data: who and whence stand in the log, and are erased there.
CREATE TABLE alert (
    id        BIGINT PRIMARY KEY,
    tenant    BIGINT NOT NULL REFERENCES tenant (id),
    alarm     TEXT   NOT NULL,
    latest    BIGINT NOT NULL, -- the last entry that called for it
    latest_us BIGINT NOT NULL, -- when that was
    entries   BIGINT NOT NULL, -- how many it speaks of
    told_us   BIGINT           -- none: it waits, and takes more of its kind in
);
CREATE INDEX alert_by_tenant ON alert (tenant, id);
CREATE INDEX alert_untold ON alert (tenant, alarm) WHERE told_us IS NULL;

-- An entry is told once for each kind.
CREATE TABLE alert_entry (
    tenant BIGINT NOT NULL REFERENCES tenant (id),
    alarm  TEXT   NOT NULL,
    seq    BIGINT NOT NULL,
    alert  BIGINT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    PRIMARY KEY (tenant, alarm, seq)
);
CREATE INDEX alert_entry_by_alert ON alert_entry (alert, seq);

-- What a body chose; a kind without a row is as shipped.
CREATE TABLE alert_rule (
    tenant   BIGINT  NOT NULL REFERENCES tenant (id),
    alarm    TEXT    NOT NULL,
    enabled  BOOLEAN NOT NULL,
    refusals BIGINT, -- the three numbers of a kind that counts
    minutes  BIGINT,
    accounts BIGINT,
    PRIMARY KEY (tenant, alarm)
);

-- When each log was verified from its first entry, and what was wrong with it then; 0: never.
ALTER TABLE alert_mark ADD COLUMN verified_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_mark ADD COLUMN broken TEXT NOT NULL DEFAULT '';

-- When a session began to take the log out, where one person may.
ALTER TABLE session ADD COLUMN exported_us BIGINT;

-- Refusals that count together are found without the entries between them.
CREATE INDEX audit_entry_denied ON audit_entry (tenant, seq) WHERE outcome = 'denied';

--postgres CREATE POLICY within ON alert USING (within(tenant));
--postgres ALTER TABLE alert ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE alert FORCE ROW LEVEL SECURITY;
--postgres CREATE POLICY within ON alert_entry USING (within(tenant));
--postgres ALTER TABLE alert_entry ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE alert_entry FORCE ROW LEVEL SECURITY;
--postgres CREATE POLICY within ON alert_rule USING (within(tenant));
--postgres ALTER TABLE alert_rule ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE alert_rule FORCE ROW LEVEL SECURITY;
