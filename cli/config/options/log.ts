/** The options of `log`. */
import { z } from 'zod'
import { flag, oneOfOr, optionNotes, section } from '../option-kinds.ts'

export const logOptions = section(
  {
    level: oneOfOr(['error', 'warn', 'info', 'debug'], 'info', 'How much is logged.'),
    formatter: oneOfOr(['text', 'json', 'logstash'], 'text', 'The form of a log line.'),
    fields: z
      .record(z.string(), z.unknown(), { error: 'must be a section of names and values.' })
      .default({})
      .register(optionNotes, { sentence: 'Fields that are added to every log line.' }),
    reportcaller: flag(false, 'Adds the place in the sources to every log line.'),
    accesslog: section(
      { disabled: flag(false, 'Switches off the access log, one line for each request on standard output.') },
      'The access log.',
    ),
  },
  'What is logged, and how.',
)
