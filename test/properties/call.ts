/*
 * Calls of ai_inference(): its model, its options, and by which overload it gets its input.
 */
import { at, type Context, deeper, references } from './context';
import { input } from './input';
import { type Answer, MODELS, type Model } from './models';
import { parameter } from './value';

/** One of the models that suit; those whose answers may be no numbers only where errors may be. */
export function drawModel(
  { draw, risky }: Context,
  suits: (model: Model) => boolean = () => true,
): Model {
  const models = MODELS.filter((model) => suits(model) && (risky || model.mayFail !== true));
  return draw.weighted(models.map((model) => [model.weight, model]));
}

/**
 * A call of the model, an expression of type jsonb. `whole` says that nothing is taken out of the
 * answer, so that it may have any shape.
 */
export function call(context: Context, model = drawModel(context), whole = true): string {
  const { draw, facts } = context;
  for (const place of context.places) facts.traits.add(place);
  const again = facts.made.filter(
    (made) => made.model === model && made.scope === context.scope && !made.whole,
  );
  if (again.length > 0 && draw.chance(15)) {
    facts.traits.add('the same call again');
    return draw.pick(again).text;
  }
  facts.calls += 1;
  facts.traits.add(`model ${model.name}`);
  const risk = context.risky && draw.chance(30);
  if (risk || model.mayFail) facts.errorSources += 1;
  const value = input(at(deeper(context), 'within an input'), model, { risk, whole });
  const given = options(context, model, { risk, whole });
  const text = render(context, address(context, model, risk), value, given);
  // Only one that names nothing of an outer query is sure to be possible elsewhere.
  if (context.outer.length === 0) facts.made.push({ model, scope: context.scope, text, whole });
  return text;
}

function render(context: Context, model: string, value: string, given: string): string {
  if (context.draw.chance(4)) {
    const last = given === '' ? '' : `, options => ${given}`;
    return `ai_inference(input => ${value}, model => ${model}${last})`;
  }
  return `ai_inference(${model}, ${value}${given === '' ? '' : `, ${given}`})`;
}

/** The address of a model: mostly a constant, which is what can be batched. */
function address(context: Context, model: Model, risk: boolean): string {
  const { draw, facts, parameters, unordered } = context;
  const name = draw.pick(model.addresses);
  const kind = draw.weighted([
    [90, 'constant'],
    [parameters === undefined ? 0 : 20, 'parameter'],
    [2, 'expression'],
    [1, 'null'],
    [1, 'by row'],
    [unordered ? 0 : 1, 'volatile'],
    [risk ? 4 : 0, 'nobody'],
  ]);
  facts.traits.add(`address: ${kind}`);
  switch (kind) {
    case 'parameter':
      return parameter(context, 'text', `'${name}'`) as string;
    case 'expression':
      return `'${name.slice(0, 3)}' || '${name.slice(3)}'`;
    case 'null':
      return 'NULL::text';
    case 'by row': {
      const columns = references(context, ({ type }) => type === 'int');
      const text = columns.length === 0 ? '1' : draw.pick(columns).text;
      return `CASE WHEN ${text} > 2 THEN '${name}' ELSE '${model.addresses[0]}' END`;
    }
    case 'volatile':
      facts.traits.add('volatile function');
      return `CASE WHEN nextval('ticks') > 0 THEN '${name}' END`;
    case 'nobody':
      return `'nobody'`;
    default:
      return `'${name}'`;
  }
}

function options(
  { draw, facts }: Context,
  model: Model,
  { risk, whole }: { risk: boolean; whole: boolean },
): string {
  const first = model.answers[0] as Answer;
  const text = draw.weighted([
    [88, ''],
    [4, `'{}'`],
    [2, 'NULL'],
    [2, `'{"timeout_ms": 60000}'`],
    [3, `'{"outputs": ["${first.key}"]}'`],
    [1, `jsonb_build_object('timeout_ms', 50000)`],
    [whole ? 2 : 0, `'{"output_format": "raw"}'`],
    [whole ? 2 : 0, `'{"output_format": "tensor"}'`],
    [risk ? 4 : 0, `'{"bogus": true}'`],
    [risk ? 25 : 1, `'{"on_error": "null"}'`],
    [risk && whole ? 25 : 1, `'{"on_error": "report"}'`],
  ]);
  if (text !== '') facts.traits.add('options');
  return text;
}
