-- The second wall between tenants (ID10), on PostgreSQL: a connection sees the rows of the tenant that it
-- names in `beffroi.tenant`, all of them when it says `house`, and none when it says nothing. What belongs to a
-- room or a person is seen by who sees these: the tenant stands once. `within(NULL)` is the house alone.
-- FORCE holds for the owner of the tables too; superusers pass every wall, so Beffroi should not be one
-- (`beffroi doctor` says so).

--postgres CREATE FUNCTION within(tenant BIGINT) RETURNS BOOLEAN LANGUAGE SQL STABLE PARALLEL SAFE AS
--postgres   $$ SELECT CASE current_setting('beffroi.tenant', TRUE) WHEN 'house' THEN TRUE
--postgres      WHEN '' THEN FALSE ELSE tenant = current_setting('beffroi.tenant', TRUE)::BIGINT END $$;

--postgres CREATE POLICY within ON tenant USING (within(id));
--postgres CREATE POLICY within ON label USING (within(tenant));
--postgres CREATE POLICY within ON account USING (within(tenant));
--postgres CREATE POLICY within ON room USING (within(tenant));
--postgres CREATE POLICY within ON guest USING (within(tenant));
--postgres CREATE POLICY within ON session USING (within(tenant));
--postgres CREATE POLICY within ON person_key USING (within(tenant));
--postgres CREATE POLICY within ON audit_log USING (within(tenant));
--postgres CREATE POLICY within ON audit_entry USING (within(tenant));
--postgres CREATE POLICY within ON audit_subtree USING (within(tenant));
--postgres CREATE POLICY within ON application_password USING (within(tenant));
--postgres CREATE POLICY within ON charter USING (within(tenant));
--postgres CREATE POLICY within ON session_label USING (within(tenant));
--postgres CREATE POLICY within ON business_role USING (within(tenant));
--postgres CREATE POLICY within ON request USING (within(tenant));
--postgres CREATE POLICY within ON account_word USING (within(tenant));
--postgres CREATE POLICY within ON account_import USING (within(tenant));

--postgres CREATE POLICY within ON invitation USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres CREATE POLICY within ON known_place USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres CREATE POLICY within ON factor USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres CREATE POLICY within ON recovery_code USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres CREATE POLICY within ON mail USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
--postgres CREATE POLICY within ON pair_tail USING (within(NULL) OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));
-- Nobody in particular yet, while a passkey has not said whose it is: its token is its secret.
--postgres CREATE POLICY within ON ceremony USING
--postgres   (within(NULL) OR account IS NULL OR EXISTS (SELECT 1 FROM account a WHERE a.id = account));

--postgres CREATE POLICY within ON business_role_holder USING
--postgres   (within(NULL) OR EXISTS (SELECT 1 FROM business_role b WHERE b.id = role));
--postgres CREATE POLICY within ON business_role_room USING
--postgres   (within(NULL) OR EXISTS (SELECT 1 FROM business_role b WHERE b.id = role));
--postgres CREATE POLICY within ON account_import_line USING
--postgres   (within(NULL) OR EXISTS (SELECT 1 FROM account_import i WHERE i.id = import));

--postgres CREATE POLICY within ON room_tail USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));
--postgres CREATE POLICY within ON member USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));
--postgres CREATE POLICY within ON event USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));
--postgres CREATE POLICY within ON read_mark USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));
--postgres CREATE POLICY within ON open_meeting USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));
--postgres CREATE POLICY within ON upload USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));
--postgres CREATE POLICY within ON file USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));
--postgres CREATE POLICY within ON guest_link USING (within(NULL) OR EXISTS (SELECT 1 FROM room r WHERE r.id = room));

--postgres DO $$ DECLARE walled RECORD; BEGIN
--postgres   FOR walled IN SELECT tablename FROM pg_policies WHERE policyname = 'within' AND schemaname = current_schema() LOOP
--postgres     EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled.tablename);
--postgres     EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled.tablename);
--postgres   END LOOP;
--postgres END $$;
