import assert from 'node:assert/strict'
import type { z } from 'zod'
import { configured, problemsOf, smallest } from './configuration-for-tests.ts'
import { formatConfiguration } from './format-configuration.ts'
import { mask } from './mask-secrets.ts'
import { optionNotes } from './option-kinds.ts'
import { shapeOf } from './schema-shape.ts'
import { configurationSchema } from './schema.ts'
import type { Configuration } from './schema.ts'

const secret = 'hunter2'

/** A value for every option there is, made by `leaf`. */
function everything(schema: z.ZodType, leaf: (schema: z.ZodType) => unknown): unknown {
  const shape = shapeOf(schema)
  if (shape.kind === 'list') return [everything(shape.element, leaf)]
  if (shape.kind === 'map') return { 'X-Name': leaf(schema) }
  if (shape.kind !== 'section') return leaf(schema)
  return Object.fromEntries(Object.entries(shape.options).map(([key, option]) => [key, everything(option, leaf)]))
}

function variablesOf(schema: z.ZodType, name: string): string[] {
  const shape = shapeOf(schema)
  if (shape.kind === 'list') return [name, ...variablesOf(shape.element, `${name}_0`)]
  if (shape.kind === 'map') return [name, `${name}_X-Name`]
  if (shape.kind !== 'section') return [name]
  return [
    name,
    ...Object.entries(shape.options).flatMap(([key, option]) => variablesOf(option, `${name}_${key.toUpperCase()}`)),
  ]
}

describe('secrets', () => {
  it('are in no message, whatever option holds them and however wrong it is', () => {
    const wrong = everything(configurationSchema, () => secret)
    const wronger = everything(configurationSchema, () => ({ 'x-y': [secret] }))
    for (const tree of [wrong, wronger]) {
      const problems = problemsOf(JSON.stringify(tree))
      assert.ok(problems.length > 50)
      assert.ok(!problems.join('\n').includes(secret))
    }
  })

  it('are in no message about the environment', () => {
    const names = variablesOf(configurationSchema, 'REGISTRY').filter(
      (name) => !/^REGISTRY(?:_STORAGE|_AUTH)?$/u.test(name),
    )
    assert.ok(names.length > 200)
    for (const name of names) {
      for (const value of [secret, `[${secret}]`, `{a: ${secret}`, `*${secret}`]) {
        assert.ok(
          !problemsOf(smallest, { [name]: value })
            .join('\n')
            .includes(secret),
          name,
        )
      }
    }
  })

  it('are masked when the configuration is printed', () => {
    const configuration = configurationSchema.parse({
      http: { secret, host: `https://user:${secret}@a/` },
      log: { fields: { apikey: secret, nested: { password: secret }, plain: 'kept' } },
      storage: { s3: { bucket: 'b', accesskey: secret, secretkey: secret, regionendpoint: `https://u:${secret}@s3/` } },
      redis: { addrs: ['a:1'], password: secret, sentinelpassword: secret },
      proxy: { remoteurl: `https://user:${secret}@hub/`, username: 'user', password: secret },
      notifications: {
        endpoints: [
          { name: 'n', url: `https://a/hook?token=${secret}`, headers: { Authorization: [`Bearer ${secret}`] } },
        ],
      },
      health: { http: [{ uri: `http://u:${secret}@a/`, headers: { Authorization: secret } }] },
    })
    const printed = formatConfiguration(configuration)
    assert.ok(!printed.includes(secret), printed)
    for (const line of [
      'secret: "********"',
      'password: "********"',
      'sentinelpassword: "********"',
      'plain: kept',
      'username: user',
    ]) {
      assert.ok(printed.includes(line), line)
    }
  })

  it('are masked in every option that is marked so', () => {
    const marked = everything(configurationSchema, (schema) => (optionNotes.get(schema)?.secret ? secret : '3'))
    const printed = formatConfiguration(marked as Configuration)
    assert.ok(!printed.includes(secret), printed)
    assert.ok(printed.split(mask).length > 8)
  })

  it('are all that is not printed: the rest can be read again', () => {
    const text = `${smallest}log: {level: warn, fields: {a: 1, b: "1", c: "yes"}}
http: {draintimeout: 90s, relativeurls: false, headers: {X-A: ["0123", "true"]}, warnings: [soon], workers: 3}
health: {http: [{uri: "http://a/", timeout: 1500ms}]}
auth: none
`
    const configuration = configured(text)
    const printed = formatConfiguration(configuration)
    assert.deepEqual(configured(printed), configuration)
    assert.match(printed, /draintimeout: 1m30s/u)
    assert.match(formatConfiguration(configured(smallest)), /^auth: none$/mu)
  })
})
