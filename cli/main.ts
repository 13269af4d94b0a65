#!/usr/bin/env node
// The command line.
import fs from 'node:fs'
import { Command } from 'commander'
import { ConfigurationError } from './config/problems.ts'

const exitFailure = 1
const exitUsage = 2

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

function version(): string {
  // The sources lie one folder below the package, the built files two.
  const here = import.meta.dirname
  const packageFile = [`${here}/../package.json`, `${here}/../../package.json`].find((path) => fs.existsSync(path))
  if (packageFile === undefined) return 'unknown'
  return (JSON.parse(fs.readFileSync(packageFile, 'utf8')) as { version: string }).version
}
