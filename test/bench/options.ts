/** The command line: names of parts, and how much each of them measures. */
import { parseArgs } from 'node:util';
import { SetupError } from '../../build/setup/step';

export interface Options {
  readonly parts: readonly string[];
  /** Rows of the large tables. */
  readonly rows: number;
  /** How often all sides are measured there and back again. */
  readonly cycles: number;
  /** Seconds of one run of pgbench. */
  readonly seconds: number;
}

const DEFAULTS = { rows: '1000000', cycles: '3', seconds: '3' };

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) {
    throw new SetupError(`error: --${name} is no positive number`, `such as --${name}=10`);
  }
  return value;
}

/** Reads the arguments after the name of the program. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rows: { type: 'string', default: DEFAULTS.rows },
      cycles: { type: 'string', default: DEFAULTS.cycles },
      seconds: { type: 'string', default: DEFAULTS.seconds },
    },
  });
  return {
    parts: positionals,
    rows: positive('rows', values.rows),
    cycles: positive('cycles', values.cycles),
    seconds: positive('seconds', values.seconds),
  };
}
