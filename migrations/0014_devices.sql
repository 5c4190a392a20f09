-- Devices: browsers (later native applications) that hold a key which they cannot give away. What is kept here
-- is the public half; a session that proved it carries its device.
CREATE TABLE device (
    id              BIGINT PRIMARY KEY,
    tenant          BIGINT NOT NULL REFERENCES tenant (id),
    account         BIGINT NOT NULL REFERENCES account (id),
    name            TEXT   NOT NULL,
    public_key      BYTES  NOT NULL UNIQUE, -- a point of P-256, uncompressed; a key is one device's, for ever
    state           TEXT   NOT NULL CHECK (state IN ('waiting', 'approved', 'withdrawn', 'lost')),
    agent           TEXT   NOT NULL, -- declared: what the browser calls itself
    version         TEXT   NOT NULL, -- declared: the version of its client; may be empty
    disk_encrypted  BIGINT, -- reported by the body, as the two below: 1 yes, 0 no, unknown before
    screen_lock     BIGINT,
    managed_profile BIGINT,
    reported_us     BIGINT,
    created_us      BIGINT NOT NULL,
    expires_us      BIGINT NOT NULL,
    last_used_us    BIGINT,
    last_place      TEXT -- the address block of that use
);
CREATE INDEX device_by_account ON device (account);
CREATE INDEX device_by_tenant ON device (tenant);

-- A code that enrols one device of its account, once, and soon.
CREATE TABLE device_code (
    code       BYTES  PRIMARY KEY, -- SHA-256
    account    BIGINT NOT NULL REFERENCES account (id),
    expires_us BIGINT NOT NULL
);
CREATE INDEX device_code_by_account ON device_code (account);

ALTER TABLE session ADD COLUMN device BIGINT REFERENCES device (id);
ALTER TABLE session ADD COLUMN device_proved_us BIGINT;
CREATE INDEX session_by_device ON session (device);

--postgres CREATE POLICY within ON device USING (within(tenant));
--postgres ALTER TABLE device ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE device FORCE ROW LEVEL SECURITY;
--postgres CREATE POLICY within ON device_code USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres ALTER TABLE device_code ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE device_code FORCE ROW LEVEL SECURITY;
