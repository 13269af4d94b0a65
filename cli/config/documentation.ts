/** Writes docs/configuration.md out of the schema: `npm run docs:configuration`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { introduction } from './documentation-introduction.ts'
import { formatDuration } from './durations.ts'
import { foreignOptions } from './foreign-options.ts'
import { notYet } from './not-yet.ts'
import { oldNames } from './old-names.ts'
import { optionNotes } from './option-kinds.ts'
import { ownDefaults } from './own-defaults.ts'
import { defaultOf, isOptional, shapeOf, wordsOf } from './schema-shape.ts'
import { configurationSchema } from './schema.ts'

export const documentationPath = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url))

const notYetMark = '*(not working yet)*'

export function configurationDocumentation(): string {
  const sections = Object.entries(configurationSchema.shape).map(([name, schema]) => sectionText(name, schema))
  return [introduction(notYetMark), ownDefaultsTable(), ...sections, olderNames(), withoutEffect()].join('\n\n') + '\n'
}

function sectionText(name: string, schema: z.ZodType): string {
  const options = optionsBelow([name], schema)
  const wholly = isNotYet([name])
  const title = `## ${name}${wholly ? ` ${notYetMark}` : ''}`
  const sentences = shapeOf(schema).kind === 'section' ? [optionNotes.get(schema)?.sentence ?? ''] : []
  const rows = options.map(({ names, option }) => [
    `\`${dotted(names)}\`${isNotYet(names) && !wholly ? ` ${notYetMark}` : ''}`,
    `\`${variable(names)}\``,
    defaultText(option),
    sentenceOf(names, option),
  ])
  return [title, ...sentences, table(['Option', 'Environment', 'Default', 'What it does'], rows)].join('\n\n')
}

interface Option {
  readonly names: readonly string[]
  readonly option: z.ZodType
}

/** Lists count as `[]` and maps as `<name>` in the names. */
function optionsBelow(names: readonly string[], schema: z.ZodType): Option[] {
  const shape = shapeOf(schema)
  if (shape.kind === 'section') {
    const below = Object.entries(shape.options).flatMap(([key, option]) => optionsBelow([...names, key], option))
    return below.length === 0 ? [{ names, option: schema }] : below
  }
  if (shape.kind === 'list' && shapeOf(shape.element).kind === 'section') {
    return optionsBelow([...names, '[]'], shape.element)
  }
  if (shape.kind === 'map') return [{ names: [...names, '<name>'], option: schema }]
  return [{ names, option: schema }]
}

function dotted(names: readonly string[]): string {
  return names.join('.').replaceAll('.[]', '[]')
}

function variable(names: readonly string[]): string {
  const parts = names.map((name) => (name === '[]' ? '0' : name === '<name>' ? name : name.toUpperCase()))
  return names.join() === 'version' ? '-' : ['REGISTRY', ...parts].join('_')
}

function sentenceOf(names: readonly string[], option: z.ZodType): string {
  const { sentence = '', secret = false } = optionNotes.get(option) ?? {}
  const words = wordsOf(option).map(
    (word) => `\`${word}\`${isNotYet([...names, word]) && !isNotYet(names) ? ` ${notYetMark}` : ''}`,
  )
  const choice = words.length > 1 ? ` One of ${words.join(', ')}.` : ''
  return `${sentence}${choice}${secret ? ' Never printed.' : ''}`
}

function defaultText(option: z.ZodType): string {
  const value = defaultOf(option)
  if (value === undefined) return isOptional(option) || shapeOf(option).kind === 'section' ? '' : 'must be given'
  if (optionNotes.get(option)?.kind === 'duration') return `\`${formatDuration(Number(value))}\``
  if (typeof value === 'object') return Array.isArray(value) ? '`[]`' : '`{}`'
  return value === '' ? 'empty' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function isNotYet(names: readonly string[]): boolean {
  return notYet.some(({ section }) => section.every((key, index) => key === names[index]))
}

function ownDefaultsTable(): string {
  const rows = ownDefaults.map(({ path, value }) => [`\`${path.join('.')}\``, `\`${String(value)}\``])
  return [
    '## Without a file',
    'A registry that is started without any file uses these defaults instead of those below:',
    table(['Option', 'Default'], rows),
  ].join('\n\n')
}

function olderNames(): string {
  const rows = oldNames.map(({ from, to }) => [`\`${from.join('.')}\``, `\`${to.join('.')}\``])
  return ['## Older names', 'These names are understood too.', table(['Older name', 'Name'], rows)].join('\n\n')
}

function withoutEffect(): string {
  const rows = foreignOptions.map(({ path, sentence }) => [`\`${path.join('.')}\``, `It ${sentence}`])
  return [
    '## Options of distribution that are not supported',
    table(
      ['Option', 'What happens'],
      [...rows, ['`storage.azure`, `storage.gcs`, `storage.swift`, `storage.oss`', 'The registry refuses to start.']],
    ),
  ].join('\n\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

if (import.meta.main) {
  writeFileSync(documentationPath, configurationDocumentation())
  console.log(`${documentationPath} is written.`)
}
