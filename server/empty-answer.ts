// An answer without a body. Left to itself, Koa sends the status' name as text, and makes 204 of an empty body.
import type { Context } from 'koa'

export function answerEmpty(ctx: Context, status: number): void {
  ctx.body = null
  ctx.status = status
}
