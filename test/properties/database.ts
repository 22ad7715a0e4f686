/*
 * The database of the property tests: models, tables, and functions that stand around a call.
 */
import pg from 'pg';
import { connectionEnv, runSql, startCluster } from '../../build/cluster';
import { MODELS } from './models';
import { createTables, MAINTENANCE } from './schema';

const DATABASE = 'ai_property';

/** Functions around ai_inference(), inlined and not, and a domain whose check may fail. */
const FUNCTIONS = [
  'CREATE DOMAIN bounded AS float8 CHECK (VALUE IS NULL OR VALUE > -1000)',
  `CREATE FUNCTION inlined(x real[]) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ai_inference('linear', x)`,
  `CREATE FUNCTION called(x real[]) RETURNS float8 LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN RETURN ai_inference('linear:2', x) ->> 'y'; END $$`,
  `CREATE FUNCTION rescued(x real[]) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
    BEGIN
      RETURN ai_inference('linear', x) ->> 'y';
    EXCEPTION WHEN OTHERS THEN RETURN -1;
    END $$`,
  `CREATE FUNCTION scored(low int) RETURNS TABLE (id int, x real[], y float8)
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT id, x, (ai_inference('linear', x) ->> 'y')::float8 FROM items WHERE id >= $1 $$`,
  `CREATE FUNCTION looped(low int, most int) RETURNS TABLE (id int, x real[], y float8)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    DECLARE n int := 0;
    BEGIN
      FOR id, x, y IN SELECT m.id, m.x, (ai_inference('linear', m.x) ->> 'y')::float8
        FROM many AS m WHERE m.id >= low
      LOOP
        RETURN NEXT;
        n := n + 1;
        EXIT WHEN n >= most;
      END LOOP;
    END $$`,
  `CREATE FUNCTION score_row() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.s := ai_inference('linear', NEW.x) ->> 'y';
      RETURN NEW;
    END $$`,
];

const HOOKS = [
  `CREATE FUNCTION skip(input jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN input ->> 1 IS DISTINCT FROM '0.25' THEN input END`,
  `CREATE FUNCTION before_model(input jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(input) <> 'array' THEN input
      ELSE jsonb_set(input, '{0}', '2') END`,
  `CREATE FUNCTION after_model(answer jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (answer ->> 'y')::float8 < 2.5 THEN NULL
      ELSE answer || '{"after": true}' END`,
];

/** A new connection to the database; everything stays the text that PostgreSQL prints. */
export async function connect(): Promise<pg.Client> {
  const { PGHOST, PGUSER } = connectionEnv();
  const client = new pg.Client({
    host: PGHOST,
    user: PGUSER,
    database: DATABASE,
    application_name: 'property',
    types: { getTypeParser: () => (value: unknown) => value },
  });
  await client.connect();
  return client;
}

/** Starts the cluster if need be, and makes the database anew. */
export async function makeDatabase(): Promise<void> {
  startCluster();
  runSql(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`, 'postgres');
  runSql(`CREATE DATABASE ${DATABASE}`, 'postgres');
  runSql(`ALTER DATABASE ${DATABASE} SET search_path = property, public`, 'postgres');
  const client = await connect();
  await client.query('SET client_min_messages = warning');
  await client.query('CREATE EXTENSION ai_runtime SCHEMA public CASCADE');
  await client.query('SELECT ai_runtime._wait_until_ready(30000)');
  await client.query('CREATE SCHEMA property');
  for (const statement of HOOKS) await client.query(statement);
  await makeModels(client);
  for (const statement of [...createTables(), ...FUNCTIONS, ...MAINTENANCE]) {
    await client.query(statement);
  }
  await client.end();
}

async function makeModels(client: pg.Client): Promise<void> {
  for (const { name, versions } of MODELS) {
    for (const [i, { bytes, options = {} }] of versions.entries()) {
      const maker = i === 0 ? 'ai_create_model' : 'ai_create_version';
      const values = [name, Buffer.from(bytes), JSON.stringify(options)];
      await client.query(`SELECT ${maker}($1, $2, $3)`, values);
    }
  }
  await client.query("INSERT INTO ai_runtime.aliases VALUES ('linear', 'champion', 2)");
}

export function dropDatabase(): void {
  runSql(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`, 'postgres');
}
