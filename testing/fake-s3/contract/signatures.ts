// Who may ask: signature version 4, in a header and in the address.
import { PutObjectCommand } from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { exchange } from '../../exchange.ts'
import { presigned, signed } from '../signed-request.ts'
import { outcome, sdkClient, sdkOutcome, type Session } from './session.ts'

const minuteMs = 60_000

export function describeSignatures(session: () => Session): void {
  describe('a signature', () => {
    it('by the wrong secret is refused', async () => {
      const { account, bucket, stored } = session()
      const stranger = sdkClient({ ...account, secretKey: 'wrong' })
      const put = stranger.send(new PutObjectCommand({ Bucket: bucket, Key: 'key', Body: 'a' }))
      assert.equal(await sdkOutcome(put), '403 SignatureDoesNotMatch')
      stranger.destroy()
      assert.equal(await stored('key'), undefined)
    })

    it('is needed', async () => {
      const { account, bucket } = session()
      const answer = await exchange({ url: account.endpoint }, { path: `/${bucket}/key` })
      assert.equal(outcome(answer), '403 AccessDenied')
    })

    it('is for its region', async () => {
      const { account, bucket } = session()
      const request = signed({ ...account, region: 'eu-west-1' }, { path: `/${bucket}/key` })
      const answer = await exchange({ url: account.endpoint }, request)
      assert.equal(outcome(answer), '400 AuthorizationHeaderMalformed')
    })

    it('is for a quarter of an hour', async () => {
      const { send } = session()
      const ago = (minutes: number): Date => new Date(Date.now() - minutes * minuteMs)
      assert.equal(outcome(await send({ key: 'key', signedAt: ago(16) })), '403 RequestTimeTooSkewed')
      assert.equal(outcome(await send({ key: 'key', signedAt: ago(-16) })), '403 RequestTimeTooSkewed')
      assert.equal(outcome(await send({ key: 'key', signedAt: ago(14) })), '404 NoSuchKey')
    })

    it('covers method, path, query and every x-amz- header', async () => {
      const { account, bucket, put } = session()
      await put('key', 'hello')
      const request = signed(account, { path: `/${bucket}/key`, query: { 'response-content-type': 'text/x' } })
      const change = async (changes: object): Promise<string> =>
        outcome(await exchange({ url: account.endpoint }, { ...request, ...changes }))
      assert.equal(await change({}), '200')
      assert.equal(await change({ method: 'DELETE' }), '403 SignatureDoesNotMatch')
      assert.equal(await change({ path: request.path.replace('/key', '/another') }), '403 SignatureDoesNotMatch')
      assert.equal(await change({ path: request.path.replace('text', 'html') }), '403 SignatureDoesNotMatch')
      assert.equal(await change({ headers: { ...request.headers, 'x-amz-acl': 'public-read' } }), '403 AccessDenied')
    })

    it('does not care how a space is written in the query', async () => {
      const { account, bucket, put } = session()
      await put('a b', 'hello')
      const request = signed(account, { path: `/${bucket}`, query: { 'list-type': '2', prefix: 'a b' } })
      const path = request.path.replace('a%20b', 'a+b')
      const answer = await exchange({ url: account.endpoint }, { ...request, path })
      assert.match(answer.body.toString(), /<Key>a b</)
    })

    it('may be that of the SDK as it is, with its checksums', async () => {
      const { account, bucket, stored } = session()
      const sdk = sdkClient(account, { requestChecksumCalculation: 'WHEN_SUPPORTED' })
      await sdk.send(new PutObjectCommand({ Bucket: bucket, Key: 'key', Body: 'hello' }))
      sdk.destroy()
      assert.equal(await stored('key'), 'hello')
    })
  })

  describe('a presigned address', () => {
    const get = async (path: string, more = {}): Promise<string> =>
      outcome(await exchange({ url: session().account.endpoint }, { path, ...more }))
    const keyPath = (): string => `/${session().bucket}/a key`

    beforeEach(() => session().put('a key', 'hello'))

    it('needs no headers', async () => {
      const { account } = session()
      const path = presigned(account, { path: keyPath() }, 60)
      const answer = await exchange({ url: account.endpoint }, { path, headers: { range: 'bytes=1-2' } })
      assert.equal(`${answer.status} ${answer.body.toString()}`, '206 el')
    })

    it('expires', async () => {
      const { account } = session()
      const signedAt = new Date(Date.now() - minuteMs)
      assert.equal(await get(presigned(account, { path: keyPath(), signedAt }, 30)), '403 AccessDenied')
      assert.equal(await get(presigned(account, { path: keyPath(), signedAt }, 90)), '200')
      assert.equal(await get(presigned(account, { path: keyPath() }, 700_000)), '400 AuthorizationQueryParametersError')
    })

    it('is for its key, its method and its overrides', async () => {
      const { account } = session()
      const path = presigned(account, { path: keyPath(), query: { 'response-content-type': 'text/x' } }, 60)
      assert.equal(await get(path), '200')
      assert.equal(await get(path.replace('a%20key', 'another')), '403 SignatureDoesNotMatch')
      assert.equal(await get(path.replace('text%2Fx', 'html')), '403 SignatureDoesNotMatch')
      assert.equal(await get(path, { method: 'PUT', body: 'a' }), '403 SignatureDoesNotMatch')
      assert.equal(await get(path.replace('Expires=60', 'Expires=600')), '403 SignatureDoesNotMatch')
    })

    it('by the wrong secret is refused', async () => {
      const stranger = { ...session().account, secretKey: 'wrong' }
      assert.equal(await get(presigned(stranger, { path: keyPath() }, 60)), '403 SignatureDoesNotMatch')
    })

    it('may also write', async () => {
      const { account, bucket, stored } = session()
      const path = presigned(account, { method: 'PUT', path: `/${bucket}/new` }, 60)
      assert.equal(await get(path, { method: 'PUT', body: 'new' }), '200')
      assert.equal(await stored('new'), 'new')
    })
  })
}
