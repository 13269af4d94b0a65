import assert from 'node:assert/strict'
import { assertProblem, configured, load, problemsOf, smallest } from './configuration-for-tests.ts'

describe('a configuration file', () => {
  it('may use anchors, aliases and merge keys', () => {
    const text = `${smallest}
x-check: &check {interval: 7s, threshold: 2}
health:
  storagedriver: {<<: *check, enabled: yes, threshold: 3}
  tcp:
    - {<<: [*check], addr: "a:1"}
`
    const { storagedriver, tcp } = configured(text).health
    assert.deepEqual(storagedriver, { enabled: true, interval: 7000, threshold: 3 })
    assert.deepEqual(tcp, [{ addr: 'a:1', timeout: 0, interval: 7000, threshold: 2 }])
  })

  it('keeps texts as they were written', () => {
    const text = `${smallest}http: {secret: 0123}\nlog: {fields: {a: 1, b: "1", c: true, d: 1.10, e: {f: yes}}}\n`
    const { http, log } = configured(text)
    assert.equal(http.secret, '0123')
    assert.deepEqual(log.fields, { a: 1, b: '1', c: true, d: '1.10', e: { f: 'yes' } })
  })

  it('takes numbers as Go does', () => {
    const values = { '2_000': 2000, '0x10': 16, '0o10': 8, '010': 8, '1e3': 1000, '"7"': 7, '0b11': 3 }
    for (const [text, value] of Object.entries(values)) {
      assert.equal(configured(`${smallest}catalog: {maxentries: ${text}}\n`).catalog.maxentries, value, text)
    }
  })

  it('takes the older words for true and false', () => {
    for (const word of ['true', 'yes', 'on', 'On', 'TRUE', 'y', '"true"']) {
      assert.equal(configured(`${smallest}log: {reportcaller: ${word}}\n`).log.reportcaller, true, word)
    }
    for (const word of ['false', 'no', 'off', 'N', '']) {
      assert.equal(configured(`${smallest}log: {reportcaller: ${word}}\n`).log.reportcaller, false, word)
    }
  })

  it('means the default by an empty key', () => {
    const { http, health } = configured(`${smallest}http:\n  addr:\n  tls:\n  debug: ~\nhealth: null\n`)
    assert.equal(http.addr, ':5000')
    assert.equal(http.tls.minimumtls, 'tls1.2')
    assert.equal(health.storagedriver.enabled, false)
  })

  it('is told where the YAML is wrong, without quoting it', () => {
    assertProblem(/^config\.yml:2: a tab indents/u, 'version: 0.1\n\thttp: {secret: hunter2}\n')
    assertProblem(/^config\.yml:3: there are two keys/u, `${smallest}http: secret: hunter2\n`)
    assertProblem(/^config\.yml:3: a value cannot start/u, `${smallest}http: @hunter2\n`)
    assertProblem(/^config\.yml:3: an alias/u, `${smallest}x-a: *hunter2\n`)
    for (const text of ['http: {secret: "hunter2', 'http: [hunter2\nlog: x', 'a: "hunter2" b']) {
      const problems = problemsOf(`${smallest}${text}`)
      assert.ok(problems.length > 0, text)
      assert.ok(
        problems.every((problem) => /^config\.yml:\d+: /u.test(problem) && !problem.includes('hunter2')),
        text,
      )
    }
  })

  it('is told when a key is there twice, and where the first one is', () => {
    assertProblem(
      /^config\.yml:5: http is given twice \(first in line 3\)/u,
      `${smallest}http:\n  addr: :1\nhttp: {}\n`,
    )
  })

  it('is told when it is empty, no section, or without version', () => {
    assertProblem(/^config\.yml:1: the file is empty/u, '')
    assertProblem(/^config\.yml:1: the file is empty/u, '# nothing\n')
    assertProblem(/^config\.yml:1: the file must hold sections/u, 'hello\n')
    assertProblem(/^config\.yml:1: version is missing/u, 'storage: inmemory\n')
    assertProblem(/^config\.yml:1: version must be one of 0\.1/u, 'version: 0.2\nstorage: inmemory\n')
  })

  it('cannot eat the memory or the stack', () => {
    assertProblem(/too large or too deeply nested/u, `${smallest}x: &a {b: *a}\n`)
    assertProblem(/too large or too deeply nested/u, `${smallest}x: ${'['.repeat(500)}${']'.repeat(500)}\n`)
    const bomb = Array.from({ length: 9 }, (_, level) => `x${level + 1}: &x${level + 1} [${`*x${level},`.repeat(9)}]`)
    assertProblem(/too large or too deeply nested/u, `${smallest}x0: &x0 [a]\n${bomb.join('\n')}\n`)
  })

  it('ends with its first document', () => {
    const { warnings } = load(`---\n${smallest}---\nhttp: {}\n`)
    assert.deepEqual(warnings, ['config.yml:4: a second YAML document begins here; it is ignored.'])
  })
})
