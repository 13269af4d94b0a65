import assert from 'node:assert/strict'
import { findConfigurationFile } from './find-configuration-file.ts'

const v3 = '/etc/distribution/config.yml'
const v2 = '/etc/docker/registry/config.yml'
const ours = '/etc/lading/config.yml'

/** Paths that are there, each with what it is a link to. */
const disk = (files: Record<string, string>) => ({
  fileExists: (path: string) => path in files,
  realpath: (path: string) => files[path] ?? path,
})

describe('the configuration file', () => {
  it('is the one that was named, before any other', () => {
    const files = disk({ [v3]: v3, [ours]: ours })
    assert.equal(findConfigurationFile('/a.yml', { REGISTRY_CONFIGURATION_PATH: '/b.yml' }, files), '/a.yml')
    assert.equal(findConfigurationFile(undefined, { REGISTRY_CONFIGURATION_PATH: '/b.yml' }, files), '/b.yml')
    assert.equal(findConfigurationFile(undefined, { REGISTRY_CONFIGURATION_PATH: '' }, files), v3)
  })

  it('is the one that the operator mounted over that of version 3 or version 2', () => {
    assert.equal(findConfigurationFile(undefined, {}, disk({ [v3]: v3, [v2]: v2, [ours]: ours })), v3)
    assert.equal(findConfigurationFile(undefined, {}, disk({ [v3]: ours, [v2]: v2, [ours]: ours })), v2)
  })

  it('is our own when both are still links to it', () => {
    assert.equal(findConfigurationFile(undefined, {}, disk({ [v3]: ours, [v2]: ours, [ours]: ours })), ours)
  })

  it('of a distribution that is installed on the same machine is left alone', () => {
    assert.equal(findConfigurationFile(undefined, {}, disk({ [v2]: v2 })), undefined)
  })

  it('need not be there', () => {
    assert.equal(findConfigurationFile(undefined, {}, disk({})), undefined)
  })
})
