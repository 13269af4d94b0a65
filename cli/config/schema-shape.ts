/** What kind of place a schema describes, for the parts that walk it: environment, unknown keys, printing, documentation. */
import { z } from 'zod'

export type SchemaShape =
  | { readonly kind: 'section'; readonly options: Readonly<Record<string, z.ZodType>> }
  | { readonly kind: 'list'; readonly element: z.ZodType }
  | { readonly kind: 'map'; readonly value: z.ZodType }
  | { readonly kind: 'anything' }
  | { readonly kind: 'value' }

export function shapeOf(schema: z.ZodType): SchemaShape {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject) return { kind: 'section', options: inner.shape }
  if (inner instanceof z.ZodArray) return { kind: 'list', element: inner.element as z.ZodType }
  if (inner instanceof z.ZodRecord) return { kind: 'map', value: inner.valueType as z.ZodType }
  return { kind: inner instanceof z.ZodUnknown ? 'anything' : 'value' }
}

export function defaultOf(schema: z.ZodType): unknown {
  return schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined
}

/** The words that an option chooses from; none for the options that are no choice. */
export function wordsOf(schema: z.ZodType): readonly string[] {
  const inner = unwrap(schema)
  return inner instanceof z.ZodEnum ? inner.options.map(String) : []
}

export function isOptional(schema: z.ZodType): boolean {
  return schema instanceof z.ZodOptional
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap() as z.ZodType)
  }
  if (!(schema instanceof z.ZodPipe)) return schema
  return unwrap((schema.in instanceof z.ZodTransform ? schema.out : schema.in) as z.ZodType)
}
