// The `_state` that CNCF distribution puts into upload locations. We need none of it, but where both registries serve one storage behind one address,
// the next request of an upload that began here may reach distribution, which insists on it.
import { createHmac } from 'node:crypto'

export interface UploadPosition {
  repository: string
  id: string
  /** Bytes received so far. */
  size: number
}

/** HMAC-SHA256 of the JSON, and the JSON, in padded base64url. `secret` is http.secret, the same for all who share the storage. */
export function signedUploadState(
  secret: string,
  { repository, id, size }: UploadPosition,
  now: Date = new Date(),
): string {
  // Field names and their order are those of distribution; it checks name, id and offset.
  const state = JSON.stringify({ Name: repository, UUID: id, Offset: size, StartedAt: now.toISOString() })
  const signature = createHmac('sha256', secret).update(state).digest()
  const text = Buffer.concat([signature, Buffer.from(state)]).toString('base64url')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
