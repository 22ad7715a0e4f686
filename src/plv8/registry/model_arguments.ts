/**
 * What the code of every function that takes a model's bytes gets instead of them and its options.
 *
 * The bytes are stored by C on the way and never come into JavaScript; the options travel as text,
 * since jsonb loses digits there; hooks are looked up with the caller's search path and rights.
 */

/** The arguments, where `store` is the SQL that stores the bytes and gives their SHA-256. */
export const storedModel = <const Store extends string>(store: Store) =>
  ({
    name: 'text',
    sha256: { type: 'bytea', from: store },
    options: { type: 'text', from: 'options::pg_catalog.text' },
    preprocess: { type: 'text', from: `ai_runtime._resolve_hook(options, 'preprocess')` },
    postprocess: { type: 'text', from: `ai_runtime._resolve_hook(options, 'postprocess')` },
  }) as const;
