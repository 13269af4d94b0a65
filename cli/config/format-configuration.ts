/** The effective configuration as YAML that can be read again, except that secrets are masked. */
import { stringify } from 'yaml'
import type { z } from 'zod'
import { formatDuration } from './durations.ts'
import { isSecretName, mask, maskAddress } from './mask-secrets.ts'
import { optionNotes } from './option-kinds.ts'
import { shapeOf } from './schema-shape.ts'
import { configurationSchema } from './schema.ts'
import type { Configuration } from './schema.ts'

export function formatConfiguration(configuration: Configuration): string {
  const printed = asRecord(printable(configuration, configurationSchema))
  if (Object.keys(configuration.auth).length === 0) printed.auth = 'none'
  return stringify(printed, { lineWidth: 0, version: '1.1' })
}

function printable(value: unknown, schema: z.ZodType): unknown {
  const notes = optionNotes.get(schema)
  const shape = shapeOf(schema)

  if (value === undefined) return undefined
  if (notes?.kind === 'duration') return formatDuration(Number(value))
  if (shape.kind === 'section') {
    const options = Object.entries(shape.options).map(([key, option]) => [key, printable(asRecord(value)[key], option)])
    return Object.fromEntries(options.filter(([, option]) => option !== undefined))
  }
  if (notes?.secret) return masked(value)
  if (shape.kind === 'list') return asList(value).map((item) => printable(item, shape.element))
  return shape.kind === 'value' ? withoutPasswords(value) : withoutSecrets(value)
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return mask
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, masked(child)]))
}

function withoutPasswords(value: unknown): unknown {
  return typeof value === 'string' ? maskAddress(value) : value
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return withoutPasswords(value)
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, child]) => [key, isSecretName(key) ? masked(child) : withoutSecrets(child)]),
  )
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
