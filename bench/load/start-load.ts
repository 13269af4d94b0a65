// Starts the load generator's process and hands it jobs.
import { fork } from 'node:child_process'
import path from 'node:path'
import type { Job, JobResult } from './jobs.ts'

const jobTimeoutMs = 600_000

export interface Load {
  /** One job at a time. Rejects when the generator fails; what the server does wrong is in the result's faults. */
  run(job: Job): Promise<JobResult>
  stop(): void
}

type Reply = { result: JobResult } | { error: string }

export function startLoad(): Load {
  const child = fork(path.join(import.meta.dirname, 'generator.ts'))
  let waiting: PromiseWithResolvers<JobResult> | undefined
  child.on('message', (reply: Reply) => {
    if ('result' in reply) waiting?.resolve(reply.result)
    else waiting?.reject(new Error(`the load generator failed: ${reply.error}`))
  })
  child.once('exit', (code) => waiting?.reject(new Error(`the load generator ended with code ${code}`)))

  return {
    async run(job) {
      waiting = Promise.withResolvers()
      const late = setTimeout(() => waiting?.reject(new Error('a server gave no answer for ten minutes')), jobTimeoutMs)
      child.send(job)
      try {
        return await waiting.promise
      } finally {
        clearTimeout(late)
      }
    },
    stop: () => child.disconnect(),
  }
}
