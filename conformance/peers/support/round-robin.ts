/** One address in front of several registries: every request goes to the next of them, also within one connection of a client. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface RoundRobin {
  readonly url: string
  /** Which of the servers, by its index, got each request so far: "PATCH 1". */
  passed(): readonly string[]
  stop(): Promise<void>
}

/** With `uploadsStay`, the requests of an upload all go where it began: for registries that cannot take it over from each other. */
export async function openRoundRobin(
  targets: readonly string[],
  { uploadsStay = false }: { uploadsStay?: boolean } = {},
): Promise<RoundRobin> {
  const passed: string[] = []
  const homes = new Map<string, number>()
  let next = 0

  const server = http.createServer((request, response) => {
    const index = homes.get(uploadIn(request.url)) ?? next++ % targets.length
    passed.push(`${request.method} ${index}`)
    const { hostname, port } = new URL(targets[index] as string)
    const { method, url: path, headers } = request
    // The client's Host stays as it is: addresses that the registries make from it lead back here.
    const onward = http.request({
      agent: false,
      hostname,
      port,
      method,
      path,
      headers: { ...headers, connection: 'close' },
    })
    onward.once('response', (answer) => {
      const { connection: _, 'keep-alive': __, ...kept } = answer.headers
      const begun = uploadsStay ? uploadIn(kept.location) : ''
      if (begun !== '') homes.set(begun, index)
      response.writeHead(answer.statusCode ?? 502, kept)
      answer.pipe(response)
    })
    onward.once('error', () => response.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    passed: () => passed,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** The id of an upload, from an address below it; empty for any other. */
function uploadIn(address = ''): string {
  return /\/blobs\/uploads\/([^/?]+)/.exec(address)?.[1] ?? ''
}
