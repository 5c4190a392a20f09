-- What people prove beside a password, what a tenant asks of who administers, and where sign-ins stand
-- between their two steps.

-- ID12. The networks are CIDR blocks, one a line; none: any network will do.
ALTER TABLE tenant ADD COLUMN administration_factor TEXT NOT NULL DEFAULT 'passkey';
ALTER TABLE tenant ADD COLUMN administration_networks TEXT NOT NULL DEFAULT '';

CREATE TABLE factor (
    id           BIGINT PRIMARY KEY,
    account      BIGINT NOT NULL REFERENCES account (id),
    kind         TEXT   NOT NULL CHECK (kind IN ('totp', 'passkey')),
    name         TEXT   NOT NULL,
    credential   BYTES  UNIQUE,   -- of a passkey: how the browser names it
    secret       BYTES  NOT NULL, -- the seed, or the passkey's public half and facts; sealed under the person's key
    counter      BIGINT NOT NULL, -- the last step of 30 s that was accepted, or the passkey's own counter
    created_us   BIGINT NOT NULL,
    last_used_us BIGINT
);
CREATE INDEX factor_by_account ON factor (account);

-- Codes for the day when everything else is lost: each opens once. HMAC-SHA-256 under the person's key, so
-- that a stolen database has nothing to try them against.
CREATE TABLE recovery_code (
    account  BIGINT NOT NULL REFERENCES account (id),
    code     BYTES  NOT NULL,
    spent_us BIGINT,
    PRIMARY KEY (account, code)
);

-- What takes two messages: a sign-in between its steps, a passkey between question and answer. Used once,
-- whatever the outcome of a passkey; a code may be tried again within its time.
CREATE TABLE ceremony (
    token      BYTES  PRIMARY KEY, -- SHA-256
    kind       TEXT   NOT NULL,
    account    BIGINT REFERENCES account (id), -- none: whoever the passkey says
    state      BYTES  NOT NULL,
    expires_us BIGINT NOT NULL
);
CREATE INDEX ceremony_by_end ON ceremony (expires_us);

-- A session says more: a passkey as what was proved, when, from where. Everybody stays signed in.
DROP INDEX session_by_account;
DROP INDEX session_by_guest;
DROP INDEX session_by_use;
ALTER TABLE session RENAME TO session_before;
CREATE TABLE session (
    id           BIGINT PRIMARY KEY,
    token        BYTES  NOT NULL UNIQUE, -- SHA-256
    tenant       BIGINT NOT NULL REFERENCES tenant (id),
    account      BIGINT REFERENCES account (id),
    guest        BIGINT REFERENCES guest (id),
    factor       TEXT   NOT NULL CHECK (factor IN ('password', 'second', 'passkey')),
    proved_us    BIGINT NOT NULL, -- when its person last proved who they are
    place        TEXT   NOT NULL, -- the address block it was opened from
    agent        TEXT   NOT NULL,
    created_us   BIGINT NOT NULL,
    last_used_us BIGINT NOT NULL,
    CHECK ((account IS NULL) <> (guest IS NULL))
);
INSERT INTO session (id, token, tenant, account, guest, factor, proved_us, place, agent, created_us, last_used_us)
SELECT id, token, tenant, account, guest, factor, created_us, '', agent, created_us, last_used_us FROM session_before;
DROP TABLE session_before;
CREATE INDEX session_by_account ON session (account);
CREATE INDEX session_by_guest ON session (guest);
CREATE INDEX session_by_use ON session (last_used_us);

-- One's own sign-ins are read from the log itself.
CREATE INDEX audit_entry_by_actor ON audit_entry (tenant, actor_ref, seq);
