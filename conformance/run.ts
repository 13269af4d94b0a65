/** `npm run conformance -- URL [--grep PATTERN] [--expect FILE.json]`: the black-box suite against any registry. */
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import Mocha from 'mocha'

import { compare, readKnownGaps } from './known-gaps/known-gaps.ts'

const usage = `usage: npm run conformance -- URL [--grep PATTERN] [--expect FILE.json]

  URL        the registry, for example http://127.0.0.1:5000 (http://user:password@… for Basic auth)
  --grep     run only the tests whose full title matches the pattern
  --expect   a file of titles known to fail with this registry: exits 0 when exactly those fail`

interface Results {
  readonly passed: readonly string[]
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string' }, expect: { type: 'string' }, help: { type: 'boolean' } },
  })
  const [url] = positionals
  if (values.help === true || url === undefined || positionals.length > 1 || !URL.canParse(url)) {
    console.error(usage)
    return 2
  }

  const gaps = values.expect === undefined ? undefined : await readKnownGaps(values.expect)
  process.env['LADING_CONFORMANCE_URL'] = url
  const results = await runSuite(values.grep)
  const surprises = gaps === undefined ? [] : compare(gaps, results, values.grep === undefined)
  for (const surprise of surprises) console.log(surprise)
  console.log(`${results.passed.length} passed, ${results.failed.length} failed, ${results.skipped.length} skipped`)
  if (results.passed.length + results.failed.length === 0) return 1
  return gaps === undefined ? Math.min(results.failed.length, 1) : Math.min(surprises.length, 1)
}

async function runSuite(grep: string | undefined): Promise<Results> {
  const mocha = new Mocha({
    reporter: 'spec',
    timeout: 20_000,
    ...(grep === undefined ? {} : { grep: new RegExp(grep) }),
  })
  const folder = fileURLToPath(new URL('suite/', import.meta.url))
  const files = (await readdir(folder)).filter((name) => name.endsWith('.test.ts')).sort()
  for (const file of files) mocha.addFile(folder + file)
  await mocha.loadFilesAsync()

  const results = { passed: [] as string[], failed: [] as string[], skipped: [] as string[] }
  const { promise, resolve } = Promise.withResolvers<void>()
  const runner = mocha.run(() => resolve())
  runner.on('pass', (test) => results.passed.push(test.fullTitle()))
  runner.on('fail', (test) => results.failed.push(test.fullTitle()))
  runner.on('pending', (test) => results.skipped.push(test.fullTitle()))
  await promise
  return results
}

process.exitCode = await main()
