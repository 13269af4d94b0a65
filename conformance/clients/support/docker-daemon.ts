/** A dockerd of a test's own, beside whatever else runs on the machine: own data, own socket, no bridge and no firewall rules. */
import { readFile } from 'node:fs/promises'
import { run, tryRun, type CommandOptions } from './command.ts'
import { startDaemon } from './daemon.ts'
import type { SuiteFolder } from './suite-folder.ts'

export interface DockerDaemon {
  /** The docker command line, speaking to this daemon with a configuration of its own. */
  docker(args: readonly string[], options?: CommandOptions): Promise<string>
}

export async function startDockerDaemon({ folder, atEnd }: SuiteFolder): Promise<DockerDaemon> {
  const socket = `unix://${folder.in('docker.sock')}`
  // The classic builder: BuildKit needs a plugin that distributions often leave out, and a Dockerfile should not.
  const env = { DOCKER_HOST: socket, DOCKER_CONFIG: folder.in('docker-config'), DOCKER_BUILDKIT: '0' }
  atEnd(() => unmountBelow(folder.path))
  await startDaemon({
    program: 'dockerd',
    args: [
      `--data-root=${folder.in('docker-data')}`,
      `--exec-root=${folder.in('docker-exec')}`,
      `--pidfile=${folder.in('docker.pid')}`,
      `--host=${socket}`,
      '--bridge=none',
      '--iptables=false',
      '--insecure-registry=127.0.0.0/8',
    ],
    atEnd,
    isReady: async () => (await tryRun('docker', ['info'], { env, timeoutSeconds: 20 })).exitCode === 0,
  })
  return {
    docker: (args, options) => run('docker', args, { ...options, env: { ...env, ...options?.env } }),
  }
}

/** dockerd leaves its network namespace mounted when it ends. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '')
  const below = mounts.filter((place) => place.startsWith(`${folder}/`))
  for (const place of below.toReversed()) await run('umount', [place])
}
