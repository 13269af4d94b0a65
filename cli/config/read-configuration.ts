/** Finds the file, reads it, and loads the configuration: what every command begins with. */
import { readFileSync } from 'node:fs'
import { processEnvironment } from './environment.ts'
import { findConfigurationFile } from './find-configuration-file.ts'
import { loadConfiguration } from './load-configuration.ts'
import type { ConfigurationFile, LoadedConfiguration } from './load-configuration.ts'
import { ConfigurationError } from './problems.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path.',
  EACCES: 'the file may not be read by this user. Check its permissions and those of its folders.',
  EISDIR: 'this is a folder. Give the path of the file in it.',
  ENOTDIR: 'a part of this path is a file, not a folder. Check the path.',
}

/** Throws a ConfigurationError, for a file that cannot be read too. `path` in the result is undefined when there is none. */
export function readConfiguration(
  explicitPath?: string,
  environment = processEnvironment(),
): LoadedConfiguration & { readonly path: string | undefined } {
  const path = findConfigurationFile(explicitPath, environment)
  const file = path === undefined ? undefined : readText(path)
  return { ...loadConfiguration({ file, environment }), path }
}

function readText(path: string): ConfigurationFile {
  try {
    return { path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = reasons[code] ?? `the file cannot be read (${code}).`
    throw new ConfigurationError({ problems: [`${path}: ${reason}`], warnings: [] })
  }
}
