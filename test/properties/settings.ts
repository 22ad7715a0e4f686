/*
 * Settings under which a scenario runs, on both sides the same: of the planner, so that all shapes
 * of plans come up, and of ours.
 */
import type { Choices } from './choices';

export type Settings = Readonly<Record<string, string>>;

const SWITCHES = [
  'enable_hashjoin',
  'enable_mergejoin',
  'enable_nestloop',
  'enable_hashagg',
  'enable_sort',
  'enable_incremental_sort',
  'enable_material',
  'enable_memoize',
  'enable_seqscan',
  'enable_indexscan',
  'enable_indexonlyscan',
  'enable_bitmapscan',
];

/** Settings with the values that are drawn for them. */
const VALUES: readonly (readonly [string, readonly string[]])[] = [
  ['enable_partitionwise_join', ['on']],
  ['enable_partitionwise_aggregate', ['on']],
  ['work_mem', ['64kB']],
  ['from_collapse_limit', ['1']],
  ['join_collapse_limit', ['1']],
  ['geqo_threshold', ['2']],
  ['cursor_tuple_fraction', ['0.01', '1']],
  ['ai_runtime.nan_policy', ['null', 'string', 'error']],
  ['ai_runtime.spin_us', ['0']],
  ['auto_explain.log_analyze', ['on']],
  ['extra_float_digits', ['-5']],
];

/** Makes a parallel plan of whatever may be one. */
const PARALLEL: Settings = {
  parallel_setup_cost: '0',
  parallel_tuple_cost: '0',
  min_parallel_table_scan_size: '0',
  min_parallel_index_scan_size: '0',
  max_parallel_workers_per_gather: '2',
};

/** Some settings; for a parallel plan also those that make one. `merges`: there is a MERGE. */
export function drawSettings(draw: Choices, parallel: boolean, merges: boolean): Settings {
  const settings: Record<string, string> = {};
  if (parallel) {
    Object.assign(settings, PARALLEL);
    if (draw.chance(20)) settings.force_parallel_mode = 'on';
    if (draw.chance(30)) settings.parallel_leader_participation = 'off';
  }
  for (
    let n = draw.weighted([
      [4, 0],
      [3, 1],
      [3, 2],
      [2, 4],
    ]);
    n > 0;
    n -= 1
  ) {
    settings[draw.pick(SWITCHES)] = 'off';
  }
  for (
    let n = draw.weighted([
      [5, 0],
      [3, 1],
      [1, 2],
    ]);
    n > 0;
    n -= 1
  ) {
    const [name, values] = draw.pick(VALUES);
    settings[name] = draw.pick(values);
  }
  // PostgreSQL 15 prints wrong JSON for MERGE into a partitioned table.
  if (merges) delete settings['auto_explain.log_analyze'];
  // Compiling takes longer than all the rest.
  if (draw.below(250) === 249) Object.assign(settings, { jit: 'on', jit_above_cost: '0' });
  return settings;
}
