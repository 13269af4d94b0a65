import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { newRepository, pushBlob } from '../testing/push.ts'
import { requireLinux } from '../testing/requirements.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'
import { eventually } from '../testing/wait-for.ts'

const mebibyte = 1024 * 1024

describe('memory', () => {
  let server: TestServer
  before(async function () {
    requireLinux(this)
    server = await startServer({ storage: 'filesystem', workers: 1 })
  })
  after(() => server?.stop())

  it('that a burst of pushes took is given back when the process has nothing to do', async function () {
    this.timeout(60_000)
    const blobs = Array.from({ length: 12 }, () => randomBytes(24 * mebibyte))
    await Promise.all(blobs.map((blob) => pushBlob(server, newRepository(), blob)))
    const after = residentBytes(server)
    const isGivenBack = await eventually(() => residentBytes(server) < after - 16 * mebibyte)
    assert.ok(isGivenBack, `${after / mebibyte} MiB after the pushes, ${residentBytes(server) / mebibyte} MiB now`)
  })
})

function residentBytes({ process }: TestServer): number {
  const [kibibytes = '0'] = /(?<=^VmRSS:\s+)\d+/m.exec(fs.readFileSync(`/proc/${process.pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * 1024
}
