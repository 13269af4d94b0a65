// How much of an answer's body went out, for the logs and the metrics.
import type { Context } from 'koa'

/**
 * Content-Length of an answer that is or will be complete. Of one that was cut, what its socket took since `writtenBefore` (its
 * `bytesWritten` when the request came): that counts the few hundred bytes of the head too, whose size Node does not tell.
 */
export function sentBodyBytes({ method, req, res }: Context, writtenBefore: number): number {
  const length = method === 'HEAD' ? 0 : Number(res.getHeader('content-length') ?? 0)
  const wasCut = res.destroyed && !res.writableFinished
  return wasCut ? Math.min(length, req.socket.bytesWritten - writtenBefore) : length
}
