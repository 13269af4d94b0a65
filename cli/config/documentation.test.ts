import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { configurationDocumentation, documentationPath } from './documentation.ts'

describe('docs/configuration.md', () => {
  it('is what the schema says (npm run docs:configuration)', () => {
    assert.equal(readFileSync(documentationPath, 'utf8'), configurationDocumentation())
  })

  it('has a sentence for every option', () => {
    const rows = configurationDocumentation()
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    assert.ok(rows.length > 150)
    for (const row of rows) assert.match(row, /\S.* [|] .*\w.*[.`] [|]$/u, row)
  })
})
