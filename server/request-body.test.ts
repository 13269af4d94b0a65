import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { BodyRequest } from './request-body.ts'

const mebibyte = 1024 * 1024
const highWaterMark = mebibyte / 4

describe('the body of a request', () => {
  it('comes whole and in order, also when its beginning was there before it was asked for', async () => {
    const content = randomBytes(8 * mebibyte)
    const received = await exchange(content, async (request) => {
      await sleep(50)
      return Buffer.concat((await Array.fromAsync(request.batches())).flat())
    })
    assert.ok(received.equals(content))
  })

  it('ends at once when it was whole before it was asked for', async () => {
    const received = await exchange(Buffer.from('small'), async (request) => {
      await sleep(50)
      assert.ok(request.hasWaiting())
      return Buffer.concat((await Array.fromAsync(request.batches())).flat())
    })
    assert.equal(received.toString(), 'small')
  })

  it('waits at the client while nobody takes it', async () => {
    const content = randomBytes(32 * mebibyte)
    await exchange(content, async (request) => {
      const batches = request.batches()
      const first = await batches.next()
      await sleep(200)
      assert.ok(request.hasWaiting(), 'what was collected counts as waiting')
      const second = await batches.next()
      const held = [...(first.value ?? []), ...(second.value ?? [])].reduce((sum, { length }) => sum + length, 0)
      assert.ok(held < 3 * mebibyte, `${held} bytes were taken from the socket`)
      const rest = (await Array.fromAsync(batches)).flat()
      assert.equal(held + Buffer.concat(rest).length, content.length)
    })
  })

  it('arrives whole beside many others, of which each may hold less while there are more', async () => {
    const content = randomBytes(4 * mebibyte)
    const sizes = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        exchange(content, async (request) => {
          let size = 0
          for await (const batch of request.batches()) {
            for (const { length } of batch) size += length
            // Some are taken slowly, and see the others end.
            if (index % 4 === 0) await sleep(20)
          }
          return size
        }),
      ),
    )
    assert.deepEqual(new Set(sizes), new Set([content.length]))
  })

  it('fails when the client goes away in its middle, before and after it was asked for', async () => {
    for (const pauseMs of [0, 100]) {
      const failure = Promise.withResolvers<unknown>()
      const server = http.createServer({ IncomingMessage: BodyRequest, highWaterMark }, (request) => {
        void sleep(pauseMs)
          .then(() => Array.fromAsync(request.batches()))
          .then(failure.resolve, failure.resolve)
      })
      const client = http.request({
        host: '127.0.0.1',
        port: await listen(server),
        method: 'PUT',
        headers: { 'Content-Length': 1000 },
      })
      client.on('error', () => {})
      client.write('the first bytes', () => setTimeout(() => client.destroy(), 20))
      assert.equal(((await failure.promise) as NodeJS.ErrnoException).code, 'ECONNRESET')
      server.close()
    }
  })

  it('flows away when its reader stopped early and lets it', async () => {
    await exchange(randomBytes(32 * mebibyte), async (request) => {
      for await (const batch of request.batches()) if (batch.length > 0) break
      request.resume()
    })
  })
})

/** Sends the content to a server that takes it so, on one connection with a second request behind it. */
async function exchange<T>(content: Buffer, take: (request: BodyRequest) => Promise<T>): Promise<T> {
  const taken = Promise.withResolvers<T>()
  const server = http.createServer({ IncomingMessage: BodyRequest, highWaterMark }, (request, response) => {
    if (request.method === 'GET') return void response.end()
    take(request)
      .then(taken.resolve, taken.reject)
      .finally(() => response.end())
  })
  const port = await listen(server)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  try {
    await send({ host: '127.0.0.1', port, agent, method: 'PUT' }, content)
    await send({ host: '127.0.0.1', port, agent, method: 'GET' })
    return await taken.promise
  } finally {
    agent.destroy()
    server.close()
  }
}

function send(options: http.RequestOptions, content?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => response.resume().on('end', resolve))
    request.on('error', reject)
    request.end(content)
  })
}

async function listen(server: http.Server<typeof BodyRequest>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
