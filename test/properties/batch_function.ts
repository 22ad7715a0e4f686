/*
 * A second, smaller property: ai_inference_batch() gives for every input what ai_inference() gives
 * for it alone, or the message of its error.
 */
import fc from 'fast-check';
import { connect } from './database';
import { MODELS } from './models';

const RUNS = 300;

/** Inputs of all kinds, most of them of one shape, so that requests hold many of them. */
const input = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(eighth(), eighth(), eighth()) },
  { weight: 3, arbitrary: fc.tuple(eighth(), eighth(), eighth()).map((x) => ({ x })) },
  { weight: 3, arbitrary: fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constant(1)) },
  { weight: 2, arbitrary: fc.array(eighth(), { maxLength: 5 }) },
  { weight: 2, arbitrary: fc.array(fc.tuple(eighth(), eighth(), eighth()), { maxLength: 3 }) },
  { weight: 4, arbitrary: document() },
  { weight: 3, arbitrary: fc.constantFrom('red', '', 'ä', '7') },
  { weight: 1, arbitrary: fc.constantFrom([1, null, 2], [0, 0, 0], {}, true, { y: 1 }) },
  { weight: 2, arbitrary: fc.constant(null) },
);

function eighth(): fc.Arbitrary<number> {
  return fc.integer({ min: -16, max: 16 }).map((n) => n / 8);
}

function document(): fc.Arbitrary<object> {
  return fc.record({
    age: fc.integer({ min: 0, max: 99 }),
    job: fc.constantFrom('clerk', 'nurse', 'nurse', 'astronaut'),
    orders: fc.array(fc.record({ amount: fc.integer({ min: 0, max: 9 }) }), { maxLength: 3 }),
  });
}

const CALLS = fc.record({
  address: fc.constantFrom(...MODELS.flatMap(({ addresses }) => addresses)),
  inputs: fc.array(input, { maxLength: 40, size: 'max' }),
  options: fc.constantFrom('{}', '{"on_error": "null"}', '{"on_error": "report"}'),
  nanPolicy: fc.constantFrom('error', 'null', 'string'),
});

/** Each input alone; what is wrong with it as the function is to tell it. */
const ONE_BY_ONE = `
  CREATE OR REPLACE FUNCTION one_by_one(model text, inputs jsonb[], options jsonb)
    RETURNS TABLE (idx bigint, output jsonb, error text) LANGUAGE plpgsql AS $$
  BEGIN
    FOR i IN 1 .. cardinality(inputs) LOOP
      BEGIN
        idx := i;
        error := NULL;
        output := ai_inference(model, inputs[i], options);
      EXCEPTION WHEN data_exception THEN
        output := NULL;
        error := SQLERRM;
      END;
      RETURN NEXT;
    END LOOP;
  END $$`;

/** Runs the property; returns what is wrong, if anything is. */
export async function checkBatchFunction(seed: number): Promise<string | undefined> {
  const client = await connect();
  await client.query(ONE_BY_ONE);
  const property = fc.asyncProperty(CALLS, async ({ address, inputs, options, nanPolicy }) => {
    await client.query(`SET ai_runtime.nan_policy = '${nanPolicy}'`);
    const rows = async (text: string, values: (string | null)[]): Promise<string> => {
      const found = await client.query({ text, values: [address, values, options] });
      return found.rows.map((row) => JSON.stringify(row)).join('\n');
    };
    // An element of an array can be NULL, one of a JSON array only JSON's null.
    const json = inputs.map((value) => JSON.stringify(value));
    const nullable = inputs.map((value) => (value === null ? null : JSON.stringify(value)));
    for (const [given, values] of [
      ['$2::jsonb[]', nullable],
      ['to_jsonb($2::jsonb[])', json],
    ] as const) {
      const together = await rows(`SELECT * FROM ai_inference_batch($1, ${given}, $3)`, values);
      const apart = await rows('SELECT * FROM one_by_one($1, $2::jsonb[], $3)', values);
      if (together === apart) continue;
      throw new Error(`of ${given}:\n${together}\none by one:\n${apart}`);
    }
  });
  const details = await fc.check(property, { seed, numRuns: RUNS });
  await client.end();
  if (!details.failed) return undefined;
  return `ai_inference_batch(), seed ${seed}: ${JSON.stringify(details.counterexample)}
${details.errorInstance instanceof Error ? details.errorInstance.message : ''}`;
}
