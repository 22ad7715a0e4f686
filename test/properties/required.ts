/*
 * What a run of all seeds must have met, in scenarios whose plans were batched. It keeps the
 * generators from losing something, and the planner from leaving a whole kind of query alone.
 */

/** Traits of scenarios (Facts.traits). */
export const REQUIRED_TRAITS: readonly string[] = [
  // Places of a call
  'target list',
  'WHERE',
  'aggregate argument',
  'FILTER',
  'DISTINCT in an aggregate',
  'ORDER BY in an aggregate',
  'GROUP BY',
  'grouping sets',
  'HAVING',
  'ORDER BY',
  'DISTINCT',
  'DISTINCT ON',
  'window argument',
  'PARTITION BY',
  'window ORDER BY',
  ...['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'].map((join) => `qual of ${join}`),
  'equality of predictions in a join',
  'prediction as a key of a join',
  'scalar subquery',
  'correlated subquery',
  'EXISTS',
  'IN',
  'LATERAL',
  'subquery in FROM',
  'argument of a function in FROM',
  'argument of a set-returning function',
  'within an input',
  ...['WITH', 'WITH MATERIALIZED', 'WITH NOT MATERIALIZED', 'WITH RECURSIVE'],
  ...['UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT'],
  // Guards and NULLs
  ...['CASE', 'CASE without ELSE', 'CASE of a value', 'COALESCE', 'NULLIF', 'AND', 'OR', 'NOT'],
  'row comparison',
  'input: null for some rows',
  'input: may not fit',
  'input: a whole row',
  'the same call again',
  'volatile function',
  // Statements
  ...['LIMIT', 'WITH TIES', 'row locks', 'view', 'partitions', 'TABLESAMPLE', 'trigger'],
  ...['INSERT … SELECT', 'SET', 'UPDATE … FROM', 'DELETE', 'DELETE … USING', 'MERGE'],
  ...['UPDATE: RETURNING', 'DELETE: RETURNING', 'INSERT … SELECT: RETURNING'],
  ...['WITH that writes', 'CHECK OPTION', 'partitioned target'],
  ...['CREATE TEMP TABLE made AS', 'CREATE MATERIALIZED VIEW made AS'],
  ...['cursor', 'scroll cursor', 'cursor WITH HOLD'],
  ...['prepared: force_generic_plan', 'prepared: force_custom_plan', 'prepared: auto'],
  'address: parameter',
  ...['within SQL function', 'within RETURN QUERY', 'within FOR loop', 'within EXCEPTION'],
];

/** Nodes above or below ours. */
export const REQUIRED_NEIGHBOURS: readonly string[] = [
  ...['Seq Scan', 'Index Scan', 'Bitmap Heap Scan', 'Sample Scan', 'Subquery Scan', 'CTE Scan'],
  ...['Values Scan', 'Function Scan', 'WorkTable Scan', 'Append', 'Result', 'WindowAgg', 'Limit'],
  ...['Hash Join', 'Nested Loop', 'Merge Join', 'BatchInference', 'Sort'],
]
  .map((node) => `below: ${node}`)
  .concat(
    [
      ...['(top)', 'Sort', 'Limit', 'Append', 'WindowAgg', 'Unique', 'Subquery Scan'],
      ...['Aggregate Plain', 'Aggregate Sorted', 'Aggregate Hashed', 'ProjectSet', 'LockRows'],
      ...['Hash Join', 'Nested Loop', 'Materialize', 'Recursive Union', 'Gather'],
      ...['Insert', 'Update', 'Delete'].map((operation) => `ModifyTable ${operation}`),
    ].map((node) => `above: ${node}`),
  );
