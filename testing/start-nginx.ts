// nginx as a plain round-robin load balancer: every request goes to the next server, whatever connection it came on.
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freshFolder } from './fresh-folder.ts'
import { startProcess } from './start-process.ts'
import { freePort } from './start-server.ts'

export interface LoadBalancer {
  url: string
  /** What it says went wrong between it and the servers, and every answer of 5xx that it passed on or made. Empty when all is well. */
  errors(): string
  stop(): Promise<void>
}

export interface BalancerOptions {
  /** Sends nothing to a server whose /readyz says no, as a balancer with health checks, or Kubernetes, would; nginx itself can only learn from failures. */
  followsReadiness?: boolean
}

const startTimeoutMs = 10_000
const stopTimeoutMs = 2000
const lookEveryMs = 100

/** `targets`: host:port of each server. A server that refuses connections is asked again a second later; the request goes to the next one. */
export async function startNginx(
  targets: readonly string[],
  { followsReadiness = false }: BalancerOptions = {},
): Promise<LoadBalancer> {
  const folder = freshFolder()
  const port = await freePort()
  const file = path.join(folder, 'nginx.conf')
  const configure = (isReady: readonly boolean[]): void =>
    fs.writeFileSync(file, configuration(folder, port, { targets, isReady }))
  configure([])
  const running = startProcess(['nginx', '-p', folder, '-e', 'stderr', '-c', file], {
    ...process.env,
    PATH: `${process.env['PATH']}:/usr/sbin`,
  })
  const url = `http://127.0.0.1:${port}`
  await running.untilReady(() => answers(url), { withinMs: startTimeoutMs })
  const stopFollowing = followsReadiness ? followReadiness(targets, reload) : () => {}

  function reload(isReady: readonly boolean[]): void {
    configure(isReady)
    running.process.kill('SIGHUP')
  }

  return {
    url,
    errors: () => running.output() + fs.readFileSync(path.join(folder, 'faults.log'), 'utf8'),
    async stop() {
      stopFollowing()
      await running.stop(stopTimeoutMs)
    },
  }
}

/** Tells each change, as long as anybody is ready. */
function followReadiness(targets: readonly string[], tell: (isReady: readonly boolean[]) => void): () => void {
  let told = targets.map(() => true)
  const look = async (): Promise<void> => {
    const isReady = await Promise.all(targets.map((target) => answers(`http://${target}/readyz`, true)))
    if (isReady.every((ready, index) => ready === told[index]) || !isReady.includes(true)) return
    told = isReady
    tell(told)
  }
  const over = new AbortController()
  const follow = async (): Promise<void> => {
    for (; !over.signal.aborted; await sleep(lookEveryMs, undefined, { ref: false })) await look()
  }
  void follow()
  return () => over.abort()
}

function configuration(
  folder: string,
  port: number,
  { targets, isReady }: { targets: readonly string[]; isReady: readonly boolean[] },
): string {
  const servers = targets
    .map(
      (target, index) => `    server ${target} max_fails=1 fail_timeout=1s${isReady[index] === false ? ' down' : ''};`,
    )
    .join('\n')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  )
  return `
daemon off;
worker_processes 1;
pid ${folder}/pid;
events { worker_connections 4096; }
http {
  map $status $isFault { ~^5 1; default 0; }
  access_log ${folder}/faults.log combined if=$isFault;
  error_log stderr error;
${temporary.join('\n')}
  upstream registry {
${servers}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    location / {
      proxy_pass http://registry;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_read_timeout 900s;
    }
  }
}
`
}

async function answers(url: string, withSuccess = false): Promise<boolean> {
  try {
    const { ok } = await fetch(url, { headers: { Connection: 'close' } })
    return ok || !withSuccess
  } catch {
    // Not listening yet.
    return false
  }
}
