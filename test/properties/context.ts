/*
 * Where in a query something is generated, and what has been put into the query so far.
 */
import type { Choices } from './choices';
import type { Model } from './models';
import type { Column, Relation, SqlType } from './schema';

/** What is known of a scenario besides its text; generators add to it. */
export interface Facts {
  /** Places and forms of calls that occur in it: what the report counts. */
  readonly traits: Set<string>;
  /** Calls of ai_inference() in its text. */
  calls: number;
  /** Calls that may be made once more where the same relations are in reach. */
  readonly made: MadeCall[];
  /** Expressions that may raise an error for some row. */
  errorSources: number;
  /** A window function may look at the argument of some rows only. */
  skipsRows: boolean;
  /** It writes, so that a constraint may be violated. */
  writes: boolean;
  /** Something may end the reading of rows before their end: LIMIT, EXISTS, a cursor … */
  stopsEarly: boolean;
}

export interface MadeCall {
  readonly model: Model;
  readonly scope: readonly Relation[];
  readonly text: string;
  /** Its answer may have any shape. */
  readonly whole: boolean;
}

/** The parameters of a prepared statement, as they come to be. */
export interface Parameter {
  readonly type: SqlType;
  readonly value: string;
}

export interface Context {
  readonly draw: Choices;
  readonly facts: Facts;
  /** What expressions may name. */
  readonly scope: readonly Relation[];
  /** What a subquery may name of the queries around it. */
  readonly outer: readonly Relation[];
  /** Named queries that a FROM clause may use. */
  readonly named: readonly Relation[];
  /** Where an expression stands, from the outside in. */
  readonly places: readonly string[];
  /** How many levels of nesting are left. */
  readonly depth: number;
  /** Whether calls may get inputs that no model takes. */
  readonly risky: boolean;
  /** Rows come in no order: a parallel plan. */
  readonly unordered: boolean;
  readonly parameters?: Parameter[];
  /** Makes names that are there once. */
  readonly counter: { last: number };
}

export const at = (context: Context, place: string): Context => ({
  ...context,
  places: [...context.places, place],
});

export const deeper = (context: Context): Context => ({ ...context, depth: context.depth - 1 });

export const within = (context: Context, scope: readonly Relation[]): Context => ({
  ...context,
  scope,
});

/** A name that stands nowhere else in the scenario. */
export function freshName(context: Context, stem: string): string {
  context.counter.last += 1;
  return `${stem}${context.counter.last}`;
}

export interface Reference {
  readonly text: string;
  readonly column: Column;
}

/** The columns in reach that satisfy a condition; of outer queries now and then. */
export function references(
  context: Context,
  suits: (column: Column) => boolean,
): readonly Reference[] {
  const found = (relations: readonly Relation[]) =>
    relations.flatMap(({ alias, columns }) =>
      columns.filter(suits).map((column) => ({ text: `${alias}.${column.name}`, column })),
    );
  const own = found(context.scope);
  const outer = found(context.outer);
  if (outer.length === 0) return own;
  return own.length === 0 || context.draw.chance(25) ? outer : own;
}
