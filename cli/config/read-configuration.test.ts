import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { smallest } from './configuration-for-tests.ts'
import { ConfigurationError } from './problems.ts'
import { readConfiguration } from './read-configuration.ts'

describe('reading the configuration', () => {
  let folder: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lading-config-'))
  })

  after(() => rmSync(folder, { recursive: true }))

  it('takes the file that is named, and says which it was', () => {
    const path = join(folder, 'config.yml')
    writeFileSync(path, smallest)
    assert.equal(readConfiguration(path, {}).path, path)
    assert.deepEqual(
      readConfiguration(undefined, { REGISTRY_CONFIGURATION_PATH: path }).configuration.storage.inmemory,
      {},
    )
  })

  it('says what is wrong with the path', () => {
    const reasonFor = (path: string): string => {
      try {
        readConfiguration(path, {})
      } catch (error) {
        if (error instanceof ConfigurationError) return error.problems.join('\n')
      }
      return ''
    }
    assert.match(reasonFor(join(folder, 'missing.yml')), /missing\.yml: there is no such file/u)
    assert.match(reasonFor(folder), /: this is a folder/u)
  })
})
