/** One request, exactly as written, on a connection of its own: nothing is normalised, followed, decompressed or added. */
import http from 'node:http'

export interface Request {
  readonly method: string
  /** From the first `/`, as it goes over the wire. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Without Content-Length. */
  readonly chunked?: boolean
}

export interface Answer {
  /** 0 when the connection ended before an answer. */
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

const timeoutMs = 30_000

export function ask(url: string, request: Request): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const { method, path, body, chunked = false } = request
  const hasLength = !chunked && (body !== undefined || !['GET', 'HEAD'].includes(method))
  const headers = {
    ...(hasLength ? { 'Content-Length': String(body?.length ?? 0) } : {}),
    ...(chunked ? { 'Transfer-Encoding': 'chunked' } : {}),
    ...request.headers,
  }
  return new Promise((resolve) => {
    const cut = (error: Error): void => resolve({ status: 0, headers: {}, body: Buffer.from(error.message) })
    // Kept alive until the answer is whole: a server that refuses early still has to read what is on its way.
    const agent = new http.Agent({ keepAlive: true })
    const sending = http.request({ agent, hostname, port, method, path, headers, timeout: timeoutMs })
    sending.once('close', () => agent.destroy())
    sending.once('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.once('error', cut)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
      )
    })
    sending.once('timeout', () => sending.destroy(new Error('no answer in time')))
    sending.on('error', cut)
    sending.end(body)
  })
}

/** The codes of the error envelope in a body; none when it is no envelope. */
export function errorCodes(body: Buffer): readonly string[] {
  try {
    const { errors } = JSON.parse(body.toString()) as { errors?: { code: string }[] }
    return errors?.map(({ code }) => code) ?? []
  } catch {
    return []
  }
}

export const anyManifest = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*',
].join(', ')
