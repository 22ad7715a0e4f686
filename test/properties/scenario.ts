/*
 * A scenario: settings, and statements that run in one transaction, which is rolled back. What the
 * statements give is compared between the set path and the row path.
 */
import type { Choices } from './choices';
import type { Context, Facts } from './context';
import { drawSettings, type Settings } from './settings';
import { statements } from './statement';

export interface Scenario {
  readonly settings: Settings;
  readonly statements: readonly string[];
  readonly facts: Facts;
  /** Rows may come in any order. */
  readonly unordered: boolean;
  /** The decisions that it was made of. */
  readonly choices: readonly number[];
}

const PARALLEL_PERCENT = 10;
const RISKY_PERCENT = 25;

/** A sequence for volatile functions, and a look at how often they were called. */
const TICKS = {
  before: ['CREATE TEMP SEQUENCE ticks'],
  after: ['SELECT last_value, is_called FROM ticks'],
};

/** The scenario that follows from some decisions. */
export function scenario(draw: Choices): Scenario {
  const facts: Facts = {
    traits: new Set(),
    calls: 0,
    made: [],
    errorSources: 0,
    skipsRows: false,
    writes: false,
    stopsEarly: false,
  };
  const unordered = draw.chance(PARALLEL_PERCENT);
  const context: Context = {
    draw,
    facts,
    scope: [],
    outer: [],
    named: [],
    places: [],
    depth: draw.weighted([
      [5, 2],
      [3, 1],
      [2, 3],
    ]),
    risky: draw.chance(RISKY_PERCENT),
    unordered,
    counter: { last: 0 },
  };
  const made = statements(context);
  const settings = drawSettings(draw, unordered, facts.traits.has('MERGE'));
  const ticking = facts.traits.has('volatile function');
  const all = ticking ? [...TICKS.before, ...made, ...TICKS.after] : made;
  return { settings, statements: all, facts, unordered, choices: draw.taken() };
}

/** The scenario as a script for psql. */
export function scriptOf({ settings, statements: all }: Scenario): string {
  const set = Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = '${value}';`);
  return ['BEGIN;', ...set, ...all.map((statement) => `${statement};`), 'ROLLBACK;'].join('\n');
}
