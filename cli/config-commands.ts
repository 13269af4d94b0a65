// `lading config check` and `lading config print`.
import { formatConfiguration } from './config/format-configuration.ts'
import { readConfiguration } from './config/read-configuration.ts'

/** Throws a ConfigurationError with every mistake. */
export function checkConfiguration(file: string | undefined): void {
  const { path, warnings } = readConfiguration(file)
  for (const warning of warnings) console.error(`warning: ${warning}`)
  console.log(`${path ?? 'the built-in configuration'} is valid`)
}

export function printConfiguration(file: string | undefined): void {
  const { configuration, warnings } = readConfiguration(file)
  for (const warning of warnings) console.error(`warning: ${warning}`)
  process.stdout.write(formatConfiguration(configuration))
}
