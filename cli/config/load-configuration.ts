/** From a file's text and an environment to a checked configuration, or to one error that tells every mistake. */
import { checkAuth, checkDriver } from './choices.ts'
import { checks } from './consistency.ts'
import { applyEnvironment } from './environment.ts'
import type { Environment } from './environment.ts'
import { removeForeignOptions } from './foreign-options.ts'
import { refuseWhatDoesNotWorkYet } from './not-yet.ts'
import { raiseOldTls, translateOldNames } from './old-names.ts'
import { applyOwnDefaults } from './own-defaults.ts'
import { ConfigurationError, about, collectFindings } from './problems.ts'
import type { Findings } from './problems.ts'
import { configurationSchema } from './schema.ts'
import type { Configuration } from './schema.ts'
import { emptyMap, originAt, plainValue, textAt } from './source-tree.ts'
import type { MapNode, Path } from './source-tree.ts'
import { findUnknownKeys } from './unknown-keys.ts'
import { readYaml } from './yaml-source.ts'

export interface ConfigurationSources {
  readonly file?: ConfigurationFile | undefined
  readonly environment: Environment
}

export interface ConfigurationFile {
  /** As it is to be named in messages. */
  readonly path: string
  readonly text: string
}

export interface LoadedConfiguration {
  readonly configuration: Configuration
  /** What was ignored, and why: to be logged when the registry starts. */
  readonly warnings: readonly string[]
}

/** Throws a ConfigurationError. */
export function loadConfiguration({ file, environment }: ConfigurationSources): LoadedConfiguration {
  const findings = collectFindings()
  const root = file === undefined ? emptyMap() : readFile(file, findings)

  applyEnvironment(root, environment, findings)
  if (file === undefined) applyOwnDefaults(root)
  checkDriver(root, findings)
  removeForeignOptions(root, findings)
  translateOldNames(root, findings)
  raiseOldTls(root, findings)
  checkAuth(root, findings)
  refuseWhatDoesNotWorkYet(root, findings)
  findUnknownKeys(root, configurationSchema, findings)
  for (const check of checks) check(root, findings)

  const parsed = configurationSchema.safeParse(plainValue(root))
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.filter((key) => typeof key !== 'symbol')
    findings.problem(originAt(root, path), about(path, issue.message))
  }
  if (!parsed.success || findings.problems.length > 0) throw new ConfigurationError(findings)
  return { configuration: parsed.data, warnings: findings.warnings }
}

/** A file that cannot be read as YAML is judged no further: everything after the mistake would look wrong too. */
function readFile({ path, text }: ConfigurationFile, findings: Findings): MapNode {
  const root = readYaml(text, (line) => ({ file: path, line }), findings)
  const start = { file: path, line: 1 }

  if (root !== undefined && root.kind !== 'map') {
    findings.problem(
      start,
      'the file must hold sections, such as version, storage and http, each with its options below it.',
    )
  }
  if (root === undefined && findings.problems.length === 0) {
    findings.problem(
      start,
      'the file is empty. Give version: 0.1 and storage.filesystem.rootdirectory, or start without a file.',
    )
  }
  if (root?.kind !== 'map') throw new ConfigurationError(findings)

  const version: Path = ['version']
  if (textAt(root, version) === undefined) {
    findings.problem(start, 'version is missing. Write version: 0.1 into the first line.')
  }
  return { ...root, origin: start }
}
