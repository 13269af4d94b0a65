import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { mock } from 'node:test'
import type { Log } from '../registry/log.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { addressOf, blobKey, inBucket, readSignedAddress } from '../storage-drivers/redirects/fixtures/addresses.ts'
import { someNetworks, startListServer, type ListServer } from '../storage-drivers/redirects/fixtures/list-server.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { middlewareOptions } from './config/options/middleware.ts'
import { applyStorageMiddleware, type StorageMiddleware } from './storage-middleware.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const folder = freshFolder()
const privatekey = path.join(folder, 'cloudfront.pem')
fs.writeFileSync(privatekey, privateKey.export({ type: 'pkcs1', format: 'pem' }))

const inAws = '198.51.100.1'
const elsewhere = '192.0.2.1'

/** As it comes out of a configuration file. */
function entry(
  name: string,
  { baseurl, ...options }: Record<string, unknown> = {},
  more: object = {},
): StorageMiddleware {
  const [parsed] = middlewareOptions.parse({ storage: [{ name, ...more, options }] }).storage
  assert.ok(parsed !== undefined)
  return { ...parsed, options: { ...parsed.options, baseurl: baseurl as string | undefined } }
}

function cloudfront(options: Record<string, unknown> = {}): StorageMiddleware {
  return entry('cloudfront', { baseurl: 'https://d111.cloudfront.net', privatekey, keypairid: 'K123', ...options })
}

describe('middleware.storage', () => {
  let lines: string[]
  let applied: StorageDriver | undefined

  const note =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }

  beforeEach(() => {
    lines = []
    applied = undefined
  })
  afterEach(() => applied?.close())

  async function apply(entries: StorageMiddleware[], driver = inBucket('root')): Promise<StorageDriver> {
    applied = await applyStorageMiddleware(driver, entries, log)
    return applied
  }

  it('leaves a driver alone when it is empty or all of it is disabled', async () => {
    const driver = inBucket('root')
    assert.equal(await apply([], driver), driver)
    assert.equal(await apply([entry('cloudfront', {}, { disabled: true })], driver), driver)
  })

  it('is applied in its order, each entry around the ones before', async () => {
    const redirect = entry('redirect', { baseurl: 'https://mirror.example.com/layers' })
    const rewrite = entry('rewrite', { scheme: 'http', host: 'cdn.example.com', trimpathprefix: '/layers' })
    assert.equal(await addressOf(await apply([redirect, rewrite])), `http://cdn.example.com/${blobKey}`)
    assert.equal(await addressOf(await apply([rewrite, redirect])), `https://mirror.example.com/layers/${blobKey}`)
    const disabled = { ...redirect, disabled: true }
    assert.match(await addressOf(await apply([disabled, rewrite])), /^http:\/\/cdn\.example\.com\/root\/docker/)
  })

  it('sends clients to CloudFront, by https where baseurl has no scheme, for as long as duration says', async () => {
    const driver = await apply([cloudfront({ baseurl: 'd111.cloudfront.net', duration: '3000s' })])
    const earliest = Math.floor(Date.now() / 1000) + 3000
    const { resource, expires, isSigned } = readSignedAddress(await addressOf(driver), publicKey)
    assert.equal(resource, `https://d111.cloudfront.net/root/${blobKey}`)
    assert.ok(isSigned && expires >= earliest && expires <= earliest + 5)
  })

  it('puts CloudFront around a rewrite too: clients in AWS then get what was rewritten', async () => {
    const server = await startListServer()
    try {
      const near = { ipfilteredby: 'aws', iprangesurl: server.url }
      const driver = await apply([entry('rewrite', { host: 'vpce.example.com' }), cloudfront(near)])
      assert.match(await addressOf(driver, inAws), /^https:\/\/vpce\.example\.com\/root\//)
      assert.match(await addressOf(driver, elsewhere), /^https:\/\/d111\.cloudfront\.net\/root\//)
    } finally {
      await server.close()
    }
  })

  it('says what has no effect on this storage, and goes on without it', async () => {
    const storage = openMemoryDriver()
    assert.equal(
      await apply([cloudfront({ privatekey: '/nowhere' }), entry('rewrite', { host: 'h' })], storage),
      storage,
    )
    assert.deepEqual(lines, [
      'warn cloudfront has no effect: the storage is no bucket of S3 {"middleware":"middleware.storage[0]","storage":"inmemory"}',
      'warn rewrite has no effect: the storage has no addresses to rewrite {"middleware":"middleware.storage[1]","storage":"inmemory"}',
    ])
  })

  it('is refused with a sentence that says what is wrong, and the storage is closed', async () => {
    const curve = path.join(folder, 'curve.pem')
    const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    fs.writeFileSync(curve, other.export({ type: 'pkcs8', format: 'pem' }))
    const address =
      /^Error: middleware\.storage\[1\]\.options\.baseurl must be an address such as https:\/\/example\.com or /
    const host = /^Error: middleware\.storage\[1\]\.options\.host must be a host name, with a port if need be/
    const cases: [StorageMiddleware, RegExp][] = [
      [cloudfront({ privatekey: path.join(folder, 'no.pem') }), /\.privatekey: .*no\.pem cannot be read: ENOENT/],
      [cloudfront({ privatekey: folder }), /\.privatekey: .* cannot be read: EISDIR/],
      [
        cloudfront({ privatekey: curve }),
        /curve\.pem holds no private RSA key that can sign: it is of type ec, not RSA\. Give/,
      ],
      [cloudfront({ baseurl: 'ftp://d111.cloudfront.net' }), address],
      [cloudfront({ duration: '0s' }), /\[1\]\.options\.duration must be at least 1s\./],
      [
        cloudfront({ ipfilteredby: 'awsregion', awsregion: ' , ' }),
        /\[1\]\.options\.awsregion is missing\. Give the regions/,
      ],
      [entry('redirect', { baseurl: 'mirror.example.com' }), address],
      [entry('redirect', { baseurl: 'https://mirror.example.com/%ff' }), address],
      [entry('rewrite', { host: 'https://cdn.example.com' }), host],
      [entry('rewrite', { host: 'cdn.example.com/path' }), host],
      [entry('mirror'), /\[1\]\.name must be one of redirect, cloudfront, rewrite\./],
    ]
    for (const [wrong, expected] of cases) {
      let closings = 0
      const driver = { ...inBucket('root'), close: async () => void closings++ }
      const entries = [entry('rewrite', { host: 'h' }), wrong]
      await assert.rejects(applyStorageMiddleware(driver, entries, log), expected)
      assert.equal(closings, 1)
    }
  })

  describe('with ipfilteredby', () => {
    let server: ListServer

    beforeEach(async () => {
      server = await startListServer()
    })
    afterEach(() => server.close())

    const atS3 = /^https:\/\/bucket\.s3\.example\/root\//
    const atCloudFront = /^https:\/\/d111\.cloudfront\.net\/root\//

    it('aws, sends clients in AWS to S3 and everyone else to CloudFront', async () => {
      const driver = await apply([cloudfront({ ipfilteredby: 'aws', awsregion: 'eu-west-1', iprangesurl: server.url })])
      for (const client of [inAws, `::ffff:${inAws}`, '203.0.113.9', '2001:db8:1::1', '2001:db8:2::1'])
        assert.match(await addressOf(driver, client), atS3)
      for (const client of [elsewhere, '2001:db8:3::1', '-'])
        assert.match(await addressOf(driver, client), atCloudFront)
      assert.match(lines.join(), /^info the list of AWS networks was fetched .*"networks":4/)
    })

    it('awsregion, sends clients in these regions to S3: a list, or one text with commas as in distribution', async () => {
      for (const awsregion of [['eu-west-1', 'eu-west-2'], 'eu-west-2, EU-West-1']) {
        const options = { ipfilteredby: 'awsregion', awsregion, iprangesurl: server.url }
        const driver = await apply([cloudfront(options)])
        for (const client of [inAws, '2001:db8:1::1']) assert.match(await addressOf(driver, client), atS3)
        for (const client of ['203.0.113.9', '2001:db8:2::1', elsewhere])
          assert.match(await addressOf(driver, client), atCloudFront)
        await driver.close()
        console.log('closed', lines, server.asked())
      }
    })

    it('awsregion, says when no network is in the regions', async () => {
      await apply([cloudfront({ ipfilteredby: 'awsregion', awsregion: 'eu-west', iprangesurl: server.url })])
      assert.match(lines.join(), /^warn no AWS network is in these regions .*"regions":\["eu-west"\]/)
    })

    it('none, asks for no list', async () => {
      await apply([cloudfront({ iprangesurl: server.url })])
      assert.equal(server.asked(), 0)
    })

    it('sends everyone to CloudFront when there is no list, and says so', async () => {
      server.answer({ status: 503, body: someNetworks })
      const driver = await apply([cloudfront({ ipfilteredby: 'aws', iprangesurl: server.url })])
      assert.match(await addressOf(driver, inAws), atCloudFront)
      assert.match(lines.join(), /^warn the list of AWS networks could not be fetched .*status 503/)
    })

    it('asks no more than once a minute, however often updatefrequency says, and no more at all once closed', async () => {
      mock.timers.enable({ apis: ['setTimeout'] })
      const requests = mock.method(globalThis, 'fetch').mock
      try {
        const driver = await apply([
          cloudfront({ ipfilteredby: 'aws', iprangesurl: server.url, updatefrequency: '0s' }),
        ])
        mock.timers.tick(59_999)
        assert.equal(requests.callCount(), 1)
        mock.timers.tick(1)
        assert.equal(requests.callCount(), 2)
        while (lines.length < 2) await new Promise((resolve) => setImmediate(resolve))
        await driver.close()
        mock.timers.tick(60_000)
        assert.equal(requests.callCount(), 2)
      } finally {
        mock.reset()
        mock.timers.reset()
      }
    })
  })
})
