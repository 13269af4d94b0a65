#!/usr/bin/env node
// The command line.
import fs from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { ConfigurationError } from './config/problems.ts'
import type { CopyCommandOptions } from './copy.ts'

const exitFailure = 1
const exitUsage = 2
const mostJobs = 256

const program = new Command('lading')
  .description('An OCI distribution registry')
  .version(version(), '-v, --version')
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitUsage))

program
  .command('serve')
  .argument('[file]', 'configuration file; without one, a registry on 127.0.0.1:5000 that stores in ./data')
  .description('run the registry')
  .action(async (file?: string) => {
    const { serve } = await import('./serve.ts')
    await serve(file)
  })

const config = program.command('config').description('look at the configuration')
config
  .command('check')
  .argument('[file]')
  .description('tell every mistake in the configuration')
  .action(async (file?: string) => {
    const { checkConfiguration } = await import('./config-commands.ts')
    checkConfiguration(file)
  })
config
  .command('print')
  .argument('[file]')
  .description('print the effective configuration, secrets masked')
  .action(async (file?: string) => {
    const { printConfiguration } = await import('./config-commands.ts')
    printConfiguration(file)
  })

program
  .command('reindex')
  .argument('[file]', 'configuration file')
  .description('rebuild the referrers index from the manifests, for storage that an older registry wrote')
  .action(async (file?: string) => {
    const { reindex } = await import('./reindex.ts')
    await reindex(file)
  })

program
  .command('copy')
  .argument('<SRC>', 'a configuration file, a folder that holds docker/, or s3://bucket/prefix')
  .argument('<DST>', 'the same; a folder is made if it is not there')
  .option('--jobs <number>', 'how many objects at a time', jobCount, 8)
  .option('--check', 'copy nothing, and tell what is missing or different at DST')
  .option('--deep', 'with --check: also read every blob at DST and compute its digest')
  .option('--dry-run', 'copy nothing, and print what would be copied')
  .option('--json', 'print the summary as one line of JSON')
  .option('--region <name>', 'the region of s3://')
  .option('--endpoint <url>', 'the address of an S3 server that is not Amazon, for s3://')
  .description('copy the storage of a registry into another storage; may run beside the registries, and be repeated')
  .action(async (from: string, to: string, options: CopyCommandOptions) => {
    const { copy } = await import('./copy.ts')
    await copy(from, to, options)
  })

for (const name of ['garbage-collect', 'verify']) {
  program
    .command(name)
    .argument('[file]', 'configuration file')
    .allowUnknownOption()
    .description('not available in this version')
    .action(() => {
      throw new Error(`lading ${name} is not available in this version; nothing was changed.`)
    })
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof ConfigurationError) {
    for (const problem of error.problems) console.error(problem)
  } else {
    console.error(error instanceof Error ? error.message : String(error))
  }
  process.exit(exitFailure)
}

function jobCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= mostJobs) return Number(text)
  throw new InvalidArgumentError(`Give a number from 1 to ${mostJobs}.`)
}

function version(): string {
  // The sources lie one folder below the package, the built files two.
  const here = import.meta.dirname
  const packageFile = [`${here}/../package.json`, `${here}/../../package.json`].find((path) => fs.existsSync(path))
  if (packageFile === undefined) return 'unknown'
  return (JSON.parse(fs.readFileSync(packageFile, 'utf8')) as { version: string }).version
}
