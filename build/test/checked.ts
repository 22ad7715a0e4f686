/**
 * Ring cassert: the tests of plv8 and of the extension on a PostgreSQL with its assertions; those
 * that show no plan also with parallel workers forced on them, and some with every cached catalogue
 * entry thrown away at once.
 */
import { checkedPrefix } from '../paths';
import { runSuite, SUITES, type Suite } from './pg_regress';
import { add, none, type Ring } from './ring';

const PARALLEL = 'force_parallel_mode = regress\n';
const DISCARD = 'debug_discard_caches = 1\n';

/**
 * Where the catalogue is read while other code runs. The other tests take minutes so, for they call
 * thousands of times.
 */
const DISCARDED = [
  ...['compatibility', 'digits', 'errors', 'hostile', 'roles', 'srf', 'triggers'],
  ...['types', 'window'],
];

/** Of the extension's, those that neither show plans nor count requests nor write in hooks. */
const IN_WORKERS = ['features', 'output', 'tensors', 'errors'].map((name) => `inference_${name}`);

const PARTS: readonly Suite[] = [
  { ...SUITES.plv8, name: 'cassert-plv8', config: PARALLEL },
  { ...SUITES.plv8, name: 'cassert-discard', config: DISCARD, only: DISCARDED },
  { ...SUITES.regress, name: 'cassert-regress' },
  {
    ...SUITES.regress,
    name: 'cassert-workers',
    config: SUITES.regress.config + PARALLEL,
    only: IN_WORKERS,
  },
];

export const cassert: Ring = {
  name: 'cassert',
  needsSetUp: true,
  needsChecked: true,
  run: async (context) => {
    const counts = none();
    for (const part of PARTS) {
      const started = performance.now();
      add(counts, await runSuite(part, context, checkedPrefix()));
      context.say(`${part.name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
    return counts;
  },
};
