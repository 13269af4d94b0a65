/** The image's HEALTHCHECK: exits with 0 when the registry beside it is ready, at the address that its own configuration gives. */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { listenAddress } from '../../dist/cli/config/listen-address.js'
import { readConfiguration } from '../../dist/cli/config/read-configuration.js'

const { configuration } = readConfiguration(servedFile())
const address = listenAddress(configuration)
const place = 'path' in address ? { socketPath: address.path } : { host: reachable(address.host), port: address.port }
const client = configuration.http.tls.certificate === undefined ? http : https

// The certificate is for the name that clients use, and this is not it.
const request = client.get({ ...place, path: '/readyz', rejectUnauthorized: false }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1)
})
request.on('error', (error) => {
  // One that wants client certificates refuses this connection, and so is there.
  if (error.code?.startsWith('ERR_SSL')) process.exit(0)
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})

/** The argument after `serve` of the container's main process; undefined when it found the file itself. */
function servedFile() {
  const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  const at = words.indexOf('serve')
  return at === -1 ? undefined : words[at + 1] || undefined
}

function reachable(host) {
  const everywhere = ['', '0.0.0.0', '::']
  return host === undefined || everywhere.includes(host) ? 'localhost' : host
}
