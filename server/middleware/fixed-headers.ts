// Headers that every answer carries: http.headers and http.warnings of the configuration.
import type { Middleware } from 'koa'
import { warningHeader } from '../wire/warning.ts'

export function addFixedHeaders(headers: Record<string, readonly string[]>, warnings: readonly string[]): Middleware {
  const fixed = Object.entries(headers).map(([name, values]) => [name, [...values] as string[]] as const)
  const warning = warningHeader(warnings)
  return async (ctx, next) => {
    for (const [name, values] of fixed) ctx.set(name, values)
    if (warning.length > 0) ctx.set('Warning', warning)
    await next()
  }
}
