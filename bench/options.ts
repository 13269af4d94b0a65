// The command line of the benchmark.
import { parseArgs } from 'node:util'

export interface Options {
  isQuick: boolean
  /** Beginnings of names of rows; all rows when empty. */
  only: string[]
  jsonFile: string | undefined
  isMarkdown: boolean
  isCheck: boolean
  hasCache: boolean
  storage: 'filesystem' | 's3'
}

export const usage = `usage: npm run bench -- [--quick] [--only NAME]… [--json FILE] [--markdown] [--check] [--without-cache] [--storage s3]

  --quick          small sizes and few rounds: shows in a minute or two that everything works
  --only           only the rows whose names begin so; may be given several times
  --json           writes all figures of all rounds to the file
  --markdown       prints the tables for a page
  --check          ends with code 1 when a goal was measured and not reached
  --without-cache  leaves storage.cache out of the configuration of all; it is in that of distribution's images
  --storage s3     over a bucket on versitygw, the same server for all, each with a bucket of its own`

/** Undefined when help is asked for. Throws when the arguments make no sense. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'without-cache': { type: 'boolean', default: false },
      storage: { type: 'string', default: 'filesystem' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const { storage } = values
  if (storage !== 'filesystem' && storage !== 's3') throw new Error('--storage is filesystem or s3')
  return {
    isQuick: values.quick,
    only: values.only,
    jsonFile: values.json,
    isMarkdown: values.markdown,
    isCheck: values.check,
    hasCache: !values['without-cache'],
    storage,
  }
}
