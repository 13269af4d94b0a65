/** The few kinds of option there are: how each reads what was written, and the notes from which the documentation is made. */
import { z } from 'zod'
import { parseDuration } from './durations.ts'
import { didYouMean } from './nearest-name.ts'

export interface OptionNotes {
  readonly sentence: string
  readonly kind?: 'duration'
  /** Never printed; of a map, none of its values. */
  readonly secret?: boolean
  /** What the environment may call it besides its key: the field's name in distribution's sources. */
  readonly alsoNamed?: string
}

export const optionNotes = z.registry<OptionNotes>()

type Traits = Omit<OptionNotes, 'sentence'>

type Message = string | ((issue: { readonly input?: unknown }) => string)

const readText = (value: unknown): unknown => {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return value === '' ? undefined : value
}

/** The smallest schema for a text; more is asked of it with `.refine`. */
export function textSchema(error: Message = 'must be a text.'): z.ZodString {
  return z.string({ error })
}

export function optionalText(sentence: string, schema: z.ZodString = textSchema(), traits: Traits = {}) {
  return z
    .preprocess(readText, schema.optional())
    .optional()
    .register(optionNotes, { ...traits, sentence })
}

export function secretText(sentence: string) {
  return optionalText(sentence, textSchema(), { secret: true })
}

export function text(fallback: string, sentence: string, schema: z.ZodString = textSchema()) {
  return z.preprocess(readText, schema.default(fallback)).default(fallback).register(optionNotes, { sentence })
}

/** `remedy` says what to give when it is missing. */
export function requiredText(sentence: string, remedy: string, check: (value: string) => boolean = () => true) {
  const error: Message = ({ input }) => (input === undefined ? `is missing. ${remedy}` : `must be a text. ${remedy}`)
  return z
    .preprocess(readText, textSchema(error).refine(check, { error: `is not right. ${remedy}` }))
    .register(optionNotes, { sentence })
}

const readFlag = (value: unknown): unknown => {
  if (/^(?:true|yes|on|y)$/iu.test(String(value))) return true
  if (/^(?:false|no|off|n)$/iu.test(String(value))) return false
  return value
}

const flagSchema = z.boolean({ error: 'must be true or false.' })

export function flag(fallback: boolean, sentence: string) {
  return z.preprocess(readFlag, flagSchema).default(fallback).register(optionNotes, { sentence })
}

export function optionalFlag(sentence: string) {
  return z.preprocess(readFlag, flagSchema).optional().register(optionNotes, { sentence })
}

const readCount = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  const digits = value.replaceAll('_', '')
  if (/^[+-]?0[0-7]+$/u.test(digits)) return parseInt(digits, 8)
  return /^[+-]?(?:0x[\da-f]+|0o[0-7]+|0b[01]+|\d+(?:\.\d+)?(?:e\+?\d+)?)$/iu.test(digits) ? Number(digits) : value
}

export interface Bounds {
  readonly least?: number
  readonly most?: number
  /** Distribution treats zero (and less) as "not given" for this option. */
  readonly zeroIsDefault?: boolean
}

export function count(fallback: number, sentence: string, { least = 0, most, zeroIsDefault = false }: Bounds = {}) {
  const read = (value: unknown): unknown => {
    const given = readCount(value)
    return zeroIsDefault && typeof given === 'number' && given <= 0 && given >= least ? fallback : given
  }
  const range = most === undefined ? ` of at least ${least}` : ` from ${least} to ${most}`
  const error = `must be a whole number${least === -Infinity ? '' : range}.`
  const schema = z
    .int({ error })
    .min(Math.max(least, Number.MIN_SAFE_INTEGER), { error })
    .max(most ?? Number.MAX_SAFE_INTEGER, { error })
  return z.preprocess(read, schema).default(fallback).register(optionNotes, { sentence })
}

const readDuration = (value: unknown): unknown => {
  if (typeof value !== 'string' && typeof value !== 'number') return value
  return parseDuration(String(value)) ?? 'no duration'
}

const durationSchema = z.preprocess(readDuration, z.number({ error: 'must be a duration such as 30s, 1h30m or 168h.' }))

interface DurationBounds {
  readonly least?: number
  readonly zeroIsDefault?: boolean
}

/** Milliseconds. */
export function duration(fallback: string, sentence: string, bounds: DurationBounds = {}) {
  const { least = 0, zeroIsDefault = false } = bounds
  const milliseconds = parseDuration(fallback) ?? 0
  const schema = durationSchema
    .refine((value) => value >= least, { error: 'must not be negative.' })
    .transform((value) => (zeroIsDefault && value === 0 ? milliseconds : value))
  return schema.default(milliseconds).register(optionNotes, { sentence, kind: 'duration' })
}

/** Milliseconds; negative values have a meaning of their own for the one who reads them. */
export function optionalDuration(sentence: string) {
  return durationSchema.optional().register(optionNotes, { sentence, kind: 'duration' })
}

/** One of a few words, in any case of letters. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words, sentence: string) {
  return wordSchema(words).optional().register(optionNotes, { sentence })
}

export function oneOfOr<const Words extends readonly [string, ...string[]]>(
  words: Words,
  fallback: Words[number],
  sentence: string,
) {
  const schema = wordSchema(words)
  return schema.default(fallback).register(optionNotes, { sentence })
}

function wordSchema<const Words extends readonly [string, ...string[]]>(words: Words) {
  const read = (value: unknown): unknown => words.find((word) => word.toLowerCase() === String(value).toLowerCase())
  return z.preprocess((value, context) => {
    const word = read(value)
    if (word !== undefined) return word
    context.addIssue(`must be one of ${words.join(', ')}${didYouMean(String(value), words) || '.'}`)
    return z.NEVER
  }, z.enum(words))
}

/** A single value counts as a list of one. */
export function listOf<Element extends z.ZodType>(element: Element, sentence: string, traits: Traits = {}) {
  const read = (value: unknown): unknown => (Array.isArray(value) || value === '' ? value || [] : [value])
  return z
    .preprocess(read, z.array(element, { error: 'must be a list.' }))
    .default([])
    .register(optionNotes, { ...traits, sentence })
}

export function textElement(schema: z.ZodString = textSchema()) {
  return z.preprocess(readText, schema)
}

export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, sentence: string, traits: Traits = {}) {
  const schema = objectSchema(shape)
  return schema.prefault({} as z.input<typeof schema>).register(optionNotes, { ...traits, sentence })
}

/** A section that is undefined unless it was given. */
export function optionalSection<Shape extends z.core.$ZodLooseShape>(shape: Shape, sentence: string) {
  return objectSchema(shape).optional().register(optionNotes, { sentence })
}

export function objectSchema<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.object(shape, { error: 'must be a section: put its options on the lines below, indented.' })
}
