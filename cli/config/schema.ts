/** Every option there is: distribution's and ours, each with its default and one sentence. */
import type { z } from 'zod'
import { count, oneOfOr, objectSchema, section } from './option-kinds.ts'
import { authOptions } from './options/auth.ts'
import { healthOptions } from './options/health.ts'
import { httpOptions } from './options/http.ts'
import { logOptions } from './options/log.ts'
import { middlewareOptions } from './options/middleware.ts'
import { notificationsOptions } from './options/notifications.ts'
import { proxyOptions } from './options/proxy.ts'
import { redisOptions } from './options/redis.ts'
import { storageOptions } from './options/storage.ts'
import { validationOptions } from './options/validation.ts'

export const configurationSchema = objectSchema({
  version: oneOfOr(['0.1'], '0.1', 'The version of the format of the file; a file must have it.'),
  log: logOptions,
  http: httpOptions,
  storage: storageOptions,
  auth: authOptions,
  health: healthOptions,
  catalog: section(
    {
      maxentries: count(1000, 'The most repositories in one answer of the catalog.', {
        least: -Infinity,
        zeroIsDefault: true,
      }),
    },
    'The list of repositories.',
  ),
  tags: section({ maxtags: count(1000, 'The most tags in one answer.', { zeroIsDefault: true }) }, 'The list of tags.'),
  validation: validationOptions,
  notifications: notificationsOptions,
  proxy: proxyOptions,
  redis: redisOptions,
  middleware: middlewareOptions,
})

/** Checked and complete: durations are milliseconds, and what has a default is there. */
export type Configuration = z.output<typeof configurationSchema>
