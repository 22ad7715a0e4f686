/*
 * What a query makes of an answer: the whole of it, a member as jsonb, text or number, a
 * comparison.
 */
import { call, drawModel } from './call';
import type { Context } from './context';
import type { Answer, Model } from './models';
import type { SqlType } from './schema';

/** An answer, or a part of one, as a value of the type. */
export function prediction(context: Context, type: SqlType): string {
  const { draw } = context;
  if (type === 'jsonb') return wholeAnswer(context);
  const wanted = type === 'text' ? undefined : 'number';
  const model = drawModel(context, ({ answers }) =>
    answers.some((answer) => wanted === undefined || answer.type === wanted),
  );
  const key = keyOf(context, model, wanted);
  if (type !== 'text') return projected(context, call(context, model, false), key, type);
  const text = call(context, model);
  return draw.weighted([
    [8, `(${text} ->> '${key}')`],
    [1, `jsonb_typeof(${text} -> '${key}')`],
    [1, `${text}::text`],
    [1, `(${text} #>> '{${key}}')`],
  ]);
}

function wholeAnswer(context: Context): string {
  const model = drawModel(context);
  const text = call(context, model);
  return context.draw.weighted([
    [5, text],
    [5, `(${text} -> '${keyOf(context, model)}')`],
    [1, `(${text} - 'none'::text)`],
  ]);
}

function projected(context: Context, text: string, key: string, type: SqlType): string {
  const { draw } = context;
  if (draw.chance(3)) return `(${text} ->> 'missing')::${type}`;
  switch (type) {
    case 'bool':
      return `((${text} ->> '${key}')::float8 ${draw.pick(['>', '<=', '<>'])} 1)`;
    case 'int':
      return `(${text} ->> '${key}')::float8::int`;
    case 'numeric':
      return `(${text} ->> '${key}')::numeric`;
    default:
      return draw.weighted([
        [8, `(${text} ->> '${key}')::float8`],
        [2, `(${text} ->> '${key}')::real`],
        [1, `(${text} -> '${key}')::float8`],
      ]);
  }
}

function keyOf({ draw }: Context, model: Model, type?: Answer['type']): string {
  const answers = model.answers.filter((answer) => type === undefined || answer.type === type);
  return draw.pick(answers).key;
}
