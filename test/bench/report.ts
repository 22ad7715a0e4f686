/*
 * What is printed: tables in Markdown, ready to be pasted, and at the end every goal with the
 * figure that was reached. Figures are judged only by standing beside their goals.
 */

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
export const ratio = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
export const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
export const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

/** A goal of the design: a figure that should be at least, or at most, some number. */
export interface Goal {
  readonly name: string;
  readonly figure: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly format?: (value: number) => string;
}

export class Report {
  private readonly goals: Goal[] = [];
  private readonly failures: string[] = [];

  line(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  heading(text: string): void {
    this.line(`\n## ${text}\n`);
  }

  /** The first column is text, the others are figures. */
  table(columns: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = columns.map((column, i) =>
      Math.max(column.length, 3, ...rows.map((row) => (row[i] ?? '').length)),
    );
    const cells = (row: readonly string[]): string[] =>
      widths.map((width, i) => {
        const cell = row[i] ?? '';
        return i === 0 ? cell.padEnd(width) : cell.padStart(width);
      });
    const rule = widths.map((width, i) =>
      i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
    );
    for (const row of [cells(columns), rule, ...rows.map(cells)])
      this.line(`| ${row.join(' | ')} |`);
  }

  goal(goal: Goal): void {
    this.goals.push(goal);
  }

  /** Something that makes the run fail: a wrong answer, say. */
  failure(text: string): void {
    this.failures.push(text);
    this.line(`\nWRONG: ${text}`);
  }

  /** Prints every goal; returns whether nothing was wrong. A goal that is missed is not wrong. */
  end(): boolean {
    if (this.goals.length > 0) {
      this.heading('Goals');
      this.table(['goal', 'is', 'should be', ''], this.goals.map(goalRow));
    }
    for (const failure of this.failures) this.line(`\nWRONG: ${failure}`);
    return this.failures.length === 0;
  }
}

function goalRow({ name, figure, atLeast, atMost, format = ratio }: Goal): string[] {
  const met = figure >= (atLeast ?? -Infinity) && figure <= (atMost ?? Infinity);
  const bound = atLeast === undefined ? `≤ ${format(atMost ?? 0)}` : `≥ ${format(atLeast)}`;
  return [name, format(figure), bound, met ? 'met' : 'missed'];
}
