-- What a browser is known by to the growing wait: whoever signed in from it is not held up there by what strangers
-- behind the same address guess.
CREATE TABLE known_browser (
    token   BYTES  PRIMARY KEY, -- SHA-256
    account BIGINT NOT NULL REFERENCES account (id),
    session BIGINT NOT NULL, -- the one that it opened last, over or not
    last_us BIGINT NOT NULL  -- when that was
);
CREATE INDEX known_browser_by_account ON known_browser (account, last_us);
CREATE INDEX known_browser_by_session ON known_browser (session);

--postgres CREATE POLICY within ON known_browser USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres ALTER TABLE known_browser ENABLE ROW LEVEL SECURITY;
--postgres ALTER TABLE known_browser FORCE ROW LEVEL SECURITY;
