/*
 * The decisions of a generator, as a list of small numbers.
 *
 * A generator that takes every decision from here can be run again with a shorter or smaller list,
 * and gives a smaller scenario: shrinking needs to know nothing of SQL. So in every method 0 is
 * the simplest decision, and a list that ends early goes on with zeros.
 */
export class Choices {
  private readonly made: number[] = [];

  /** `source` gives the decision at a place of the list, below a bound. */
  constructor(private readonly source: (place: number, bound: number) => number) {}

  /** The decisions of an earlier run, or a part of them. */
  static replay(values: readonly number[]): Choices {
    return new Choices((place, bound) => Math.min(values[place] ?? 0, bound - 1));
  }

  /** What was decided so far, without the zeros at the end. */
  taken(): number[] {
    const end = this.made.findLastIndex((value) => value !== 0);
    return this.made.slice(0, end + 1);
  }

  /** A number from 0 on, below a bound. */
  below(bound: number): number {
    const value = this.source(this.made.length, bound);
    this.made.push(value);
    return value;
  }

  /** True in so many of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  /** One of the options; the simplest stands first. */
  pick<T>(options: readonly [T, ...T[]] | readonly T[]): T {
    return options[this.below(options.length)] as T;
  }

  /** One of the options by weight; the simplest stands first. */
  weighted<T>(options: readonly (readonly [number, T])[]): T {
    const total = options.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.below(total);
    for (const [weight, option] of options) {
      if (left < weight) return option;
      left -= weight;
    }
    throw new Error('no option has a weight');
  }
}

/** Whether a list of decisions is simpler than another: shorter, or smaller where they differ. */
export function isSimpler(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return one.length < other.length;
  const at = one.findIndex((value, i) => value !== other[i]);
  return at >= 0 && (one[at] as number) < (other[at] as number);
}

/** Lists that may be simpler than one, the boldest first. */
export function* simplerLists(values: readonly number[]): Generator<number[]> {
  for (let size = values.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < values.length; at += size) {
      yield [...values.slice(0, at), ...values.slice(at + size)];
    }
    for (let at = 0; at < values.length; at += size) {
      const zeroed = values.map((value, i) => (i >= at && i < at + size ? 0 : value));
      if (isSimpler(zeroed, values)) yield zeroed;
    }
  }
  for (const [at, value] of values.entries()) {
    for (const smaller of new Set([value >> 1, value - 1])) {
      if (smaller > 0 && smaller < value) yield values.with(at, smaller);
    }
  }
}
