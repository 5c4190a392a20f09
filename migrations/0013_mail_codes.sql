-- Codes by mail as a second factor, and alerts for who keeps a body safe.

-- A factor may be one's mailbox. Nothing refers to this table, so it is made again with the wider check.
DROP INDEX factor_by_account;
ALTER TABLE factor RENAME TO factor_before;
CREATE TABLE factor (
    id           BIGINT PRIMARY KEY,
    account      BIGINT NOT NULL REFERENCES account (id),
    kind         TEXT   NOT NULL CHECK (kind IN ('totp', 'passkey', 'email')),
    name         TEXT   NOT NULL,
    credential   BYTES  UNIQUE,   -- of a passkey: how the browser names it
    secret       BYTES  NOT NULL, -- the seed, or the passkey's public half and facts; sealed under the person's key
    counter      BIGINT NOT NULL, -- the last step of 30 s that was accepted, or the passkey's own counter
    created_us   BIGINT NOT NULL,
    last_used_us BIGINT
);
INSERT INTO factor (id, account, kind, name, credential, secret, counter, created_us, last_used_us)
SELECT id, account, kind, name, credential, secret, counter, created_us, last_used_us FROM factor_before;
DROP TABLE factor_before;
CREATE INDEX factor_by_account ON factor (account);

-- Codes that were sent. A row stays for an hour, so that sends are counted; its code is gone once it is used or
-- another took its place.
CREATE TABLE mail_code (
    id         BIGINT  PRIMARY KEY,
    account    BIGINT  NOT NULL REFERENCES account (id),
    bound      BYTES   NOT NULL, -- SHA-256 of the one sign-in, session or addition that it is good for
    code       BYTES,            -- HMAC-SHA-256 under the person's key, bound to the same; none: it opens nothing
    known      BOOLEAN NOT NULL, -- whether it was asked for from a place that the account is known by
    created_us BIGINT  NOT NULL,
    expires_us BIGINT  NOT NULL
);
CREATE INDEX mail_code_by_account ON mail_code (account, created_us);

-- What a letter is for: each purpose has a bound of its own per person and hour, and none eats another's.
ALTER TABLE mail ADD COLUMN purpose TEXT NOT NULL DEFAULT 'reset';

-- How far each body's audit log was looked at for alerts, and what waits to be told: kept by kind, the entries
-- themselves stay in the log.
CREATE TABLE alert_mark (
    tenant BIGINT PRIMARY KEY REFERENCES tenant (id),
    seq    BIGINT NOT NULL
);
CREATE TABLE alert (
    tenant    BIGINT NOT NULL REFERENCES tenant (id),
    alarm     TEXT   NOT NULL,
    waiting   BIGINT NOT NULL, -- since the last letter
    seq       BIGINT NOT NULL, -- the latest entry that called for it
    letter_us BIGINT NOT NULL, -- when the last letter was written; 0: never
    PRIMARY KEY (tenant, alarm)
);

--postgres CREATE POLICY within ON alert_mark USING (within(tenant));
--postgres CREATE POLICY within ON alert USING (within(tenant));
--postgres ALTER TABLE alert_mark ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE alert_mark FORCE ROW LEVEL SECURITY;
--postgres ALTER TABLE alert ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE alert FORCE ROW LEVEL SECURITY;
--postgres CREATE POLICY within ON factor USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres CREATE POLICY within ON mail_code USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres ALTER TABLE factor ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE factor FORCE ROW LEVEL SECURITY;
--postgres ALTER TABLE mail_code ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE mail_code FORCE ROW LEVEL SECURITY;
