import assert from 'node:assert/strict'
import { openMemoryDriver } from '../memory.ts'
import { addressOf, giving } from './fixtures/addresses.ts'
import { rewritten, type Rewriting } from './rewrite.ts'

const presigned = 'http://minio:9000/bucket/root/data?X-Amz-Expires=60&X-Amz-Signature=00ff'

describe('a driver behind rewrite', () => {
  it('gives the storage’s addresses with another scheme, host and beginning of the path', async () => {
    const cases: [Rewriting, string][] = [
      [{}, presigned],
      [{ scheme: 'https' }, 'https://minio:9000/bucket/root/data?X-Amz-Expires=60&X-Amz-Signature=00ff'],
      [{ trimPathPrefix: '/bucket' }, 'http://minio:9000/root/data?X-Amz-Expires=60&X-Amz-Signature=00ff'],
      [{ trimPathPrefix: '/bucket/' }, 'http://minio:9000/root/data?X-Amz-Expires=60&X-Amz-Signature=00ff'],
      [{ trimPathPrefix: '/other' }, presigned],
      [
        { scheme: 'https', host: 'cdn.example.com:5443', trimPathPrefix: '/bucket/root' },
        'https://cdn.example.com:5443/data?X-Amz-Expires=60&X-Amz-Signature=00ff',
      ],
    ]
    for (const [rewriting, address] of cases) {
      assert.equal(await addressOf(rewritten(giving(presigned), rewriting)), address)
    }
  })

  it('puts no port of the storage behind another host', async () => {
    const address = await addressOf(rewritten(giving(presigned), { host: 'cdn.example.com' }))
    assert.equal(new URL(address).host, 'cdn.example.com')
  })

  it('keeps a port that the new scheme would not have by itself', async () => {
    const address = await addressOf(rewritten(giving('http://store:80/data'), { scheme: 'https' }))
    assert.equal(address, 'https://store:80/data')
  })

  it('compares the prefix with what the path means, and leaves what is behind it encoded', async () => {
    const address = await addressOf(rewritten(giving('http://h/a%20b/c%20d%3F?q=%2F'), { trimPathPrefix: '/a b' }))
    assert.equal(address, 'http://h/c%20d%3F?q=%2F')
  })

  it('gives none where the storage gives none', async () => {
    const client = { address: '203.0.113.7' }
    const sometimes = rewritten(giving(undefined), { host: 'cdn.example.com' })
    assert.equal(await sometimes.downloadUrl?.('key', 60, client), undefined)
    assert.equal(rewritten(openMemoryDriver(), { host: 'cdn.example.com' }).downloadUrl, undefined)
  })
})
