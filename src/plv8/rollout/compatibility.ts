/**
 * Whether one version can take another's place: who predicts with a name must be able to go on.
 *
 * What a caller meets are the declared features and output keys where there are any, else the
 * tensors of the signature. A successor may ask for nothing new, take all that was taken, and give
 * all that was given. Pure; returns the differences in words.
 */
import { typeText, type ValueType } from '../registry/signature';

export interface Contract {
  readonly inputs: readonly ValueType[];
  readonly outputs: readonly ValueType[];
  /** Names of the declared features; undefined: tensors by name. */
  readonly features: readonly Feature[] | undefined;
  /** Keys of the output specification; undefined: the outputs by name. */
  readonly keys: readonly string[] | undefined;
}

export interface Feature {
  readonly name: string;
  readonly required: boolean;
}

interface Signature {
  readonly inputs?: readonly ValueType[];
  readonly outputs?: readonly ValueType[];
}

/** What callers of a version rely on, from its signature and its specification. */
export function contractOf(signature: unknown, spec: unknown): Contract {
  const { inputs = [], outputs = [] } = signature as Signature;
  const { input, output } = spec as { input?: unknown; output?: object };
  return {
    inputs,
    outputs,
    features: input === undefined ? undefined : featuresOf(input),
    keys: output === undefined ? undefined : Object.keys(output),
  };
}

/** What a successor takes or gives otherwise, in sentences; none where it can take the place. */
export function differences(before: Contract, after: Contract): string[] {
  return [...inputDifferences(before, after), ...outputDifferences(before, after)];
}

function inputDifferences(before: Contract, after: Contract): string[] {
  if ((before.features === undefined) !== (after.features === undefined)) {
    const [had, has] =
      before.features === undefined ? ['tensors', 'features'] : ['features', 'tensors'];
    return [`It takes ${has} where ${had} were taken.`];
  }
  if (before.features !== undefined && after.features !== undefined) {
    const known = new Set(before.features.map(({ name }) => name));
    return after.features
      .filter(({ name, required }) => required && !known.has(name))
      .map(({ name }) => `It requires a feature "${name}".`);
  }
  const required = after.inputs.filter(({ kind }) => kind !== 'optional');
  return [
    ...missing(before.inputs, after.inputs, 'does not take an input'),
    ...missing(required, before.inputs, 'requires an input'),
    ...pairs(before.inputs, after.inputs).flatMap(([was, is]) =>
      accepts(is, was) ? [] : [`Its input "${is.name}" is ${typeText(is)}, not ${typeText(was)}.`],
    ),
  ];
}

function outputDifferences(before: Contract, after: Contract): string[] {
  const had = before.keys ?? before.outputs.map(({ name = '' }) => name);
  const has = new Set(after.keys ?? after.outputs.map(({ name = '' }) => name));
  const gone = had.filter((key) => !has.has(key)).map((key) => `It does not give "${key}".`);
  if (before.keys !== undefined || after.keys !== undefined) {
    return gone;
  }
  return [
    ...gone,
    ...pairs(before.outputs, after.outputs).flatMap(([was, is]) =>
      sameKind(was, is)
        ? []
        : [`Its output "${is.name}" is ${typeText(is)}, not ${typeText(was)}.`],
    ),
  ];
}

function missing(of: readonly ValueType[], among: readonly ValueType[], verb: string): string[] {
  return of
    .filter(({ name }) => !among.some((other) => other.name === name))
    .map(({ name }) => `It ${verb} "${name}".`);
}

function pairs(
  before: readonly ValueType[],
  after: readonly ValueType[],
): (readonly [ValueType, ValueType])[] {
  return before.flatMap((was) => {
    const is = after.find(({ name }) => name === was.name);
    return is === undefined ? [] : [[was, is] as const];
  });
}

/** Whether a type takes every value that another took: a dimension may only become freer. */
function accepts(is: ValueType, was: ValueType): boolean {
  if (!sameKind(was, is)) {
    return false;
  }
  const shape = is.shape;
  if (shape === null || shape === undefined) {
    return true;
  }
  return (
    was.shape?.length === shape.length &&
    shape.every((dim, i) => typeof dim !== 'number' || dim === was.shape?.[i])
  );
}

function sameKind(a: ValueType, b: ValueType): boolean {
  const elements = a.element !== undefined && b.element !== undefined;
  return (
    (a.kind ?? 'tensor') === (b.kind ?? 'tensor') &&
    a.datatype === b.datatype &&
    a.key_datatype === b.key_datatype &&
    (!elements || sameKind(a.element as ValueType, b.element as ValueType))
  );
}

/** The features of an input specification: an array, or an object of arrays by input. */
function featuresOf(input: unknown): Feature[] {
  const groups = Array.isArray(input) ? [input] : Object.values(input as object);
  return groups.flatMap((group: unknown) =>
    (Array.isArray(group) ? group : [group]).map(featureOf),
  );
}

function featureOf(feature: unknown): Feature {
  if (typeof feature === 'string') {
    return { name: feature, required: true };
  }
  const { name, required, ...rest } = feature as { name: string; required?: boolean };
  return { name, required: required ?? !('default' in rest) };
}
