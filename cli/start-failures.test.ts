import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { freshFolder } from '../testing/fresh-folder.ts'
import { requireOrdinaryUser } from '../testing/requirements.ts'
import { runLading, type Outcome } from '../testing/run-lading.ts'
import { freePort } from '../testing/start-server.ts'

/** All of them take as long as a start does, so they start at the same time. */
interface Failures {
  dataIsFile: Promise<Outcome>
  portInUse: Promise<Outcome>
  portInUseByWorkers: Promise<Outcome>
  typo: Promise<Outcome>
  noFile: Promise<Outcome>
}

describe('a registry that cannot start', () => {
  const folder = freshFolder()
  const dataFile = path.join(folder, 'data')
  const configFile = path.join(folder, 'config.yml')
  const occupied = net.createServer()
  let port: number
  let failures: Failures

  before(async () => {
    port = await freePort()
    await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve))
    const { port: portInUse } = occupied.address() as net.AddressInfo
    fs.writeFileSync(dataFile, 'not a folder')
    fs.writeFileSync(
      configFile,
      `version: 0.1\nstorage:\n  filesystem:\n    rootdirectoy: ${folder}/typo\nhttp:\n  addr: 127.0.0.1:${port}\n  draintimeout: soon\n`,
    )
    const start = (environment: Record<string, string>): Promise<Outcome> =>
      runLading(['serve'], {
        environment: {
          REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
          REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: path.join(folder, 'root'),
          REGISTRY_HTTP_WORKERS: '1',
          ...environment,
        },
      })
    failures = {
      dataIsFile: start({ REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: dataFile }),
      portInUse: start({ REGISTRY_HTTP_ADDR: `127.0.0.1:${portInUse}` }),
      portInUseByWorkers: start({ REGISTRY_HTTP_ADDR: `127.0.0.1:${portInUse}`, REGISTRY_HTTP_WORKERS: '2' }),
      typo: runLading(['serve', configFile]),
      noFile: runLading(['serve', path.join(folder, 'absent.yml')]),
    }
    await Promise.all(Object.values(failures) as Promise<Outcome>[])
  })
  after(() => void occupied.close())

  /** Exit code 1, nothing on stdout, and on stderr sentences without a stack. */
  function assertFailed({ code, stdout, stderr }: Outcome, ...messages: RegExp[]): void {
    assert.equal(code, 1, stderr)
    assert.equal(stdout, '')
    assert.doesNotMatch(stderr, /^\s+at |node:internal/m)
    for (const message of messages) assert.match(stderr, message)
  }

  it('because its data directory is a file says so, and leaves the file as it is', async () => {
    assertFailed(
      await failures.dataIsFile,
      /^storage\.filesystem\.rootdirectory cannot be used: .*data is not a folder\. Give a folder/m,
    )
    assert.equal(fs.readFileSync(dataFile, 'utf8'), 'not a folder')
  })

  it('because its port is in use says so, and how to choose another', async () => {
    assertFailed(
      await failures.portInUse,
      /^http\.addr: 127\.0\.0\.1:\d+ is in use by another process\..*REGISTRY_HTTP_ADDR/m,
    )
  })

  it('says it once, also when several workers could not listen', async () => {
    const outcome = await failures.portInUseByWorkers
    assertFailed(outcome, /^http\.addr: 127\.0\.0\.1:\d+ is in use by another process\./m)
    assert.equal(outcome.stderr.match(/is in use/g)?.length, 1, outcome.stderr)
  })

  it('because of typos in its configuration names each of them with file and line', async () => {
    assertFailed(await failures.typo, /config\.yml:4: .*rootdirectoy.*rootdirectory/, /config\.yml:7: .*draintimeout/)
    assert.equal(fs.existsSync(path.join(folder, 'typo')), false)
  })

  it('because its configuration file is not there says so', async () => {
    assertFailed(await failures.noFile, /absent\.yml/)
  })

  it('listens nowhere', async () => {
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`))
  })

  it('because it may not write to its data directory says so', async function () {
    const closed = freshFolder()
    const within = requireOrdinaryUser(this, [closed])
    fs.chmodSync(closed, 0o500)
    const environment = {
      REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: path.join(closed, 'data'),
    }
    const outcome = await runLading(['serve'], { environment, within })
    assertFailed(outcome, /^storage\.filesystem\.rootdirectory cannot be used: .*EACCES/m)
  })
})
