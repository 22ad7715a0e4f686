/**
 * The checks of ai_health(), from the ground up: each says what it saw and, where that is wrong,
 * what to do. A check that fails never stops the others, and none of them raises an error.
 */
import { messageOf } from '../lib/errors';
import { one, provider } from '../lib/sql';
import type { RowOf } from '../lib/types';

/** One row of ai_health(). */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string | null;
  readonly hint: string | null;
}

const serverColumns = {
  preloaded: 'bool',
  state: 'text',
  pid: 'int4',
  restarts: 'int8',
  version: 'text',
  ort_version: 'text',
  last_error: 'text',
} as const;

type ServerState = RowOf<typeof serverColumns>;

const preloadHint =
  "Add shared_preload_libraries = 'ai_runtime' to postgresql.conf and restart PostgreSQL; " +
  'where the setting is assigned more than once, the last assignment wins.';

const restart = 'Restart PostgreSQL; the server log tells more.';

const stateHints: Record<string, string> = {
  off: 'Set ai_runtime.server_autostart = on and reload the configuration.',
  starting: 'Wait a moment; the server log tells what it is doing.',
  backing_off: 'It is started again by itself; the server log tells why it ended.',
};

/** Every check in order. */
export function* checkHealth(): Generator<Check> {
  const server = serverState();
  yield preloaded(server);
  yield running(server);
  yield guarded('round trip', () => roundTrip(server), 'The server log tells more.');
  yield guarded('versions', () => versions(server), 'Restart PostgreSQL after an upgrade.');
  yield guarded('registry', registry, 'Look into the tables of schema ai_runtime.');
  yield guarded('models', models, 'Drop the model and create it again.');
  yield guarded('plv8', plv8Provider, 'Install the extension plv8.');
  yield guarded('telemetry', () => telemetry(server), restart);
}

function passed(name: string, detail: string): Check {
  return { name, ok: true, detail, hint: null };
}

function failed(name: string, detail: string, hint: string): Check {
  return { name, ok: false, detail, hint };
}

/** The result of a check, or its error as a row. */
function guarded(name: string, check: () => Check, hint: string): Check {
  try {
    return check();
  } catch (error) {
    return failed(name, messageOf(error), (error as { hint?: string }).hint || hint);
  }
}

function serverState(): ServerState | string {
  try {
    return one(
      serverColumns,
      `SELECT preloaded, state, pid, restarts, version, ort_version, last_error
       FROM ai_runtime._server_state()`,
    );
  } catch (error) {
    return messageOf(error);
  }
}

function times(count: bigint | null): string {
  return count === 1n ? 'once' : `${count} times`;
}

function isRunning(server: ServerState | string): server is ServerState {
  return typeof server !== 'string' && server.state === 'running';
}

function notAsked(name: string): Check {
  return failed(name, 'not checked: the server is not running', 'See the check "server".');
}

function preloaded(server: ServerState | string): Check {
  if (typeof server === 'string') {
    return failed('preloaded', server, 'Install the library ai_runtime of this version.');
  }
  return server.preloaded
    ? passed('preloaded', 'the library is in shared_preload_libraries')
    : failed('preloaded', 'the library is not in shared_preload_libraries', preloadHint);
}

function running(server: ServerState | string): Check {
  if (typeof server === 'string' || !server.preloaded) {
    return failed('server', 'not started: the library is not preloaded', preloadHint);
  }
  const { pid, restarts, last_error: lastError } = server;
  const state = server.state ?? 'unknown';
  if (state === 'running') {
    return passed('server', `running as process ${pid}, restarted ${times(restarts)}`);
  }
  const reason = lastError ? `${state}: ${lastError}` : state;
  return failed('server', reason, stateHints[state] ?? 'The server log tells more.');
}

function roundTrip(server: ServerState | string): Check {
  if (!isRunning(server)) {
    return notAsked('round trip');
  }
  const { same, us } = one(
    { same: 'bool', us: 'int4' },
    `SELECT ai_runtime._echo('\\x00ff0a') = '\\x00ff0a' AS same,
            (extract(epoch FROM clock_timestamp() - asked.at) * 1000000)::int AS us
     FROM (SELECT clock_timestamp() AS at OFFSET 0) AS asked`,
  );
  return same
    ? passed('round trip', `the server echoed 3 bytes in ${us} us`)
    : failed('round trip', 'the server echoed other bytes', 'Restart PostgreSQL.');
}

function versions(server: ServerState | string): Check {
  const { installed } = one(
    { installed: 'text' },
    `SELECT extversion AS installed FROM pg_extension WHERE extname = 'ai_runtime'`,
  );
  if (!isRunning(server)) {
    return notAsked('versions');
  }
  const detail = `extension ${installed}, server ${server.version}`;
  return server.version === installed
    ? passed('versions', `${detail}, ONNX Runtime ${server.ort_version}`)
    : failed(
        'versions',
        detail,
        'Run ALTER EXTENSION ai_runtime UPDATE, or restart PostgreSQL after an upgrade.',
      );
}

function registry(): Check {
  const counts = one(
    { models: 'int8', versions: 'int8', deployed: 'int8' },
    `SELECT (SELECT count(*) FROM ai_runtime.models) AS models,
            (SELECT count(*) FROM ai_runtime.model_versions) AS versions,
            (SELECT count(*) FROM ai_runtime.deployments) AS deployed`,
  );
  return passed(
    'registry',
    `models: ${counts.models}, versions: ${counts.versions}, deployed: ${counts.deployed}`,
  );
}

/** Whether every model has all its bytes; reads sizes, not bytes. */
function models(): Check {
  const { broken } = one(
    { broken: 'text' },
    `SELECT string_agg(DISTINCT version.model, ', ') AS broken
     FROM ai_runtime.model_versions AS version
     JOIN ai_runtime.model_blobs AS blob USING (sha256)
     WHERE blob.size_bytes <> (SELECT coalesce(sum(octet_length(chunk.data)), 0)
                               FROM ai_runtime.model_chunks AS chunk
                               WHERE chunk.sha256 = blob.sha256)`,
  );
  return broken === null
    ? passed('models', 'every model has all its bytes')
    : failed('models', `bytes are missing of: ${broken}`, 'Drop the models and create them again.');
}

function plv8Provider(): Check {
  const { version, comment } = one(
    { version: 'text', comment: 'text' },
    `SELECT extversion AS version, obj_description(oid, 'pg_extension') AS comment
     FROM pg_extension WHERE extname = 'plv8'`,
  );
  const { v8Version } = provider();
  const v8 = v8Version === undefined ? '' : `, V8 ${v8Version}`;
  return passed('plv8', `${version}${v8}: ${comment ?? 'no comment'}`);
}

/** Whether the server runs with ONNX Runtime's telemetry off: read off the environment it has. */
function telemetry(server: ServerState | string): Check {
  if (!isRunning(server)) {
    return notAsked('telemetry');
  }
  const { off } = one(
    { off: 'bool' },
    `SELECT position(convert_to('ORT_DISABLE_TELEMETRY=1', 'UTF8') IN
                     pg_read_binary_file('/proc/' || $1::int || '/environ')) > 0 AS off`,
    [server.pid],
  );
  return off
    ? passed('telemetry', 'off: the server runs with ORT_DISABLE_TELEMETRY=1')
    : failed('telemetry', `process ${server.pid} runs without ORT_DISABLE_TELEMETRY=1`, restart);
}
