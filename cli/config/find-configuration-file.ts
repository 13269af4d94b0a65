/** Which file the configuration is read from. */
import { existsSync, realpathSync } from 'node:fs'
import type { Environment } from './environment.ts'

const replacedRegistry = ['/etc/distribution/config.yml', '/etc/docker/registry/config.yml']

/** Ours, in our image; the paths above are links to it there, so a file mounted over one of them is the operator's. */
const imageDefault = '/etc/lading/config.yml'

export interface FileLookup {
  readonly fileExists: (path: string) => boolean
  readonly realpath: (path: string) => string
}

const onDisk: FileLookup = { fileExists: (path) => existsSync(path), realpath: (path) => realpathSync(path) }

/** A path that was asked for is returned whether there is a file or not; undefined means to start without one. */
export function findConfigurationFile(
  explicitPath: string | undefined,
  environment: Environment,
  { fileExists, realpath }: FileLookup = onDisk,
): string | undefined {
  const asked = explicitPath ?? environment.REGISTRY_CONFIGURATION_PATH
  if (asked !== undefined && asked !== '') return asked

  // Elsewhere, a file at distribution's paths belongs to a distribution that is installed on this machine.
  if (!fileExists(imageDefault)) return undefined
  return replacedRegistry.find((path) => fileExists(path) && realpath(path) !== imageDefault) ?? imageDefault
}
