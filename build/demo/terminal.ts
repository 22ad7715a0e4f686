/*
 * What the demo prints: numbered steps with their durations, SQL as one would type it, results as
 * small tables, and the checks that decide the exit status. Knows nothing of what is shown.
 */
const MAX_COLUMN = 72;

const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const failures: string[] = [];
let stepNumber = 0;

function paint(code: number, text: string): string {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Prints a line, or an empty one. */
export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Runs one step under its title and says how long it took. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  stepNumber++;
  say();
  say(paint(1, `${stepNumber}. ${title}`));
  const started = performance.now();
  const result = await work();
  say(paint(2, `   done in ${seconds(performance.now() - started)}`));
  return result;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;
}

/** Shows how far a long piece of work is; on a terminal the line replaces itself. */
export function progress(text: string, last: boolean): void {
  if (process.stdout.isTTY === true) {
    process.stdout.write(`\r   ${text}\u001b[K${last ? '\n' : ''}`);
  } else if (last) {
    say(`   ${text}`);
  }
}

/** Shows a statement as one types it into psql. */
export function showSql(sql: string): void {
  say();
  sql.split('\n').forEach((line, i) => {
    say(`   ${paint(2, i === 0 ? 'ai=#' : 'ai-#')} ${paint(36, line)}`);
  });
}

/** Shows rows as psql aligns them; values come as PostgreSQL's own text. */
export function showTable(columns: string[], rows: (string | null)[][], maxRows = 20): void {
  const shown = rows.slice(0, maxRows).map((row) => row.map((v) => shorten(v ?? '')));
  const widths = columns.map((c, i) =>
    Math.max(c.length, ...shown.map((row) => (row[i] ?? '').length)),
  );
  const right = columns.map((_, i) => shown.every((row) => /^-?[\d.]*$/.test(row[i] ?? '')));
  const line = (cells: string[]): string =>
    cells
      .map((c, i) => (right[i] ? c.padStart(widths[i] ?? 0) : c.padEnd(widths[i] ?? 0)))
      .join(' | ')
      .trimEnd();
  say(`     ${line(columns)}`);
  say(`    ${widths.map((w) => '-'.repeat(w + 2)).join('+')}`);
  for (const row of shown) {
    say(`     ${line(row)}`);
  }
  if (rows.length > shown.length) {
    say(`     … ${rows.length - shown.length} more rows`);
  }
}

/** Shows one row as psql's \x does, name and value a line. */
export function showRecord(columns: string[], row: (string | null)[]): void {
  const width = Math.max(...columns.map((c) => c.length));
  columns.forEach((column, i) => {
    say(`     ${column.padEnd(width)} | ${shorten(row[i] ?? '', 100 - width)}`.trimEnd());
  });
}

function shorten(text: string, max = MAX_COLUMN): string {
  const oneLine = text.replaceAll('\n', ' ');
  return oneLine.length > max ? `${oneLine.slice(0, max - 1)}…` : oneLine;
}

/** Says whether something holds; if it does not, the demo ends with a failure. */
export function check(holds: boolean, text: string): void {
  say(`   ${holds ? paint(32, '✓') : paint(31, '✗')} ${text}`);
  if (!holds) {
    failures.push(text);
  }
}

/** What did not hold. */
export function failedChecks(): readonly string[] {
  return failures;
}
