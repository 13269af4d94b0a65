import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { openMemoryDriver } from '../memory.ts'
import { behindCloudFront, signingKey } from './cloudfront.ts'
import { addressOf, blobKey, inBucket, readSignedAddress } from './fixtures/addresses.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const options = {
  baseUrl: 'https://d111.cloudfront.net/',
  keyPairId: 'K2JCJMDEHXQW5F',
  privateKey,
  durationMs: 20 * 60_000,
}

describe('a driver behind CloudFront', () => {
  it('gives addresses of the keys in the bucket, signed for CloudFront with the canned policy', async () => {
    const address = await addressOf(behindCloudFront(inBucket('root'), options))
    const { resource, keyPairId, isSigned } = readSignedAddress(address, publicKey)
    assert.equal(resource, `https://d111.cloudfront.net/root/${blobKey}`)
    assert.equal(keyPairId, 'K2JCJMDEHXQW5F')
    assert.ok(isSigned)
    assert.equal(readSignedAddress(address, stranger.publicKey).isSigned, false)
  })

  it('gives addresses that end after its own duration, not the storage’s', async () => {
    const earliest = Math.floor(Date.now() / 1000) + 20 * 60
    const address = await addressOf(behindCloudFront(inBucket('root'), options))
    const { expires } = readSignedAddress(address, publicKey)
    assert.ok(expires >= earliest && expires <= Math.floor(Date.now() / 1000) + 20 * 60)
    assert.equal(readSignedAddress(address.replace(/Expires=\d+/, 'Expires=4102444800'), publicKey).isSigned, false)
  })

  it('signs the address as it is requested, with the path of the base and what cannot stand in an address encoded', async () => {
    const driver = behindCloudFront(inBucket('a root'), { ...options, baseUrl: 'https://cdn.example.com/layers' })
    const { resource, isSigned } = readSignedAddress(await addressOf(driver), publicKey)
    assert.equal(resource, `https://cdn.example.com/layers/a%20root/${blobKey}`)
    assert.ok(isSigned)
  })

  it('writes no sign of base64 that means something in a query', async () => {
    // 256 bytes in base64: 342 characters, some of which all but certainly are + or /, and two times =.
    const driver = behindCloudFront(inBucket('root'), options)
    for (let count = 0; count < 20; count++) {
      const address = await addressOf(driver, '-', `key-${count}`)
      const signature = /&Signature=([^&]+)&/.exec(address)?.[1] ?? ''
      assert.match(signature, /^[\w~-]{342}__$/)
      assert.ok(readSignedAddress(address, publicKey).isSigned)
    }
  })

  it('gives those that are near what the storage gives', async () => {
    const driver = behindCloudFront(inBucket('root'), { ...options, isNear: (address) => address === '192.0.2.1' })
    assert.equal(
      await addressOf(driver, '192.0.2.1'),
      `https://bucket.s3.example/root/${blobKey}?for=60&client=192.0.2.1`,
    )
    assert.match(await addressOf(driver, '192.0.2.2'), /^https:\/\/d111\.cloudfront\.net\//)
  })

  it('is the driver as it was where the storage is no bucket', () => {
    const driver = openMemoryDriver()
    assert.equal(behindCloudFront(driver, options), driver)
  })
})

describe('the key for CloudFront', () => {
  it('is read from PKCS#1, as Amazon used to make it, and from PKCS#8, as openssl makes it', () => {
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      const pem = privateKey.export({ type, format: 'pem' })
      assert.ok(signingKey(pem).equals(privateKey))
    }
  })

  it('is not taken when CloudFront could not verify what it signs, or it cannot be read', () => {
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    const padded = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey
    const lock = { cipher: 'aes-256-cbc', passphrase: 'secret' }
    const cases: [string, RegExp][] = [
      [curve, /^Error: it is of type ec, not RSA$/],
      [padded.export({ type: 'pkcs8', format: 'pem' }), /^Error: it is of type rsa-pss, not RSA$/],
      [privateKey.export({ type: 'pkcs8', format: 'pem', ...lock }), /^Error: it is protected by a password$/],
      [privateKey.export({ type: 'pkcs1', format: 'pem', ...lock }), /^Error: it is protected by a password$/],
      [publicKey.export({ type: 'spki', format: 'pem' }), /^Error: it is no private key in PEM form$/],
      ['', /^Error: it is no private key in PEM form$/],
    ]
    for (const [pem, expected] of cases) assert.throws(() => signingKey(pem), expected)
  })
})
