// An object is there with all of its promised bytes, or not at all.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { signed } from '../signed-request.ts'
import { beginPut } from './begin-put.ts'
import { putAfterContinue } from './put-after-continue.ts'
import { outcome, type Session } from './session.ts'

const hash = (algorithm: string, text: string): Buffer => createHash(algorithm).update(text).digest()

export function describeWholeBodies(session: () => Session): void {
  it('stores under UNSIGNED-PAYLOAD whatever comes', async () => {
    const { send, stored } = session()
    const request = { method: 'PUT', key: 'key', body: 'hello', payloadHash: 'UNSIGNED-PAYLOAD' }
    assert.equal(outcome(await send(request)), '200')
    assert.equal(await stored('key'), 'hello')
  })

  it('stores nothing when the body does not have the hash that was signed', async () => {
    const { send, stored } = session()
    const payloadHash = hash('sha256', 'something else').toString('hex')
    const answer = await send({ method: 'PUT', key: 'key', body: 'hello', payloadHash })
    assert.equal(outcome(answer), '400 XAmzContentSHA256Mismatch')
    assert.equal(await stored('key'), undefined)
  })

  it('leaves what was there when the body does not have the hash that was signed', async () => {
    const { send, put, stored } = session()
    await put('key', 'before')
    await send({ method: 'PUT', key: 'key', body: 'hello', payloadHash: hash('sha256', 'else').toString('hex') })
    assert.equal(await stored('key'), 'before')
  })

  it('refuses what is no hash', async () => {
    const { send } = session()
    const answer = await send({ method: 'PUT', key: 'key', body: 'hello', payloadHash: 'abc' })
    assert.equal(outcome(answer), '400 InvalidArgument')
  })

  for (const [name, algorithm] of [
    ['content-md5', 'md5'],
    ['x-amz-checksum-sha256', 'sha256'],
    ['x-amz-checksum-sha1', 'sha1'],
  ] as const)
    it(`checks ${name}`, async () => {
      const { put, stored } = session()
      const header = (text: string): Record<string, string> => ({ [name]: hash(algorithm, text).toString('base64') })
      assert.equal(outcome(await put('key', 'hello', header('something else'))), '400 BadDigest')
      assert.equal(await stored('key'), undefined)
      assert.equal(outcome(await put('key', 'hello', header('hello'))), '200')
    })

  it('refuses a Content-MD5 that is none', async () => {
    const { put } = session()
    assert.equal(outcome(await put('key', 'hello', { 'content-md5': 'AAAA' })), '400 InvalidDigest')
  })

  it('stores a body when its last byte has come, and nothing of one that breaks off', async () => {
    const { account, bucket, stored } = session()
    const bytes = Buffer.alloc(1_000_000, 'a')
    for (const isWhole of [false, true]) {
      const connection = await beginPut(account, `/${bucket}/key`, bytes)
      await connection.send(bytes.subarray(0, -1))
      assert.equal(await stored('key'), undefined)
      if (isWhole) {
        await connection.send(bytes.subarray(-1))
        await connection.expect(/^HTTP\/1.1 200 /)
      }
      connection.cut()
      assert.equal((await stored('key'))?.length, isWhole ? bytes.length : undefined)
    }
  })

  it('takes a body from who waits to be told to send it', async () => {
    const { account, bucket, stored } = session()
    const request = signed(account, { method: 'PUT', path: `/${bucket}/key`, body: 'hello' })
    const { isContinued, status } = await putAfterContinue(account, request)
    assert.deepEqual([isContinued, status], [true, 200])
    assert.equal(await stored('key'), 'hello')
  })

  it('refuses who waits to be told to send a body', async () => {
    const { account, bucket, stored } = session()
    const request = signed({ ...account, secretKey: 'wrong' }, { method: 'PUT', path: `/${bucket}/key`, body: 'hello' })
    assert.equal((await putAfterContinue(account, request)).status, 403)
    assert.equal(await stored('key'), undefined)
  })
}
