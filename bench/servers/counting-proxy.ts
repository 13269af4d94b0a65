// Stands in front of an S3 server and counts what passes.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { S3Server } from './start-registry.ts'

export interface CountingProxy extends S3Server {
  /** Requests since the beginning. */
  count(): number
  close(): void
}

export async function startCountingProxy(target: S3Server): Promise<CountingProxy> {
  const { hostname, port } = new URL(target.endpoint)
  const agent = new http.Agent({ keepAlive: true })
  let count = 0

  const pass = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    count++
    const { method, url: path, headers } = request
    const onward = http.request({ agent, hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.once('error', () => response.destroy())
    request.pipe(onward)
  }
  const server = http.createServer(pass)
  // The store behind would say the same.
  server.on('checkContinue', (request, response: http.ServerResponse) => {
    response.writeContinue()
    pass(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    ...target,
    // Signatures name the host: the store believes the header.
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    close() {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}
