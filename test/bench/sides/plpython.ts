/**
 * The side of PL/Python and scikit-learn: a model is pickled in a table and kept by the session
 * once it was read. The linear model and the perceptron are given our own numbers; the boosted
 * trees are trained there, and read out, so that ONNX Runtime can be given the very same.
 */
import type pg from 'pg';
import type { Tree } from '../../fixtures/tree_ensemble';
import { type BenchModel, type Layer, treeModel } from '../models';

const TRAINING_ROWS = 4000;

const FUNCTIONS = `
CREATE EXTENSION plpython3u;
CREATE TABLE py_models (name text PRIMARY KEY, pickle bytea NOT NULL);

CREATE FUNCTION py_put_layers(name text, layers text) RETURNS void LANGUAGE plpython3u AS $py$
import json, pickle
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor
parts = json.loads(layers)
weights = [np.array(p['weights']).reshape(p['inputs'], p['outputs']) for p in parts]
bias = [np.array(p['bias']) for p in parts]
if len(parts) == 1:
    m = LinearRegression()
    m.coef_, m.intercept_ = weights[0][:, 0], bias[0][0]
else:
    m = MLPRegressor(hidden_layer_sizes=[p['outputs'] for p in parts[:-1]])
    m.coefs_, m.intercepts_ = weights, bias
    m.n_layers_, m.n_outputs_, m.out_activation_ = len(parts) + 1, 1, 'identity'
m.n_features_in_ = parts[0]['inputs']
plan = plpy.prepare('INSERT INTO py_models VALUES ($1, $2)', ['text', 'bytea'])
plpy.execute(plan, [name, pickle.dumps(m)])
$py$;

CREATE FUNCTION py_train(name text, n int) RETURNS text LANGUAGE plpython3u AS $py$
import json, pickle
import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
x = np.array([r['x'] for r in plpy.execute('SELECT x FROM fa ORDER BY id LIMIT %d' % n)])
noise = np.random.RandomState(1).normal(size=len(x))
y = np.sin(6 * x[:, 0]) + x[:, 1] * x[:, 2] + np.abs(x[:, 3] - x[:, 4]) + 0.3 * noise
m = GradientBoostingRegressor(n_estimators=100, max_depth=6, random_state=1).fit(x, y)
plan = plpy.prepare('INSERT INTO py_models VALUES ($1, $2)', ['text', 'bytea'])
plpy.execute(plan, [name, pickle.dumps(m)])
trees = [e.tree_ for e in m.estimators_[:, 0]]
return json.dumps({
    'base': float(m.init_.predict(x[:1])[0]),
    'trees': [{
        'feature': np.where(t.children_left < 0, -1, t.feature).tolist(),
        'threshold': t.threshold.tolist(),
        'left': np.maximum(t.children_left, 0).tolist(),
        'right': np.maximum(t.children_right, 0).tolist(),
        'value': (m.learning_rate * t.value[:, 0, 0]).tolist(),
    } for t in trees]})
$py$;

CREATE FUNCTION py_predict(name text, x float8[]) RETURNS float8 LANGUAGE plpython3u AS $py$
m = SD.get(name)
if m is None:
    import pickle
    sql = 'SELECT pickle FROM py_models WHERE name = ' + plpy.quote_literal(name)
    m = SD[name] = pickle.loads(plpy.execute(sql)[0]['pickle'])
return m.predict([x])[0]
$py$;

CREATE FUNCTION py_predict_many(name text, x float8[]) RETURNS float8[] LANGUAGE plpython3u AS $py$
m = SD.get(name)
if m is None:
    import pickle
    sql = 'SELECT pickle FROM py_models WHERE name = ' + plpy.quote_literal(name)
    m = SD[name] = pickle.loads(plpy.execute(sql)[0]['pickle'])
return m.predict(x).tolist()
$py$;

CREATE FUNCTION py_predict_bytes(name text, x bytea, width int) RETURNS float8[]
LANGUAGE plpython3u AS $py$
import numpy as np
m = SD.get(name)
if m is None:
    import pickle
    sql = 'SELECT pickle FROM py_models WHERE name = ' + plpy.quote_literal(name)
    m = SD[name] = pickle.loads(plpy.execute(sql)[0]['pickle'])
element = np.dtype([('length', '>i4'), ('value', '>f8')])
row = np.dtype([('header', 'V20'), ('elements', element, width)])
rows = np.frombuffer(x, dtype=row)['elements']['value'].astype(float)
return m.predict(rows).tolist()
$py$;
`;

export async function createPlpython(client: pg.Client): Promise<void> {
  await client.query(FUNCTIONS);
}

/** Gives scikit-learn a model of these layers. */
export async function putLayers(
  client: pg.Client,
  name: string,
  layers: readonly Layer[],
): Promise<void> {
  const plain = layers.map(({ inputs, outputs, weights, bias }) => {
    return { inputs, outputs, weights: [...weights], bias: [...bias] };
  });
  await client.query('SELECT py_put_layers($1, $2)', [name, JSON.stringify(plain)]);
}

/**
 * The float32 that tells the same float32 numbers apart as a double does: the largest one that is
 * not above it.
 */
function thresholdOf(value: number): number {
  const nearest = new Float32Array([value]);
  if ((nearest[0] as number) <= value) return nearest[0] as number;
  const bits = new Int32Array(nearest.buffer);
  bits[0] = (bits[0] as number) + (value > 0 ? -1 : 1);
  return nearest[0] as number;
}

/** Trains boosted trees over rows of table fa; returns the same model for ONNX Runtime. */
export async function trainBoostedTrees(client: pg.Client, name: string): Promise<BenchModel> {
  const sql = 'SELECT py_train($1, $2) AS json';
  const { rows } = await client.query(sql, [name, TRAINING_ROWS]);
  const { base, trees } = JSON.parse(rows[0].json) as { base: number; trees: Tree[] };
  const exact = trees.map((tree) => ({ ...tree, threshold: tree.threshold.map(thresholdOf) }));
  return treeModel(name, 'boosted 100 × depth 6', exact, base);
}

/** Ways to predict every row of a table or a query over it. */
export const PLPYTHON_WAYS = {
  row: (name: string, source: string): string =>
    `SELECT sum(py_predict('${name}', x)), count(*) FROM ${source}`,
  arrays: (name: string, source: string): string =>
    `SELECT sum(y), count(*) FROM (SELECT unnest(py_predict_many('${name}', array_agg(x))) AS y
      FROM ${source} GROUP BY id / 1024) AS r`,
  bytes: (name: string, source: string, width: number): string =>
    `SELECT sum(y), count(*) FROM (
      SELECT unnest(py_predict_bytes('${name}', string_agg(array_send(x), ''), ${width})) AS y
      FROM ${source} GROUP BY id / 8192) AS r`,
} as const;
