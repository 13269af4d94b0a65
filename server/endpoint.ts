// The form of an endpoint: one method (or GET with HEAD) of one resource.
import type { Context } from 'koa'
import type { Resource, Targets } from './wire/v2-path.ts'

export type Endpoint<R extends Resource> = (ctx: Context, target: Targets[R]) => Promise<void>
