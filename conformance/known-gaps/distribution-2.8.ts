/**
 * Runs the suite against Debian's `docker-registry` (CNCF distribution 2.8), which must fail exactly the tests listed beside
 * this file: so we know that the suite can fail, and that it is fair. Says so and does nothing where it is not installed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const program = 'docker-registry'
const longestStartMs = 15_000

async function main(): Promise<number> {
  if (spawnSync(program, ['--version']).error !== undefined) {
    console.log(`skipped: there is no ${program} on this machine (Debian: apt install ${program})`)
    return 0
  }

  const folder = await mkdtemp(join(tmpdir(), 'known-gaps-'))
  const address = `127.0.0.1:${await freePort()}`
  await writeFile(join(folder, 'config.yml'), configuration(folder, address))
  const registry = spawn(program, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  try {
    await untilReady(registry, `http://${address}/v2/`)
    return await runSuite(`http://${address}`)
  } finally {
    await stop(registry)
    await rm(folder, { recursive: true })
  }
}

function configuration(folder: string, address: string): string {
  return `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${join(folder, 'data')} }
  delete: { enabled: true }
http: { addr: '${address}', secret: known-gaps }
`
}

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
  return promise
}

async function untilReady(registry: ChildProcess, url: string): Promise<void> {
  for (const deadline = Date.now() + longestStartMs; Date.now() < deadline; await sleep(50)) {
    if (registry.exitCode !== null) throw new Error(`${program} ended with code ${registry.exitCode}`)
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok === true) return
  }
  throw new Error(`${program} did not answer within ${longestStartMs} ms`)
}

async function runSuite(url: string): Promise<number> {
  const script = join(import.meta.dirname, '../run.ts')
  const expected = join(import.meta.dirname, 'distribution-2.8.json')
  const run = spawn(process.execPath, [script, url, '--expect', expected], { stdio: 'inherit' })
  const { promise, resolve } = Promise.withResolvers<number>()
  run.once('exit', (code) => resolve(code ?? 1))
  return promise
}

async function stop(registry: ChildProcess): Promise<void> {
  if (registry.exitCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  registry.once('exit', () => resolve())
  registry.kill()
  await promise
}

process.exitCode = await main()
