// A PUT whose body is in the hands of the test.
import { connectRaw, requestText, type RawConnection } from '../../raw-connection.ts'
import { signed, type PlainRequest, type S3Account } from '../signed-request.ts'

/** Has sent the head, which promises and signs these bytes, and none of them. */
export async function beginPut(account: S3Account, path: string, bytes: Uint8Array): Promise<RawConnection> {
  const connection = await connectRaw({ port: Number(new URL(account.endpoint).port) })
  await connection.send(headOf(account, { method: 'PUT', path, body: bytes }))
  return connection
}

export function headOf(account: S3Account, request: PlainRequest): string {
  const { method, path, headers, body } = signed(account, request)
  const { host = '', ...others } = headers
  return requestText(method, path, { headers: { ...others, Host: host, 'content-length': Buffer.byteLength(body) } })
}
