/**
 * Models and versions: the rows behind ai_create_model(), ai_create_model_from_file() and
 * ai_create_version(). The bytes are stored before this runs; here they are known by their sha256.
 *
 * Who creates first holds the row of the model until its transaction ends, so version numbers are
 * dense and a name is given once. Everything is rows of this transaction: it sees its own, and a
 * rollback takes them away. Signature and specification stay in SQL and never become JavaScript
 * numbers.
 */
import { isSqlError, SqlError } from '../lib/errors';
import { execute, one } from '../lib/sql';
import { deployNew } from '../rollout/deploy';
import { lockModel, record } from '../rollout/versions';
import { checkHooks, type ResolvedHooks } from './hooks';
import { checkModelName } from './names';
import { type CreateOptions, parseCreateOptions } from './options';

/** What the wrappers hand over: the sha256 of stored bytes, options as text, hooks by SQL. */
export interface CreateArguments extends ResolvedHooks {
  readonly name: string | null;
  readonly sha256: Uint8Array | null;
  readonly options: string | null;
}

/** Creates a model with version 1, deployed unless the options say otherwise. */
export function createModel(args: CreateArguments): number {
  const request = checkRequest(args);
  const created = execute(
    `INSERT INTO ai_runtime.models (name, description, created_by)
     VALUES ($1, $2, session_user) ON CONFLICT (name) DO NOTHING`,
    [request.name, request.options.description ?? null],
  );
  if (created === 0) {
    throw new SqlError('duplicate_object', `model "${request.name}" already exists`, {
      hint: 'Use ai_create_version() to give it another version.',
    });
  }
  insertVersion(request, 1);
  if (request.options.deploy ?? true) {
    deployNew(request.name, 1, request.options.force ?? false);
  }
  return 1;
}

/** Creates the next version of a model, deployed only where the options ask for it. */
export function createVersion(args: CreateArguments): number {
  const request = checkRequest(args);
  lockModel(request.name);
  const { version } = one(
    { version: 'int4' },
    `SELECT coalesce(max(version), 0) + 1 AS version
     FROM ai_runtime.model_versions WHERE model = $1`,
    [request.name],
  );
  const number = version ?? 1;
  insertVersion(request, number);
  if (request.options.deploy ?? false) {
    deployNew(request.name, number, request.options.force ?? false);
  }
  return number;
}

interface Request {
  readonly name: string;
  readonly sha256: Uint8Array;
  readonly optionsText: string;
  readonly options: CreateOptions;
  readonly hooks: Record<string, string>;
}

function checkRequest(args: CreateArguments): Request {
  const name = checkModelName(args.name);
  const options = parseCreateOptions(args.options);
  const hooks = checkHooks(options, args);
  if (args.sha256 === null) {
    throw new SqlError('null_value_not_allowed', `model "${name}" has no bytes`, {
      detail: 'The argument with the ONNX model is null.',
    });
  }
  return { name, sha256: args.sha256, optionsText: args.options ?? '{}', options, hooks };
}

/**
 * Inserts a version with the signature that the server reads off its bytes, and checks its spec.
 * JSON is bound as text: bound as jsonb, plv8 would make one JSON string of it.
 */
function insertVersion(request: Request, version: number): void {
  const { name, sha256, optionsText, hooks } = request;
  lockBlob(name, sha256);
  translateConflicts(name, () =>
    execute(
      `INSERT INTO ai_runtime.model_versions
         (model, version, sha256, signature, spec, spec_sha256, options, created_by)
       SELECT $1, $2, $3, ai_runtime._model_signature($3, $1), made.spec,
              sha256(convert_to(made.spec::text, 'UTF8')), $4::text::jsonb, session_user
       FROM (SELECT coalesce(jsonb_object_agg(given.key, given.value), '{}')
                    || $5::text::jsonb AS spec
             FROM jsonb_each($4::text::jsonb) AS given
             WHERE given.key IN ('deterministic', 'input', 'max_batch_size',
                                 'max_queue_delay_us', 'output')) AS made`,
      [name, version, sha256, optionsText, JSON.stringify(hooks)],
    ),
  );
  execute(
    `SELECT ai_runtime._check_spec(signature, spec)
     FROM ai_runtime.model_versions WHERE model = $1 AND version = $2`,
    [name, version],
  );
  record({ model: name, version, event: 'created', to: 'created', reason: null });
}

/** Keeps the bytes in place until we commit, or says that a concurrent drop took them away. */
function lockBlob(name: string, sha256: Uint8Array): void {
  const kept = execute(
    'SELECT 1 AS kept FROM ai_runtime.model_blobs WHERE sha256 = $1 FOR KEY SHARE',
    [sha256],
  );
  if (kept === 0) {
    throw concurrently(name, 'The same bytes were dropped with another model at the same time.');
  }
}

/** Says 40001 where the snapshot of a REPEATABLE READ transaction is older than another's row. */
function translateConflicts(name: string, insert: () => void): void {
  try {
    insert();
  } catch (error) {
    if (isSqlError(error, 'unique_violation')) {
      throw concurrently(name, 'Another transaction changed the same model at the same time.');
    }
    throw error;
  }
}

function concurrently(name: string, detail: string): SqlError {
  return new SqlError(
    'serialization_failure',
    `could not create a version of model "${name}" due to a concurrent change`,
    { detail, hint: 'Run the transaction again.' },
  );
}
