/*
 * What the ring prints: failures as scripts for psql, tables of what was covered, and what should
 * have been covered and was not.
 */
import type { Coverage } from './coverage';
import type { Examination } from './examination';
import { REQUIRED_NEIGHBOURS, REQUIRED_TRAITS } from './required';
import { type Scenario, scriptOf } from './scenario';
import type { Outcome } from './session';

/** Prints a failure, small, with what both ways gave. */
export function printFailure(
  seed: number,
  scenario: Scenario,
  { verdict, rowPath, setPath }: Examination,
): void {
  const why = verdict.kind === 'different' ? verdict.why : verdict.kind;
  console.log(`\nnot ok: seed ${seed}: ${why}\n${indented(scriptOf(scenario))}`);
  console.log(`  row path:\n${indented(shown(rowPath))}\n  set path:\n${indented(shown(setPath))}`);
}

const indented = (text: string): string => text.replace(/^/gm, '    ');

const SHOWN_ROWS = 12;
const SHOWN_CHARS = 300;

function shown({ results, error, broken }: Outcome): string {
  const lines = results.flatMap(({ tag, rows }) => {
    const more = rows.length > SHOWN_ROWS ? [`… ${rows.length} rows`] : [];
    return [tag, ...rows.slice(0, SHOWN_ROWS).map((row) => row.slice(0, SHOWN_CHARS)), ...more];
  });
  if (error !== undefined) lines.push(`ERROR ${error.code}: ${error.message}`);
  if (broken !== undefined) lines.push(`ended: ${broken}`);
  return lines.join('\n');
}

/** Prints what was covered. */
export function printReport(coverage: Coverage, seconds: number): void {
  const { scenarios, planned, batched } = coverage;
  const share = ((100 * batched) / Math.max(1, planned)).toFixed(1);
  console.log(`\n${scenarios} scenarios in ${seconds.toFixed(0)} s`);
  console.log(`${planned} ran to their end and call a model; ${share} % of them in batches`);
  table('both ways gave', coverage.verdicts);
  table('errors of the set path', coverage.errors);
  table('nodes beside BatchInference', coverage.neighbours);
  table('what the planner left to the row path', coverage.declines);
  console.log('\n  scenarios  in batches  what they have');
  const traits = [...coverage.traits].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [trait, count] of traits) {
    const numbers = [`${count.all}`.padStart(11), `${count.batched}`.padStart(12)];
    console.log(`${numbers.join('')}  ${trait}`);
  }
}

function table(title: string, counts: Map<string, number>): void {
  console.log(`\n  ${title}:`);
  for (const [name, count] of [...counts].sort(([, one], [, other]) => other - one)) {
    console.log(`${`${count}`.padStart(11)}  ${name}`);
  }
}

/** Least share of scenarios that must have been batched. */
const LEAST_BATCHED = 0.6;
/** Most that may end in a verdict that proves nothing. */
const MOST_TOLERATED = 0.02;

/** What a run did not cover, so that it cannot pass by doing nothing. */
export function shortfalls(coverage: Coverage): string[] {
  const { scenarios, planned, batched, verdicts, traits, neighbours } = coverage;
  const found = [
    ...REQUIRED_TRAITS.filter((trait) => (traits.get(trait)?.batched ?? 0) === 0),
    ...REQUIRED_NEIGHBOURS.filter((name) => !neighbours.has(name)),
  ].map((name) => `not once in batches: ${name}`);
  if (batched < LEAST_BATCHED * planned) found.push(`only ${batched} of ${planned} in batches`);
  for (const kind of ['rows in another order', 'other error', 'read ahead', 'other plan']) {
    const count = verdicts.get(kind) ?? 0;
    if (count > MOST_TOLERATED * scenarios) found.push(`${count} of ${scenarios}: ${kind}`);
  }
  return found;
}
