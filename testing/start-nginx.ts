// nginx as a plain round-robin load balancer: every request goes to the next server, whatever connection it came on.
import fs from 'node:fs'
import path from 'node:path'
import { freshFolder } from './fresh-folder.ts'
import { startProcess } from './start-process.ts'
import { freePort } from './start-server.ts'

export interface LoadBalancer {
  url: string
  stop(): Promise<void>
}

const startTimeoutMs = 10_000
const stopTimeoutMs = 2000

/** `targets`: host:port of each server. A server that refuses connections is asked again a second later; the request goes to the next one. */
export async function startNginx(targets: readonly string[]): Promise<LoadBalancer> {
  const folder = freshFolder()
  const port = await freePort()
  const file = path.join(folder, 'nginx.conf')
  fs.writeFileSync(file, configuration(folder, port, targets))
  const running = startProcess(['nginx', '-p', folder, '-e', 'stderr', '-c', file], {
    ...process.env,
    PATH: `${process.env['PATH']}:/usr/sbin`,
  })
  const url = `http://127.0.0.1:${port}`
  await running.untilReady(() => answers(url), { withinMs: startTimeoutMs })
  return { url, stop: () => running.stop(stopTimeoutMs).then(() => {}) }
}

function configuration(folder: string, port: number, targets: readonly string[]): string {
  const servers = targets.map((target) => `    server ${target} max_fails=1 fail_timeout=1s;`).join('\n')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  )
  return `
daemon off;
worker_processes 1;
pid ${folder}/pid;
events { worker_connections 4096; }
http {
  access_log off;
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

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { headers: { Connection: 'close' } })
    return true
  } catch {
    // Not listening yet.
    return false
  }
}
