/**
 * Runs the suite against Debian's `docker-registry` (CNCF distribution 2.8), which must fail exactly the tests listed beside
 * this file: so we know that the suite can fail, and that it is fair. Says so and does nothing where it is not installed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshFolder } from '../../testing/fresh-folder.ts'
import { startProcess } from '../../testing/start-process.ts'
import { freePort } from '../../testing/start-server.ts'

const program = 'docker-registry'
const longestStartMs = 15_000

async function main(): Promise<number> {
  if (spawnSync(program, ['--version']).error !== undefined) {
    console.log(`skipped: there is no ${program} on this machine (Debian: apt install ${program})`)
    return 0
  }

  const folder = freshFolder()
  const file = join(folder, 'config.yml')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  writeFileSync(file, configuration(folder, port))
  const registry = startProcess([program, 'serve', file], process.env)
  try {
    await registry.untilReady(() => answers(`${url}/v2/`), { withinMs: longestStartMs })
    return await runSuite(url)
  } finally {
    await registry.stop()
  }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url).catch(() => undefined)
  return answer?.ok === true
}

function configuration(folder: string, port: number): string {
  return `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${join(folder, 'data')} }
  delete: { enabled: true }
http: { addr: '127.0.0.1:${port}', secret: known-gaps }
`
}

async function runSuite(url: string): Promise<number> {
  const script = join(import.meta.dirname, '../run.ts')
  const expected = join(import.meta.dirname, 'distribution-2.8.json')
  const run = spawn(process.execPath, [script, url, '--expect', expected], { stdio: 'inherit' })
  const { promise, resolve } = Promise.withResolvers<number>()
  run.once('exit', (code) => resolve(code ?? 1))
  return promise
}

process.exitCode = await main()
