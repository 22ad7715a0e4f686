/*
 * Whether the two ways of a scenario came to the same. README.md has the definition in words.
 */
import { holdsBatch, shapeOf } from './plan';
import type { Scenario } from './scenario';
import type { Outcome, Result } from './session';

export type Verdict =
  /** The same rows, in the same order where there is one. */
  | { readonly kind: 'rows' }
  /** The same rows in another order, by another plan. */
  | { readonly kind: 'rows in another order' }
  /** The same error. */
  | { readonly kind: 'error' }
  /** Both failed, with different errors, where there was more than one to meet. */
  | { readonly kind: 'other error' }
  /** The set path met an error beyond where the row path had stopped. */
  | { readonly kind: 'read ahead' }
  /** The plans differ, so their order, and what it decides, may differ too. */
  | { readonly kind: 'other plan' }
  | {
      readonly kind: 'different';
      readonly why: string;
      /** One way gave an error, the other none or another one. */
      readonly oneFailed: boolean;
    };

const different = (why: string, oneFailed = false): Verdict => ({
  kind: 'different',
  why,
  oneFailed,
});

/** Compares what the row path gave with what the set path gave. */
export function compare(scenario: Scenario, rowPath: Outcome, setPath: Outcome): Verdict {
  const broken = setPath.broken ?? rowPath.broken;
  if (broken !== undefined) return different(`the session ended: ${broken}`);
  const unreadable = setPath.unreadable ?? rowPath.unreadable;
  if (unreadable !== undefined) return different(`this plan is no JSON: ${unreadable}`);
  if (rowPath.plans.some(holdsBatch)) return different('the row path has a BatchInference node');
  if (rowPath.error !== undefined || setPath.error !== undefined) {
    return compareErrors(scenario, rowPath, setPath);
  }
  const inOrder = !scenario.unordered;
  const samePlans = shapes(rowPath) === shapes(setPath);
  let kind: 'rows' | 'rows in another order' = 'rows';
  for (const [place, expected] of rowPath.results.entries()) {
    const found = setPath.results[place] as Result;
    if (equal(expected, found, inOrder)) continue;
    if (samePlans || !inOrder) {
      return different(`statement ${place + 1}: ${difference(expected, found, inOrder)}`);
    }
    if (!equal(expected, found, false)) return { kind: 'other plan' };
    kind = 'rows in another order';
  }
  return { kind };
}

const shapes = ({ plans }: Outcome): string => plans.map(shapeOf).join('\n');

function compareErrors({ facts, unordered }: Scenario, row: Outcome, set: Outcome): Verdict {
  const one = row.error;
  const other = set.error;
  const told = (error: Outcome['error']): string =>
    error === undefined ? 'rows' : `${error.code} ${error.message} (${error.statement + 1})`;
  if (one !== undefined && other !== undefined) {
    if (told(one) === told(other)) return { kind: 'error' };
    const choice = facts.errorSources + Number(facts.writes) > 1;
    if (choice || unordered || facts.skipsRows) return { kind: 'other error' };
  }
  const stacked = facts.errorSources > 0 && (facts.calls > 1 || facts.skipsRows);
  if (one === undefined && facts.stopsEarly && stacked) return { kind: 'read ahead' };
  return different(`the row path gave ${told(one)}, the set path ${told(other)}`, true);
}

function equal(one: Result, other: Result, inOrder: boolean): boolean {
  const lines = ({ rows }: Result): string => (inOrder ? rows : [...rows].sort()).join('\n');
  return one.tag === other.tag && lines(one) === lines(other);
}

const SHOWN_ROWS = 5;
const shown = (row = 'none'): string => row.slice(0, 200);

/** The first rows that differ. */
function difference(one: Result, other: Result, inOrder: boolean): string {
  if (one.tag !== other.tag) return `${one.tag} by the row path, ${other.tag} by the set path`;
  const sorted = ({ rows }: Result): readonly string[] => (inOrder ? rows : [...rows].sort());
  const [left, right] = [sorted(one), sorted(other)];
  const places = left.flatMap((row, i) => (row === right[i] ? [] : [i]));
  const rows = places
    .slice(0, SHOWN_ROWS)
    .map(
      (i) =>
        `\n    row ${i + 1}: ${shown(left[i])} by the row path, ${shown(right[i])} by the set path`,
    );
  return `${places.length} rows differ${rows.join('')}`;
}
