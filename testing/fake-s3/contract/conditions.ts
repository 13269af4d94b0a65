// If-Match and If-None-Match: the compare-and-swap of S3.
import assert from 'node:assert/strict'
import { outcome, type Session } from './session.ts'

const anotherEtag = '"00000000000000000000000000000000"'

export function describeConditions(session: () => Session): void {
  async function putHello(): Promise<string> {
    const { headers } = await session().put('key', 'hello')
    return String(headers['etag'])
  }
  const put = async (body: string, headers: Record<string, string>): Promise<string> =>
    outcome(await session().put('key', body, headers))

  describe('conditions on reading', () => {
    it('answer 304 to who has it already', async () => {
      const etag = await putHello()
      const { status, body } = await session().send({ key: 'key', headers: { 'if-none-match': etag } })
      assert.deepEqual([status, body.length], [304, 0])
      assert.equal(outcome(await session().send({ key: 'key', headers: { 'if-none-match': anotherEtag } })), '200')
    })

    it('answer 412 to who expects something else', async () => {
      const etag = await putHello()
      const ifMatch = async (value: string): Promise<string> =>
        outcome(await session().send({ key: 'key', headers: { 'if-match': value } }))
      assert.deepEqual([await ifMatch(etag), await ifMatch(anotherEtag)], ['200', '412 PreconditionFailed'])
    })
  })

  describe('conditions on writing', () => {
    it('If-None-Match: * writes what is not there yet, and nothing else', async () => {
      assert.equal(await put('one', { 'if-none-match': '*' }), '200')
      assert.equal(await put('two', { 'if-none-match': '*' }), '412 PreconditionFailed')
      assert.equal(await session().stored('key'), 'one')
    })

    it('If-None-Match takes nothing but *', async () => {
      assert.equal(await put('one', { 'if-none-match': anotherEtag }), '501 NotImplemented')
    })

    it('If-Match writes over what is expected, and over nothing else', async () => {
      const etag = await putHello()
      assert.equal(await put('two', { 'if-match': anotherEtag }), '412 PreconditionFailed')
      assert.equal(await session().stored('key'), 'hello')
      assert.equal(await put('two', { 'if-match': etag }), '200')
      assert.equal(await put('three', { 'if-match': etag }), '412 PreconditionFailed')
      assert.equal(await session().stored('key'), 'two')
    })

    it('If-Match on what is not there is 404', async () => {
      assert.equal(await put('one', { 'if-match': anotherEtag }), '404 NoSuchKey')
      assert.equal(await session().stored('key'), undefined)
    })

    it('have one winner among many at once', async () => {
      const bodies = Array.from({ length: 20 }, (_, index) => `writer ${index}`)
      const outcomes = await Promise.all(bodies.map((body) => put(body, { 'if-none-match': '*' })))
      assert.equal(outcomes.filter((one) => one === '200').length, 1)
      assert.equal(await session().stored('key'), bodies[outcomes.indexOf('200')])
    })
  })

  describe('conditions on deleting', () => {
    it('If-Match deletes what is expected, and nothing else', async () => {
      const etag = await putHello()
      const remove = async (value: string): Promise<string> =>
        outcome(await session().send({ method: 'DELETE', key: 'key', headers: { 'if-match': value } }))
      assert.equal(await remove(anotherEtag), '412 PreconditionFailed')
      assert.equal(await session().stored('key'), 'hello')
      assert.equal(await remove(etag), '204')
      assert.equal(await session().stored('key'), undefined)
    })
  })
}
