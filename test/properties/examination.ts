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

async function once(session: Session, scenario: Scenario): Promise<Examination> {
  const rowPath = await session.run(scenario, false);
  const setPath = await session.run(scenario, true);
  const ended = rowPath.broken !== undefined || setPath.broken !== undefined;
  return { verdict: compare(scenario, rowPath, setPath), rowPath, setPath, ended };
}

/** Runs a scenario by the row path and by the set path. */
export async function examine(session: Session, scenario: Scenario): Promise<Examination> {
  const first = await once(session, scenario);
  const { verdict } = first;
  // What is reached depends on the plan, and on the order of conditions in it.
  const ofReach =
    verdict.kind === 'different' &&
    (verdict.oneFailed || scenario.facts.traits.has('volatile function'));
  const otherPlan = verdict.kind === 'other plan' || verdict.kind === 'rows in another order';
  if (!first.ended && !ofReach && !otherPlan) return first;
  const second = await once(session, scenario);
  if (first.ended) return { ...second, ended: true };
  if (ofReach && second.verdict.kind !== 'different') {
    return { ...second, verdict: { kind: 'other plan' } };
  }
  return second;
}
