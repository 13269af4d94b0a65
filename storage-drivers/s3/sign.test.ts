import { SignatureV4 } from '@smithy/signature-v4'
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { createSigner, encodeKey, queryString, sha256Of } from './sign.ts'

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const host = 'examplebucket.s3.amazonaws.com'
const then = Date.UTC(2013, 4, 24)
const empty = sha256Of('')

describe('a signature of version 4', () => {
  const signer = createSigner('us-east-1')
  const signatureIn = (headers: Record<string, string>): string | undefined =>
    /Signature=(\w+)$/.exec(headers['authorization'] ?? '')?.[1]

  // "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", its four examples.
  const examples: [string, object, string][] = [
    [
      'GET object',
      { path: '/test.txt', headers: { range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT object',
      {
        method: 'PUT',
        path: `/${encodeKey('test$file.text')}`,
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        payloadHash: sha256Of('Welcome to Amazon S3.'),
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'GET bucket lifecycle',
      { query: { lifecycle: '' } },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'list objects',
      { query: { 'max-keys': '2', prefix: 'J' } },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ]
  for (const [name, request, expected] of examples) {
    it(`is that of Amazon's example: ${name}`, () => {
      const unsigned = { method: 'GET', host, path: '/', query: {}, headers: {}, payloadHash: empty, ...request }
      assert.equal(signatureIn(signer.headers(unsigned, credentials, then)), expected)
    })
  }

  // "Authenticating Requests: Using Query Parameters".
  it("in an address is that of Amazon's example", () => {
    const text = signer.query({ method: 'GET', host, path: '/test.txt', query: {} }, credentials, then, 86_400)
    assert.match(text, /&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/)
    assert.match(text, /X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request/)
  })

  const texts = fc.string({ unit: 'grapheme', maxLength: 12 })
  const requests = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'),
    key: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
    query: fc.dictionary(texts, texts, { maxKeys: 5, noNullPrototype: true }),
    headers: fc.dictionary(
      fc.constantFrom('range', 'content-type', 'x-amz-acl', 'x-amz-copy-source', 'if-match'),
      fc.oneof(fc.stringMatching(/^[!-~]([ -~]{0,15}[!-~])?$/), fc.constant('two  spaces')),
      { noNullPrototype: true },
    ),
    now: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    token: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,30}$/), { nil: undefined }),
    region: fc.constantFrom('us-east-1', 'eu-central-1'),
  })

  it('of any request is what the AWS SDK signs', () =>
    fc.assert(
      fc.asyncProperty(requests, async ({ method, key, query, headers, now, token, region }) => {
        const path = `/${encodeKey(key.join('/'))}`
        const own = { ...credentials, ...(token === undefined ? {} : { sessionToken: token }) }
        const payloadHash = 'UNSIGNED-PAYLOAD'
        const sdk = new SignatureV4({
          service: 's3',
          region,
          credentials: own,
          sha256: Sha256 as never,
          uriEscapePath: false,
        })
        const signed = await sdk.sign(
          {
            method,
            protocol: 'https:',
            hostname: host,
            path,
            query,
            headers: { ...headers, host, 'x-amz-content-sha256': payloadHash },
          },
          { signingDate: new Date(now) },
        )
        const ours = createSigner(region).headers({ method, host, path, query, headers, payloadHash }, own, now)
        assert.equal(signatureIn(ours), signatureIn(signed.headers))
      }),
      { numRuns: 300 },
    ))

  it('changes with the day and with the credentials, whatever was signed before', () => {
    const unsigned = { method: 'GET', host, path: '/', query: {}, headers: {}, payloadHash: empty }
    const cases = [then, then + 86_400_000].flatMap((now) =>
      [credentials, { ...credentials, secretAccessKey: 'other' }, { ...credentials, accessKeyId: 'other' }].map(
        (own) => [own, now] as const,
      ),
    )
    for (const [own, now] of [...cases, ...cases.toReversed()])
      assert.deepEqual(signer.headers(unsigned, own, now), createSigner('us-east-1').headers(unsigned, own, now))
  })
})

describe('what is signed and sent', () => {
  it('names every key so that its path means that key', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        const encoded = encodeKey(key)
        assert.match(encoded, /^(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*$/)
        assert.equal(decodeURIComponent(encoded), key)
      }),
    ))

  it('has its query in the order of the encoded names', () => {
    assert.equal(queryString({ b: '1', a: ' /+', 'B.': 'ä', ü: '' }), '%C3%BC=&B.=%C3%A4&a=%20%2F%2B&b=1')
  })
})

/** As the SDK wants it. */
class Sha256 {
  private readonly hash

  constructor(secret?: string | Uint8Array) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }

  update(bytes: string | Uint8Array): void {
    this.hash.update(bytes)
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }
}
