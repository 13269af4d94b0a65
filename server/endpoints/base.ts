// GET /v2/: "Determining Support".
import type { Endpoint } from '../endpoint.ts'

export const determineSupport: Endpoint<'base'> = async (ctx) => {
  ctx.set('Content-Type', 'application/json')
  ctx.body = '{}'
}
