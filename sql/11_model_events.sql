-- What was done to models and versions, by whom and why: one row each, never changed again.
--
-- A row outlives its model, so nothing refers from here. Numbers follow the order of the changes
-- of one model, whose row every change locks; between models they follow nothing.

CREATE SEQUENCE ai_runtime.model_events_id_seq AS int8;
COMMENT ON SEQUENCE ai_runtime.model_events_id_seq IS 'Numbers of the events';

CREATE TABLE ai_runtime.model_events (
	id int8 NOT NULL DEFAULT nextval('ai_runtime.model_events_id_seq'),
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	by text NOT NULL DEFAULT SESSION_USER,
	model text COLLATE "C" NOT NULL,
	version int4,
	event text NOT NULL,
	from_state text,
	to_state text,
	alias text COLLATE "C",
	sha256 bytea,
	reason text,
	CONSTRAINT model_events_pkey PRIMARY KEY (id),
	CONSTRAINT model_events_event_check CHECK (event IN
		('created', 'validated', 'deployed', 'superseded', 'rolled_back', 'archived',
			'aliased', 'unaliased', 'dropped'))
);
CREATE INDEX model_events_model_idx ON ai_runtime.model_events (model, id);
COMMENT ON INDEX ai_runtime.model_events_model_idx IS 'The history of a model';
COMMENT ON TABLE ai_runtime.model_events IS 'History of models and versions; rows are only added';
COMMENT ON COLUMN ai_runtime.model_events.id IS 'Number of the event';
COMMENT ON COLUMN ai_runtime.model_events.at IS 'When it happened; visible from the commit on';
COMMENT ON COLUMN ai_runtime.model_events.by IS 'The session user who did it';
COMMENT ON COLUMN ai_runtime.model_events.model IS 'The model';
COMMENT ON COLUMN ai_runtime.model_events.version IS 'The version; NULL: the whole model';
COMMENT ON COLUMN ai_runtime.model_events.event IS 'What happened';
COMMENT ON COLUMN ai_runtime.model_events.from_state IS 'State of the version before';
COMMENT ON COLUMN ai_runtime.model_events.to_state IS 'State of the version after';
COMMENT ON COLUMN ai_runtime.model_events.alias IS 'The alias that was set or dropped';
COMMENT ON COLUMN ai_runtime.model_events.sha256 IS 'The bytes of the version';
COMMENT ON COLUMN ai_runtime.model_events.reason IS 'Why, as the option "reason" said';

CREATE FUNCTION ai_runtime._refuse_change() RETURNS trigger
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	AS $$
	BEGIN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('rows of "%s" cannot be changed or deleted', tg_table_name),
			DETAIL = 'They say what was done to models, and only DROP EXTENSION ends them.';
	END
	$$;
COMMENT ON FUNCTION ai_runtime._refuse_change() IS 'Trigger of tables to which rows are only added';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ai_runtime.model_events
	FOR EACH STATEMENT EXECUTE FUNCTION ai_runtime._refuse_change();
COMMENT ON TRIGGER refuse_change ON ai_runtime.model_events IS 'Keeps the history as it was';

SELECT pg_extension_config_dump('ai_runtime.model_events', '');
SELECT pg_extension_config_dump('ai_runtime.model_events_id_seq', '');
