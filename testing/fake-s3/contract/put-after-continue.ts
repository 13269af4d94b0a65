// A request with Expect: 100-continue, whose body waits for the server's word.
import { once } from 'node:events'
import http from 'node:http'
import type { S3Account, SignedRequest } from '../signed-request.ts'

/** Of connections that would be used again, so that the server says whether it could be. */
const agent = new http.Agent({ keepAlive: true })

export async function putAfterContinue(
  { endpoint }: S3Account,
  { method, path, headers, body }: SignedRequest,
): Promise<{ isContinued: boolean; status: number | undefined; connection: string | undefined }> {
  const { hostname, port } = new URL(endpoint)
  const length = Buffer.byteLength(body)
  const allHeaders = { ...headers, 'content-length': length, expect: '100-continue' }
  const request = http.request({ agent, hostname, port, path, method, headers: allHeaders })
  let isContinued = false
  request.once('continue', () => {
    isContinued = true
    request.end(body)
  })
  request.flushHeaders()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  request.destroy()
  return { isContinued, status: response.statusCode, connection: response.headers.connection }
}
