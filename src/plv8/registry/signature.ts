/**
 * A model's signature in words: `x FP32[N,32]`, `seq(map(INT64,FP32))`. The view ai_model_versions
 * says the same in SQL (ai_runtime._type_text), so that reading it starts no JavaScript; a regress
 * line compares the two.
 */
import type { JsonValue } from '../lib/types';

/** The JSON that the server makes of an input, an output or an element of one. */
export interface ValueType {
  readonly name?: string;
  readonly kind?: string;
  readonly datatype?: string;
  readonly key_datatype?: string;
  readonly shape?: readonly (string | number | null)[] | null;
  readonly element?: ValueType;
}

/** A type in words; `?` is a dimension that nothing is known of, `...` a rank. */
export function typeText(type: ValueType): string {
  const element = type.element === undefined ? '' : typeText(type.element);
  switch (type.kind) {
    case 'sequence':
      return `seq(${element})`;
    case 'optional':
      return `optional(${element})`;
    case 'map':
      return `map(${type.key_datatype ?? ''},${element})`;
    default: {
      const shape = type.shape?.map((dim) => dim ?? '?').join(',') ?? '...';
      return `${type.datatype ?? ''}[${shape}]`;
    }
  }
}

/** A signature with its inputs and outputs in words, and the size and sha256 of the bytes. */
export function describeModel(signature: unknown, sha256: string, sizeBytes: number): JsonValue {
  const known = signature as { inputs?: ValueType[]; outputs?: ValueType[] };
  const words = (values: ValueType[] = []): JsonValue =>
    values.map((value) => `${value.name ?? ''} ${typeText(value)}`);
  return {
    ...(signature as Record<string, JsonValue>),
    summary: { inputs: words(known.inputs), outputs: words(known.outputs) },
    sha256,
    size_bytes: sizeBytes,
  };
}
