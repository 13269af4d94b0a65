// The load generator's process: takes jobs from its parent, one at a time.
import type { Job, JobResult } from './jobs.ts'
import { pushBlobs } from './push-blobs.ts'
import { sendRequests } from './send-requests.ts'

process.on('message', (job: Job) => {
  void run(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())

async function run(job: Job): Promise<JobResult> {
  const before = process.cpuUsage()
  const result = job.kind === 'push' ? await pushBlobs(job) : await sendRequests(job)
  const { user, system } = process.cpuUsage(before)
  return { ...result, clientCpuSeconds: (user + system) / 1e6 }
}
