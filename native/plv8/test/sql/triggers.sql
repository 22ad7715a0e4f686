-- Row triggers: change, skip, leave; what TG_ arguments say.
CREATE TABLE row_log (id int, name text, dropped int, doubled int);
ALTER TABLE row_log DROP COLUMN dropped;
CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plv8 AS $$
  plv8.elog(NOTICE, TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME,
  typeof TG_RELID,
    JSON.stringify(TG_ARGV), JSON.stringify(NEW), JSON.stringify(OLD));
  if (TG_OP === 'DELETE') return OLD.id === 3 ? null : undefined;
  if (NEW.name === 'skip') return null;
  if (NEW.name === 'leave') return;
  NEW.doubled = 2 * NEW.id;
  return NEW;
$$;
CREATE TRIGGER change BEFORE INSERT OR UPDATE OR DELETE ON row_log
  FOR EACH ROW EXECUTE FUNCTION on_row('one', '2');
INSERT INTO row_log VALUES (1, 'a'), (2, 'skip'), (3, 'leave');
UPDATE row_log SET name = 'b' WHERE id = 1;
DELETE FROM row_log;
SELECT * FROM row_log;
CREATE FUNCTION bad_row() RETURNS trigger LANGUAGE plv8 AS $$ return 5 $$;
CREATE TABLE bad_log (i int);
CREATE TRIGGER bad BEFORE INSERT ON bad_log FOR EACH ROW EXECUTE FUNCTION bad_row();
INSERT INTO bad_log VALUES (1);
SELECT bad_row();

-- Statement triggers and transition tables.
CREATE FUNCTION on_statement() RETURNS trigger LANGUAGE plv8 AS $$
  plv8.elog(NOTICE, TG_LEVEL, TG_WHEN, TG_OP, NEW === undefined,
    JSON.stringify(plv8.execute('SELECT count(*)::int AS n, sum(i)::int AS s FROM added')[0]));
$$;
CREATE TABLE counted (i int);
CREATE TRIGGER after_insert AFTER INSERT ON counted REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION on_statement();
INSERT INTO counted SELECT generate_series(1, 4);
INSERT INTO counted SELECT generate_series(1, 2);

-- INSTEAD OF a view's insert.
CREATE VIEW counted_view AS SELECT i FROM counted;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plv8 AS $$
  plv8.elog(NOTICE, TG_WHEN, JSON.stringify(NEW)); return NEW $$;
CREATE TRIGGER view_insert INSTEAD OF INSERT ON counted_view
  FOR EACH ROW EXECUTE FUNCTION instead();
INSERT INTO counted_view VALUES (5);

-- Event triggers.
CREATE FUNCTION on_ddl() RETURNS event_trigger
  LANGUAGE plv8 AS $$ plv8.elog(NOTICE, TG_EVENT, TG_TAG) $$;
CREATE EVENT TRIGGER watch_ddl ON ddl_command_end EXECUTE FUNCTION on_ddl();
CREATE TABLE watched (i int);
DROP EVENT TRIGGER watch_ddl;

-- A Promise is awaited here too.
CREATE TABLE awaited (i int);
CREATE FUNCTION on_awaited() RETURNS trigger LANGUAGE plv8
  AS $$ return (async () => { await null; NEW.i++; return NEW })() $$;
CREATE TRIGGER await_row BEFORE INSERT ON awaited FOR EACH ROW EXECUTE FUNCTION on_awaited();
INSERT INTO awaited VALUES (1) RETURNING *;
