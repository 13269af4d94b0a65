import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LogOptions } from './log.ts'

const module = pathToFileURL(path.join(import.meta.dirname, 'log.ts')).href
const fields = { service: 'registry' }

/** What a process writes to standard error that logs in this way. */
function logged(options: LogOptions, statements: string): string[] {
  const source = `import { openLog } from ${JSON.stringify(module)}
    const log = openLog(${JSON.stringify(options)})
    ${statements}`
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
  })
  assert.equal(stdout, '')
  return stderr.split('\n').slice(0, -1)
}

const oneOfEach = `
  log.debug({ n: 1 }, 'looked closely')
  log.info({ n: 2, path: '/v2/a b', empty: undefined }, 'response completed')
  log.warn({ n: 3 }, 'a "quoted" word')
  log.error({ n: 4, error: 'line one\\nline two' }, 'failed')`

/** name=value pairs as logfmt readers take them. */
function logfmt(line: string): Record<string, string> {
  const pairs = [...line.matchAll(/([\w.]+)=("(?:[^"\\]|\\.)*"|\S+)(?: |$)/g)]
  assert.equal(pairs.map(([text]) => text).join(''), line)
  return Object.fromEntries(
    pairs.map(([, name, value = '']) => [name, value.startsWith('"') ? (JSON.parse(value) as string) : value]),
  ) as Record<string, string>
}

/** The fields of a line but its time, which must be one. */
function untimed<T extends Record<string, unknown>>({ time, ...rest }: T): Omit<T, 'time'> {
  assert.ok(!Number.isNaN(Date.parse(String(time))), `no time: ${String(time)}`)
  return rest
}

describe('the application log', () => {
  it('as text is one line of name=value pairs per event, whatever the values hold', () => {
    const lines = logged({ level: 'debug', formatter: 'text', fields }, oneOfEach).map(logfmt)
    assert.deepEqual(lines.map(untimed), [
      { level: 'debug', msg: 'looked closely', n: '1', service: 'registry' },
      { level: 'info', msg: 'response completed', n: '2', path: '/v2/a b', service: 'registry' },
      { level: 'warning', msg: 'a "quoted" word', n: '3', service: 'registry' },
      { level: 'error', msg: 'failed', n: '4', error: 'line one\nline two', service: 'registry' },
    ])
  })

  it('as json is one object per event, with the names of logrus', () => {
    const lines = logged({ level: 'info', formatter: 'json', fields }, oneOfEach).map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    )
    assert.deepEqual(lines.map(untimed), [
      { level: 'info', msg: 'response completed', n: 2, path: '/v2/a b', service: 'registry' },
      { level: 'warning', msg: 'a "quoted" word', n: 3, service: 'registry' },
      { level: 'error', msg: 'failed', n: 4, error: 'line one\nline two', service: 'registry' },
    ])
  })

  it('as logstash has @timestamp, @version and message', () => {
    const [line] = logged({ level: 'info', formatter: 'logstash', fields }, `log.info({ n: 2 }, 'listening')`)
    const { '@timestamp': time, ...rest } = JSON.parse(line as string) as Record<string, unknown>
    assert.deepEqual(untimed({ time, ...rest }), {
      '@version': '1',
      level: 'info',
      message: 'listening',
      n: 2,
      service: 'registry',
    })
  })

  it('has nothing below its level', () => {
    for (const formatter of ['text', 'json', 'logstash'] as const) {
      assert.equal(logged({ level: 'error', formatter, fields }, oneOfEach).length, 1, formatter)
    }
  })
})
