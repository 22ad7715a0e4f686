/** The benchmarks' own database in the private cluster, with the model and the rows they run on. */
import pg from 'pg';
import { connectionEnv, runSql, startCluster } from '../../build/cluster';
import { benchModel, WEIGHTS, WIDTH } from './model';

const DATABASE = 'ai_bench';
export const ROWS = 20_000;

/** A new connection that has answered one query. */
export async function connect(): Promise<pg.Client> {
  const { PGHOST, PGUSER } = connectionEnv();
  const client = new pg.Client({ host: PGHOST, user: PGUSER, database: DATABASE });
  await client.connect();
  await client.query('SET jit = off');
  return client;
}

/**
 * Starts the cluster and makes the database: rows of 32 numbers, and the same bytes for the echo.
 */
export async function makeDatabase(): Promise<void> {
  startCluster();
  dropDatabase();
  runSql(`CREATE DATABASE ${DATABASE}`, 'postgres');
  const client = await connect();
  await client.query('SET client_min_messages = warning; CREATE EXTENSION ai_runtime CASCADE');
  await client.query('SELECT ai_runtime._wait_until_ready(30000)');
  await client.query("SELECT ai_create_model('bench', $1)", [Buffer.from(benchModel())]);
  await client.query(`
    SELECT setseed(0.5);
    CREATE TABLE bench_rows AS
      SELECT id, ARRAY(SELECT (random() - 0.5)::real FROM generate_series(1, ${WIDTH})
          WHERE id > 0) AS x,
        decode(repeat('00', ${4 * WIDTH}), 'hex') AS bytes
      FROM generate_series(1, ${ROWS}) AS id;
    CREATE FUNCTION score_in_plpgsql(x real[]) RETURNS real LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      w CONSTANT real[] := '{${WEIGHTS.join(',')}}';
      z real := 0;
    BEGIN
      FOR i IN 1 .. ${WIDTH} LOOP
        z := z + w[i] * x[i];
      END LOOP;
      RETURN 1 / (1 + exp(-z));
    END $$;
    ANALYZE bench_rows`);
  await client.end();
}

export function dropDatabase(): void {
  runSql(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`, 'postgres');
}
