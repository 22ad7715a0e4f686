/** The parts of the property tests that need no server: they must be able to fail. */
import { describe, expect, it } from 'vitest';
import { Choices, isSimpler, simplerLists } from '../properties/choices';
import { callsOf, holdsBatch, type PlanNode, planOf, shapeOf } from '../properties/plan';
import { type Scenario, scenario, scriptOf } from '../properties/scenario';
import type { Outcome } from '../properties/session';
import { compare } from '../properties/verdict';

const choices = (seed: number): number[] =>
  Array.from({ length: 400 }, (_, i) => (seed * 7919 + i * i * 31) % 97);

describe('decisions', () => {
  it('go on with the simplest where the list ends', () => {
    const draw = Choices.replay([2]);
    expect([draw.below(5), draw.below(5), draw.chance(50), draw.pick(['a', 'b'])]).toEqual([
      2,
      0,
      false,
      'a',
    ]);
    expect(draw.taken()).toEqual([2]);
  });

  it('stay below the bound, whatever the list says', () => {
    expect(Choices.replay([9]).below(3)).toBe(2);
  });

  it('only become simpler', () => {
    const list = [3, 0, 7, 1];
    const lists = [...simplerLists(list)];
    expect(lists.length).toBeGreaterThan(10);
    expect(lists.filter((one) => !isSimpler(one, list))).toEqual([]);
  });

  it('make the same scenario again', () => {
    const first = scenario(Choices.replay(choices(5)));
    expect(scriptOf(scenario(Choices.replay(first.choices)))).toBe(scriptOf(first));
  });

  it('make a scenario of none at all', () => {
    expect(scenario(Choices.replay([])).statements).toHaveLength(1);
  });
});

const scan = (table: string): PlanNode => ({ 'Node Type': 'Seq Scan', 'Relation Name': table });
const batch = (child: PlanNode): PlanNode => ({
  'Node Type': 'Custom Scan',
  'Custom Plan Provider': 'BatchInference',
  Plans: [child],
});

describe('plans', () => {
  it('are the same with and without our node', () => {
    const sort = (child: PlanNode): PlanNode => ({ 'Node Type': 'Sort', Plans: [child] });
    expect(shapeOf(sort(batch(scan('t'))))).toBe(shapeOf(sort(scan('t'))));
    expect(shapeOf(sort(scan('t')))).not.toBe(shapeOf(sort(scan('u'))));
  });

  it('tell the order of calls wherever they stand', () => {
    const filter = (...models: string[]): string =>
      models.map((model) => `(ai_inference('${model}'::text, x) IS NULL)`).join(' AND ');
    const apart = { ...batch({ ...scan('t'), Filter: filter('a') }), Filter: filter('b') };
    expect(callsOf(apart)).toBe(callsOf({ ...scan('t'), Filter: filter('a', 'b') }));
    expect(callsOf(apart)).not.toBe(callsOf({ ...scan('t'), Filter: filter('b', 'a') }));
  });

  it('are found in the messages of auto_explain', () => {
    const plan = JSON.stringify({ 'Query Text': 'SELECT', Plan: batch(scan('t')) });
    expect(holdsBatch(planOf(`duration: 0.123 ms  plan:\n${plan}`) as PlanNode)).toBe(true);
    expect(planOf('a call of model "m" stays row at a time')).toBeUndefined();
  });
});

describe('the verdict', () => {
  const some = (facts: Partial<Scenario['facts']> = {}, unordered = false): Scenario => {
    const made = scenario(Choices.replay([]));
    return { ...made, unordered, facts: { ...made.facts, ...facts } };
  };
  const gave = (rows: string[], plan = scan('t')): Outcome => ({
    results: [{ tag: `SELECT ${rows.length}`, rows }],
    plans: [plan],
    messages: [],
    planned: [],
  });
  const failed = (message: string): Outcome => ({
    ...gave([]),
    error: { code: '22023', message, statement: 0 },
  });
  const kind = (one: Outcome, other: Outcome, made = some()): string =>
    compare(made, one, other).kind;

  it('is a difference where a row, its place or their number differs', () => {
    expect(kind(gave(['a', 'b']), gave(['a', 'b'], batch(scan('t'))))).toBe('rows');
    expect(kind(gave(['a', 'b']), gave(['a', 'c']))).toBe('different');
    expect(kind(gave(['a', 'b']), gave(['b', 'a']))).toBe('different');
    expect(kind(gave(['a', 'b']), gave(['a']))).toBe('different');
  });

  it('lets rows come in any order from a parallel plan, and in none from another plan', () => {
    expect(kind(gave(['a', 'b']), gave(['b', 'a']), some({}, true))).toBe('rows');
    expect(kind(gave(['a', 'b']), gave(['a', 'a']), some({}, true))).toBe('different');
    const other = scan('u');
    expect(kind(gave(['a', 'b']), gave(['b', 'a'], other))).toBe('rows in another order');
    expect(kind(gave(['a', 'b']), gave(['b', 'c'], other))).toBe('other plan');
  });

  it('takes no error for a row, and one error for another only where there is a choice', () => {
    expect(kind(failed('one'), failed('one'))).toBe('error');
    expect(kind(failed('one'), failed('other'))).toBe('different');
    expect(kind(failed('one'), failed('other'), some({ errorSources: 2 }))).toBe('other error');
    expect(kind(failed('one'), gave([]), some({ errorSources: 2 }))).toBe('different');
    expect(
      kind(gave([]), failed('one'), some({ stopsEarly: true, errorSources: 1, calls: 1 })),
    ).toBe('different');
    const ahead = some({ stopsEarly: true, errorSources: 1, calls: 2 });
    expect(kind(gave([]), failed('one'), ahead)).toBe('read ahead');
  });

  it('is a difference where the row path has our node, or a session ended', () => {
    expect(kind(gave(['a'], batch(scan('t'))), gave(['a']))).toBe('different');
    expect(kind(gave(['a']), { ...gave(['a']), broken: 'crash' })).toBe('different');
  });
});
