/*
 * Statements that write: INSERT, UPDATE, DELETE, MERGE, with RETURNING; within WITH as well.
 *
 * They write to a copy that the transaction itself makes, so that both ways of a scenario find its
 * rows in the same places.
 */

import { compared, condition } from './condition';
import { at, type Context, within } from './context';
import { expression, predicted } from './expression';
import { COLUMNS, type Relation } from './schema';
import { select, whereClause } from './select';

/** The columns of the copy that take predictions. */
const ADDED = 'y float8, j jsonb, s text';

const target = (alias: string): Relation => ({ alias, columns: COLUMNS });

/** A copy of a table with columns for predictions; partitioned, indexed or plain. */
function copy({ draw, facts }: Context): string[] {
  const from = draw.pick(['items', 'few', 'many']);
  const rows = `INSERT INTO target SELECT * FROM ${from}`;
  const trigger = draw.chance(15)
    ? [
        `CREATE TRIGGER score BEFORE INSERT OR UPDATE ON target
          FOR EACH ROW EXECUTE FUNCTION score_row()`,
      ]
    : [];
  if (trigger.length > 0) facts.traits.add('trigger');
  const columns = `LIKE items, ${ADDED}`;
  if (draw.chance(20)) {
    facts.traits.add('partitioned target');
    return [
      `CREATE TEMP TABLE target (${columns}) PARTITION BY RANGE (id)`,
      `CREATE TEMP TABLE target_low PARTITION OF target FOR VALUES FROM (MINVALUE) TO (9)`,
      `CREATE TEMP TABLE target_rest (s text, j jsonb, y float8, LIKE items)`,
      `ALTER TABLE target ATTACH PARTITION target_rest DEFAULT`,
      rows,
      ...trigger,
    ];
  }
  return [
    `CREATE TEMP TABLE target (${columns})`,
    rows,
    'CREATE UNIQUE INDEX ON target (id)',
    ...(draw.chance(50) ? ['ANALYZE target'] : []),
    ...trigger,
  ];
}

const LOOK = 'SELECT * FROM target';

/** A copy, a statement that writes to it, and a look at what it is then. */
export function writingStatements(context: Context): string[] {
  const { draw, facts } = context;
  facts.writes = true;
  const made = copy(context);
  const partitioned = facts.traits.has('partitioned target');
  const kind = draw.weighted([
    [6, 'INSERT … SELECT'],
    [6, 'UPDATE'],
    [3, 'UPDATE … FROM'],
    [3, 'DELETE'],
    [2, 'DELETE … USING'],
    [partitioned ? 0 : 2, 'ON CONFLICT'],
    [3, 'MERGE'],
    [3, 'WITH that writes'],
    [2, 'CHECK OPTION'],
  ]);
  facts.traits.add(kind);
  const text = WRITERS[kind]?.(at({ ...context, scope: [target('target')] }, kind)) as string;
  const checked = kind === 'CHECK OPTION' ? [checkedView(context)] : [];
  return [...made, ...checked, text, LOOK];
}

/** A view whose rows must go on to satisfy a prediction. */
function checkedView(context: Context): string {
  const view = at({ ...within(context, [target('target')]), depth: 1 }, 'CHECK OPTION');
  context.facts.errorSources += 1;
  return `CREATE TEMP VIEW checked AS SELECT * FROM target
    WHERE target.y IS NULL OR ${compared(view)} WITH CHECK OPTION`;
}

function returning(context: Context): string {
  if (!context.draw.chance(60)) return '';
  const inner = at(context, `${context.places.at(-1)}: RETURNING`);
  const value = predicted({ ...inner, depth: Math.max(1, inner.depth) }, 'jsonb');
  return ` RETURNING target.id, ${value}, ${expression(inner, 'text')}`;
}

function insertSelect(context: Context): string {
  const outer = { ...context, scope: [] };
  const query = select(
    outer,
    [
      { type: 'int', name: 'id' },
      { type: 'real[]', role: 'vector' },
      { type: 'float8' },
      { type: 'jsonb' },
      { type: 'text' },
    ],
    'anywhere',
  );
  const conflict = ' ON CONFLICT DO NOTHING';
  return `INSERT INTO target (id, x, y, j, s) ${query.text}${conflict}${returning(context)}`;
}

/** What an UPDATE sets, over the relations of the context. */
function assignments(context: Context): string {
  const inner = at(context, 'SET');
  const { draw } = context;
  const parts = [`y = ${predicted(inner, 'float8')}`];
  if (draw.chance(40)) parts.push(`j = ${predicted(inner, 'jsonb')}`);
  if (draw.chance(30)) parts.push(`s = ${predicted(inner, 'text')}`);
  if (draw.chance(15)) parts.push('id = target.id + 7');
  return parts.join(', ');
}

/** Another relation to take values from, and its condition. */
function joined(context: Context): { name: string; both: Context; on: string } {
  const other: Relation = { alias: 'other', columns: COLUMNS };
  const both = within(context, [target('target'), other]);
  const name = context.draw.pick(['few', 'items', 'parts', 'guarded']);
  context.facts.stopsEarly = true;
  const more = context.draw.chance(40) ? ` AND ${condition({ ...both, depth: 1 })}` : '';
  return { name, both, on: `target.id = other.id${more}` };
}

const WRITERS: Readonly<Record<string, (context: Context) => string>> = {
  'INSERT … SELECT': insertSelect,
  UPDATE: (context) =>
    `UPDATE target SET ${assignments(context)}${whereClause(context)}${returning(context)}`,
  'UPDATE … FROM': (context) => {
    const { name, both, on } = joined(context);
    const set = assignments(both);
    return `UPDATE target SET ${set} FROM ${name} AS other WHERE ${on}${returning(both)}`;
  },
  DELETE: (context) => `DELETE FROM target${whereClause(context)}${returning(context)}`,
  'DELETE … USING': (context) => {
    const { name, both, on } = joined(context);
    return `DELETE FROM target USING ${name} AS other WHERE ${on}${returning(both)}`;
  },
  'ON CONFLICT': (context) => {
    const inner = { ...within(context, [target('target')]), outer: [] };
    const set = assignments({ ...inner, depth: 1 }).replace(', id = target.id + 7', '');
    return `INSERT INTO target (id, x) SELECT id, x FROM items WHERE id < 9
      ON CONFLICT (id) DO UPDATE SET ${set}${returning(context)}`;
  },
  MERGE: (context) => {
    const { name, both, on } = joined(context);
    const other = within(context, [{ alias: 'other', columns: COLUMNS }]);
    const when = context.draw.chance(40) ? ` AND ${condition({ ...both, depth: 1 })}` : '';
    const inserted = predicted(at(other, 'MERGE: INSERT'), 'float8');
    return `MERGE INTO target USING ${name} AS other ON ${on}
      WHEN MATCHED${when} THEN UPDATE SET ${assignments(both).replace(', id = target.id + 7', '')}
      WHEN NOT MATCHED THEN INSERT (id, x, y) VALUES (other.id + 1000, other.x, ${inserted})`;
  },
  'CHECK OPTION': (context) =>
    `UPDATE checked AS target SET ${assignments(context)}${returning(context)}`,
  'WITH that writes': (context) => {
    const write = context.draw.pick([
      `DELETE FROM target${whereClause(context)} RETURNING target.id, target.x, target.b`,
      `UPDATE target SET ${assignments(context)} RETURNING target.id, target.x, target.b`,
    ]);
    const columns = COLUMNS.filter((column) => ['id', 'x', 'b'].includes(column.name));
    const named = [{ alias: 'written', columns }];
    const query = select(
      { ...context, scope: [], named },
      [{ type: 'int', name: 'id' }, { type: 'float8' }, { type: 'jsonb' }],
      'top',
    );
    // No row locks: a query that writes beside it must not lock what it reads.
    return `WITH written AS (${write}) ${query.text}`;
  },
};
