/**
 * defineFunction(): a function that SQL can call, with its SQL signature beside its code.
 *
 * Each file of src/plv8/functions exports one definition as its default. The generator
 * (build/generate) reads the SQL facts off it and writes CREATE FUNCTION, COMMENT and GRANT; in the
 * database the two-line stub calls invoke(). tsc checks the code against the signature:
 *
 *  - an argument may be null exactly when the function is not strict;
 *  - jsonb comes in as unknown, to be validated, and goes out as JSON;
 *  - RETURNS TABLE and SETOF are generator functions or arrays;
 *  - a Promise fits no result type, and the generator refuses async functions.
 *
 * Where `core` is given, the public function is a LANGUAGE sql wrapper of the caller's rights whose
 * argument expressions run first (`ai_runtime._store_model(model)`), and the code here takes what
 * they gave: this is how model bytes reach the registry without passing through JavaScript.
 */
import { SqlError } from './errors';
import type { Columns, ResultOf, ResultRowOf, SqlType, ValueOf } from './types';

/** An argument: its SQL type, or the type with a DEFAULT expression. */
export type Argument = SqlType | { readonly type: SqlType; readonly default?: string };
export type Arguments = Readonly<Record<string, Argument>>;

/** An argument of a core: `from` is an SQL expression over the public arguments. */
export type CoreArgument = SqlType | { readonly type: SqlType; readonly from: string };
export type CoreArguments = Readonly<Record<string, CoreArgument>>;

export type Returns = SqlType | 'void' | { readonly setof: SqlType } | { readonly table: Columns };
export type Role =
  | 'PUBLIC'
  | 'pg_monitor'
  | 'ai_runtime_predictor'
  | 'ai_runtime_deployer'
  | 'ai_runtime_admin';

type TypeOfArgument<A> = A extends SqlType
  ? A
  : A extends { type: infer T extends SqlType }
    ? T
    : never;
type Values<A, S extends boolean> = {
  readonly [K in keyof A]: ValueOf<TypeOfArgument<A[K]>> | (S extends true ? never : null);
};
type Input<A, S extends boolean, C> = [keyof C] extends [never] ? Values<A, S> : Values<C, S>;
type Output<R extends Returns> = R extends 'void'
  ? undefined
  : R extends { setof: infer T extends SqlType }
    ? Iterable<ResultOf<T> | null>
    : R extends { table: infer C extends Columns }
      ? Iterable<ResultRowOf<C>>
      : R extends SqlType
        ? ResultOf<R> | null
        : never;

/** The SQL facts of a function. */
export interface FunctionFacts {
  /** The SQL name, which is the file's name too. */
  readonly name: string;
  /** Where it lives: the schema of CREATE EXTENSION (the default), or ours for internals. */
  readonly schema?: 'extension' | 'ai_runtime';
  readonly args: Arguments;
  readonly returns: Returns;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly parallel: 'safe' | 'restricted' | 'unsafe';
  /** RETURNS NULL ON NULL INPUT: the code is not called when an argument is NULL. */
  readonly strict: boolean;
  /** Whose rights the code runs with; a wrapper always has its caller's. */
  readonly security: 'definer' | 'invoker';
  /** In units of cpu_operator_cost. */
  readonly cost?: number;
  /** The rows that the planner expects of a set. */
  readonly rows?: number;
  /** The arguments that the code takes instead, each by an SQL expression. */
  readonly core?: CoreArguments;
  /** What the internal function is called; by default `_create_model` for `ai_create_model`. */
  readonly coreName?: string;
  /** COMMENT ON FUNCTION: a noun phrase or a sentence. */
  readonly comment: string;
  readonly grants: readonly Role[];
}

/** A definition: its facts, and what the stub in the database calls. */
export interface SqlFunction {
  readonly facts: FunctionFacts;
  /** Whether the code was declared async, which the generator refuses. */
  readonly async: boolean;
  invoke(args: never): unknown;
}

/** Declares a function that SQL can call. */
export function defineFunction<
  const A extends Arguments,
  const R extends Returns,
  const S extends boolean,
  // biome-ignore lint/complexity/noBannedTypes: an empty set of keys says that there is no core.
  const C extends CoreArguments = {},
>(
  facts: FunctionFacts & {
    readonly args: A;
    readonly returns: R;
    readonly strict: S;
    readonly core?: C;
  },
  code: (args: Input<A, S, C>) => Output<R>,
): SqlFunction {
  return {
    facts,
    async: /^Async/.test(code.constructor.name),
    invoke: (args: never) => checkResult(facts, code(args)),
  };
}

/** The result as plv8 takes it: sets as arrays, integers within their range, no Promise. */
function checkResult(facts: FunctionFacts, result: unknown): unknown {
  if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
    throw new SqlError('internal_error', `${facts.name}() returned a Promise`);
  }
  if (typeof facts.returns === 'object') {
    return Array.from(result as Iterable<unknown>);
  }
  if (
    facts.returns === 'int4' &&
    result !== null &&
    (result as number) !== ((result as number) | 0)
  ) {
    throw new SqlError('numeric_value_out_of_range', `${facts.name}() returned ${String(result)}`, {
      detail: 'The result does not fit type integer.',
    });
  }
  return result;
}
