/*
 * Runs a scenario both ways and judges it.
 *
 * What may have come from elsewhere gets a second chance: a plan that changed in between, since
 * costs are measured; and the end of the session, since the crash of one process ends them all.
 */
import type { Scenario } from './scenario';
import type { Outcome, Session } from './session';
import { compare, type Verdict } from './verdict';

export interface Examination {
  readonly verdict: Verdict;
  readonly rowPath: Outcome;
  readonly setPath: Outcome;
  /** Whether a session ended, now or at the first try. */
  readonly ended: boolean;
}

async function once(session: Session, scenario: Scenario, explains: boolean): Promise<Examination> {
  const rowPath = await session.run(scenario, false, explains);
  const setPath = await session.run(scenario, true, explains);
  const ended = rowPath.broken !== undefined || setPath.broken !== undefined;
  return { verdict: compare(scenario, rowPath, setPath), rowPath, setPath, ended };
}

/** Whether both ways had the same plans, as far as both came. */
function plannedAlike({ rowPath, setPath }: Examination): boolean {
  const others = setPath.planned;
  return rowPath.planned.every((shape, i) => i >= others.length || shape === others[i]);
}

/** Runs a scenario by the row path and by the set path. */
export async function examine(session: Session, scenario: Scenario): Promise<Examination> {
  const first = await once(session, scenario, false);
  const { verdict } = first;
  // What is reached depends on the plan, and on the order of conditions in it.
  const ofReach =
    verdict.kind === 'different' &&
    (verdict.oneFailed || scenario.facts.traits.has('volatile function'));
  const otherPlan = verdict.kind === 'other plan' || verdict.kind === 'rows in another order';
  if (!first.ended && !ofReach && !otherPlan) return first;
  const second = await once(session, scenario, ofReach);
  if (first.ended) return { ...second, ended: true };
  if (ofReach && (second.verdict.kind !== 'different' || !plannedAlike(second))) {
    return { ...second, verdict: { kind: 'other plan' } };
  }
  return second;
}
