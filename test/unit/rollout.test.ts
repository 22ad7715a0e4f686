/** The pure part of a rollout: moves between states, and what can take the place of what. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contract, contractOf, differences } from '../../src/plv8/rollout/compatibility';
import { type Move, moved, rules, type State } from '../../src/plv8/rollout/states';

const states: readonly State[] = [
  'created',
  'validated',
  'deployed',
  'superseded',
  'rolled_back',
  'archived',
];
const moves = Object.keys(rules) as Move[];

describe('moves', () => {
  it.each(states.flatMap((state) => moves.map((by) => [state, by] as const)))(
    'from %s by %s lead where the rules say, or are refused with a way out',
    (state, by) => {
      if (rules[by].from.includes(state)) {
        expect(moved('v', state, by)).toBe(rules[by].to);
      } else {
        expect(() => moved('v', state, by)).toThrow(`v is ${state.replace('_', ' ')}`);
      }
    },
  );

  it('reach every state, and leave none for good', () => {
    const next = (state: State) =>
      moves.filter((by) => rules[by].from.includes(state)).map((by) => rules[by].to);
    const reached = new Set<State>(['created']);
    for (const state of reached) for (const to of next(state)) reached.add(to);
    expect([...reached].sort()).toEqual([...states].sort());
    expect(states.filter((state) => next(state).length === 0)).toEqual([]);
  });

  it('are forced into deployment from anywhere but there', () => {
    for (const state of states) {
      const forced = () => moved('v', state, 'deploy', true);
      if (state === 'deployed') expect(forced).toThrow();
      else expect(forced()).toBe('deployed');
    }
  });

  it('keep one version deployed, whatever is done in which order', () => {
    const step = fc.record({ version: fc.nat(3), by: fc.constantFrom('deploy', 'roll_back') });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const at: State[] = ['validated', 'validated', 'validated', 'validated'];
        for (const { version, by } of steps) {
          const current = at.indexOf('deployed');
          if (by === 'deploy' && rules.deploy.from.includes(at[version] as State)) {
            if (current >= 0) at[current] = moved('v', 'deployed', 'supersede');
            at[version] = moved('v', at[version] as State, 'deploy');
          }
          const previous = at.indexOf('superseded');
          if (by === 'roll_back' && current >= 0 && previous >= 0) {
            at[current] = moved('v', 'deployed', 'roll_back');
            at[previous] = moved('v', 'superseded', 'restore');
          }
        }
        expect(at.filter((state) => state === 'deployed').length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

const tensor = (name: string, datatype: string, shape: (string | number | null)[] | null) => ({
  name,
  kind: 'tensor',
  datatype,
  shape,
});

function contract(inputs: object[], outputs: object[], spec: object = {}): Contract {
  return contractOf({ inputs, outputs }, spec);
}

describe('compatibility', () => {
  const x = tensor('x', 'FP32', ['N', 2]);
  const y = tensor('y', 'FP32', ['N', 1]);
  const before = contract([x], [y]);

  it('holds for the same, and for dimensions that become free', () => {
    expect(differences(before, before)).toEqual([]);
    expect(differences(before, contract([tensor('x', 'FP32', ['N', null])], [y]))).toEqual([]);
    expect(differences(before, contract([tensor('x', 'FP32', null)], [y]))).toEqual([]);
  });

  it.each([
    ['a fixed dimension', [tensor('x', 'FP32', [1, 2])], [y], /input "x" is FP32\[1,2\]/],
    ['a rank', [tensor('x', 'FP32', ['N'])], [y], /input "x" is FP32\[N\]/],
    ['a datatype', [tensor('x', 'FP64', ['N', 2])], [y], /FP64\[N,2\], not FP32\[N,2\]/],
    ['a missing input', [], [y], /does not take an input "x"/],
    ['another input', [x, tensor('z', 'FP32', [])], [y], /requires an input "z"/],
    ['a missing output', [x], [], /does not give "y"/],
    ['an output of another type', [x], [tensor('y', 'INT64', ['N'])], /output "y" is INT64/],
  ])('ends with %s', (_, inputs, outputs, message) => {
    expect(differences(before, contract(inputs, outputs)).join(' ')).toMatch(message);
  });

  it('lets optional inputs and further outputs come', () => {
    const more = contract([x, { name: 'o', kind: 'optional', element: x }], [y, x]);
    expect(differences(before, more)).toEqual([]);
  });

  it('looks at declared features and keys in place of tensors', () => {
    const had = contract([x], [y], { input: ['a', 'b'], output: { score: {} } });
    const has = (input: unknown, output: object) =>
      differences(had, contract([tensor('q', 'INT64', [7])], [], { input, output })).join(' ');
    expect(has(['a'], { score: {}, label: {} })).toBe('');
    expect(has({ q: ['b', { name: 'c', default: 0 }] }, { score: {} })).toBe('');
    expect(has(['a', 'c'], { score: {} })).toBe('It requires a feature "c".');
    expect(has(['a', { name: 'c', required: true, default: 1 }], { score: {} })).toMatch(/"c"/);
    expect(has(['a'], { label: {} })).toBe('It does not give "score".');
    expect(differences(had, before).join(' ')).toMatch(/takes tensors where features were taken/);
  });
});
