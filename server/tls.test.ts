import assert from 'node:assert/strict'
import fs from 'node:fs'
import tls from 'node:tls'
import { makeCertificates, readPair, type Certificates, type KeyPair } from '../testing/certificates.ts'
import { exchange, type Answer, type ExchangeTarget } from '../testing/exchange.ts'
import { getBlob, newRepository, pushBlob } from '../testing/push.ts'
import { connectRaw } from '../testing/raw-connection.ts'
import { requireTool } from '../testing/requirements.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

describe('TLS', () => {
  let certificates: Certificates
  let servers: Record<'required' | 'optional', TestServer>

  before(async function () {
    requireTool(this, 'openssl')
    certificates = makeCertificates()
    const start = (clientauth: string): Promise<TestServer> =>
      startServer({
        storage: 'filesystem',
        workers: 1,
        readyWhen: /msg=listening/,
        environment: {
          REGISTRY_LOG_LEVEL: 'info',
          REGISTRY_HTTP_RELATIVEURLS: 'false',
          REGISTRY_HTTP_TLS_CERTIFICATE: certificates.server.certificate,
          REGISTRY_HTTP_TLS_KEY: certificates.server.key,
          REGISTRY_HTTP_TLS_MINIMUMTLS: 'tls1.2',
          REGISTRY_HTTP_TLS_CLIENTCAS_0: certificates.authority,
          REGISTRY_HTTP_TLS_CLIENTAUTH: clientauth,
        },
      })
    const [required, optional] = await Promise.all([
      start('require-and-verify-client-cert'),
      start('verify-client-cert-if-given'),
    ])
    servers = { required, optional }
  })
  after(async () => {
    if (servers !== undefined) await Promise.all(Object.values(servers).map((server) => server.stop()))
  })

  function target(server: TestServer, client?: KeyPair, more: tls.SecureContextOptions = {}): ExchangeTarget {
    const ca = fs.readFileSync(certificates.authority)
    const url = `https://127.0.0.1:${server.port}`
    return { url, tls: { ca, ...(client === undefined ? {} : readPair(client)), ...more } }
  }

  const ask = (to: ExchangeTarget): Promise<Answer> => exchange(to, { path: '/v2/' })

  it('serves a client whose certificate our authority signed, content of any size, under https addresses', async () => {
    const to = target(servers.required, certificates.client)
    const repository = newRepository()
    const bytes = Buffer.alloc(3_000_000, 'tls')
    const digest = await pushBlob(to, repository, bytes)
    assert.deepEqual((await getBlob(to, repository, digest)).body, bytes)
    const started = await exchange(to, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
    assert.ok(started.headers.location?.startsWith(`${to.url}/v2/`), String(started.headers.location))
  })

  it('refuses a client without a certificate, and one whose certificate somebody else signed', async () => {
    await assert.rejects(ask(target(servers.required)))
    await assert.rejects(ask(target(servers.required, certificates.stranger)))
    assert.equal((await ask(target(servers.required, certificates.client))).status, 200)
  })

  it('refuses no client without a certificate when clientauth only verifies those that are given', async () => {
    assert.equal((await ask(target(servers.optional))).status, 200)
    assert.equal((await ask(target(servers.optional, certificates.client))).status, 200)
    await assert.rejects(ask(target(servers.optional, certificates.stranger)))
  })

  it('lets nobody in by resuming a session that was refused', async () => {
    const options = { host: '127.0.0.1', port: servers.required.port, ca: fs.readFileSync(certificates.authority) }
    const session = await new Promise<Buffer | undefined>((resolve) => {
      const socket = tls.connect({ ...options, ...readPair(certificates.stranger), maxVersion: 'TLSv1.2' })
      let ticket: Buffer | undefined
      socket.on('session', (bytes: Buffer) => (ticket = bytes))
      socket.on('error', () => {})
      socket.once('close', () => resolve(ticket))
    })
    const resumed = { ...target(servers.required), tls: { ca: options.ca, session, maxVersion: 'TLSv1.2' as const } }
    await assert.rejects(ask(resumed))
  })

  it('is at least of the version that minimumtls says', async () => {
    const old = { minVersion: 'TLSv1' as const, maxVersion: 'TLSv1.1' as const, ciphers: 'DEFAULT@SECLEVEL=0' }
    await assert.rejects(ask(target(servers.optional, undefined, old)))
    assert.equal((await ask(target(servers.optional, undefined, { maxVersion: 'TLSv1.2' }))).status, 200)
  })

  it('lives on when somebody speaks plain HTTP, or garbage, or leaves in the middle of the handshake', async () => {
    for (const bytes of [
      'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n',
      Buffer.alloc(1000, 7),
      Buffer.from('16030100', 'hex'),
    ]) {
      const connection = await connectRaw(servers.optional)
      await connection.send(bytes)
      if (bytes.length > 4) await connection.closed()
      connection.cut()
    }
    assert.equal((await ask(target(servers.optional))).status, 200)
  })
})
