/*
 * Scenarios as fast-check makes and shrinks them: by their decisions.
 */
import fc from 'fast-check';
import { Choices, isSimpler, simplerLists } from './choices';
import { type Scenario, scenario, scriptOf } from './scenario';

/** How many simpler scenarios are tried for one failure. */
const SHRINK_LIMIT = 1500;

class ScenarioArbitrary extends fc.Arbitrary<Scenario> {
  private tried = 0;

  override generate(random: fc.Random): fc.Value<Scenario> {
    const draw = new Choices((_, bound) => random.nextInt(0, bound - 1));
    return new fc.Value(scenario(draw), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is Scenario {
    return value !== undefined;
  }

  override shrink(value: Scenario): fc.Stream<fc.Value<Scenario>> {
    return fc.stream(this.simpler(value));
  }

  /** Scenarios of simpler decisions that come to another text. */
  private *simpler(value: Scenario): Generator<fc.Value<Scenario>> {
    const seen = new Set([scriptOf(value)]);
    for (const list of simplerLists(value.choices)) {
      if (this.tried >= SHRINK_LIMIT) return;
      const made = scenario(Choices.replay(list));
      const text = scriptOf(made);
      if (seen.has(text) || !isSimpler(made.choices, value.choices)) continue;
      seen.add(text);
      this.tried += 1;
      yield new fc.Value(made, undefined);
    }
  }
}

/** An arbitrary for one check; it counts what shrinking tries. */
export const scenarios = (): fc.Arbitrary<Scenario> => new ScenarioArbitrary();
