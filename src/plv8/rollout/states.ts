/**
 * The states of a version and the moves between them. Pure: what may follow what, and the error
 * where it may not.
 *
 *   created ──validate──> validated ──deploy──> deployed ──another is deployed──> superseded
 *                            ^                     │                                  │
 *                            │                 roll back                          roll back to it
 *                            │                     v                                  v
 *                            └────validate──── rolled_back                         deployed
 *
 * Whatever is not deployed can be archived; validating brings an archived version back.
 */
import { SqlError } from '../lib/errors';

export type State =
  | 'created'
  | 'validated'
  | 'deployed'
  | 'superseded'
  | 'rolled_back'
  | 'archived';

export type Move = 'validate' | 'deploy' | 'supersede' | 'roll_back' | 'restore' | 'archive';

interface Rule {
  readonly from: readonly State[];
  readonly to: State;
  /** What to do where the state is another one. */
  readonly hint: string;
}

export const rules: Readonly<Record<Move, Rule>> = {
  validate: {
    from: ['created', 'validated', 'superseded', 'rolled_back', 'archived'],
    to: 'validated',
    hint: 'A version that is deployed has been validated.',
  },
  deploy: {
    from: ['validated', 'superseded'],
    to: 'deployed',
    hint: 'Validate it with ai_validate_version() first, or deploy with the option "force".',
  },
  supersede: {
    from: ['deployed'],
    to: 'superseded',
    hint: 'Only what is deployed has successors.',
  },
  roll_back: { from: ['deployed'], to: 'rolled_back', hint: 'Only what is deployed rolls back.' },
  restore: {
    from: ['superseded'],
    to: 'deployed',
    hint: 'Only a version that was deployed before can be rolled back to.',
  },
  archive: {
    from: ['created', 'validated', 'superseded', 'rolled_back'],
    to: 'archived',
    hint: 'Deploy another version first.',
  },
};

/** The state after a move, or an error that says why it is none from there. */
export function moved(what: string, state: State, move: Move, force = false): State {
  const rule = rules[move];
  const allowed = rule.from.includes(state) || (force && move === 'deploy' && state !== 'deployed');
  if (allowed) {
    return rule.to;
  }
  throw new SqlError(
    'object_not_in_prerequisite_state',
    `${what} is ${inWords(state)}`,
    state === rule.to
      ? {}
      : { detail: `It would have to be ${rule.from.map(inWords).join(' or ')}.`, hint: rule.hint },
  );
}

function inWords(state: State): string {
  return state.replace('_', ' ');
}
