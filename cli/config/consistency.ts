/** What options ask of each other, looked at in the source so that it is told together with every other mistake. */
import { isAddress } from './listen-address.ts'
import type { Findings } from './problems.ts'
import { isNull, itemsAt, keysAt, nodeAt, originAt, plainValue, textAt } from './source-tree.ts'
import type { MapNode, Path } from './source-tree.ts'

type Check = (root: MapNode, findings: Findings) => void

const tls: Path = ['http', 'tls']

const certificateAndKeyTogether: Check = (root, findings) => {
  const certificate = textAt(root, [...tls, 'certificate'])
  const key = textAt(root, [...tls, 'key'])
  const clientCas = nodeAt(root, [...tls, 'clientcas'])
  const hasClientCas = !isNull(clientCas) && clientCas !== undefined && [plainValue(clientCas)].flat().length > 0

  if (certificate !== undefined && key === undefined) {
    findings.problem(
      originAt(root, [...tls, 'certificate']),
      'http.tls.key is missing. Give the file with the private key of http.tls.certificate.',
    )
  }
  if (certificate === undefined && key !== undefined) {
    findings.problem(
      originAt(root, [...tls, 'key']),
      'http.tls.certificate is missing. Without it the registry would not speak TLS; give the file, or remove http.tls.',
    )
  }
  if (certificate === undefined && hasClientCas) {
    findings.problem(
      originAt(root, [...tls, 'clientcas']),
      'http.tls.clientcas needs http.tls.certificate and http.tls.key. Without TLS no client would be asked for a certificate.',
    )
  }
  if (textAt(root, [...tls, 'clientauth']) !== undefined && !hasClientCas) {
    findings.problem(
      originAt(root, [...tls, 'clientauth']),
      'http.tls.clientauth needs http.tls.clientcas. Without it no client would be asked for a certificate.',
    )
  }
}

const addresses: Check = (root, findings) => {
  const address = textAt(root, ['http', 'addr'])
  const isSocket = textAt(root, ['http', 'net'])?.toLowerCase() === 'unix'
  const form = 'must be host:port, such as 127.0.0.1:5000, :5000 or [::1]:5000.'

  if (isSocket && address === undefined) {
    findings.problem(
      originAt(root, ['http', 'net']),
      'http.addr is missing. With http.net: unix, give the path of the socket.',
    )
  }
  if (!isSocket && address !== undefined && !isAddress(address)) {
    findings.problem(originAt(root, ['http', 'addr']), `http.addr ${form}`)
  }
  const debug = textAt(root, ['http', 'debug', 'addr'])
  if (debug !== undefined && !isAddress(debug)) {
    findings.problem(originAt(root, ['http', 'debug', 'addr']), `http.debug.addr ${form}`)
  }
  if (
    debug === undefined &&
    /^(?:true|yes|on|y)$/iu.test(textAt(root, ['http', 'debug', 'prometheus', 'enabled']) ?? '')
  ) {
    findings.warning(
      originAt(root, ['http', 'debug', 'prometheus']),
      'http.debug.prometheus has no effect without http.debug.addr.',
    )
  }
}

const warningsFitIntoHeaders: Check = (root, findings) => {
  const node = nodeAt(root, ['http', 'warnings'])
  const values = node === undefined ? [] : [plainValue(node)].flat().map((sentence) => `299 - "${String(sentence)}"`)
  if (values.join(', ').length > 4096) {
    findings.problem(
      originAt(root, ['http', 'warnings']),
      'http.warnings are longer than 4096 bytes together. Shorten them.',
    )
  }
}

const tokensCanBeVerified: Check = (root, findings) => {
  const token: Path = ['auth', 'token']
  if (nodeAt(root, token)?.kind !== 'map') return
  if (['rootcertbundle', 'jwks'].some((key) => textAt(root, [...token, key]) !== undefined)) return
  findings.problem(
    originAt(root, token),
    'auth.token.rootcertbundle is missing. Give it or auth.token.jwks, a file with the keys that tokens are signed with.',
  )
}

const s3HasRegion: Check = (root, findings) => {
  const path: Path = ['storage', 's3']
  if (nodeAt(root, path)?.kind !== 'map') return
  if (['region', 'regionendpoint'].some((key) => textAt(root, [...path, key]) !== undefined)) return
  findings.problem(
    originAt(root, path),
    'storage.s3.region is missing. Give the region of the bucket, or regionendpoint for a server that is not Amazon.',
  )
}

const s3CanBeSignedFor: Check = (root, findings) => {
  const path: Path = ['storage', 's3']
  if (/^(?:false|no|off|n)$/iu.test(textAt(root, [...path, 'v4auth']) ?? '')) {
    findings.problem(
      originAt(root, [...path, 'v4auth']),
      'storage.s3.v4auth: false is not supported: requests are signed in version 4, which every S3 server knows. Remove it.',
    )
  }
  for (const [given, missing] of [
    ['accesskey', 'secretkey'],
    ['secretkey', 'accesskey'],
  ] as const) {
    if (textAt(root, [...path, given]) === undefined || textAt(root, [...path, missing]) !== undefined) continue
    findings.problem(
      originAt(root, [...path, given]),
      `storage.s3.${missing} is missing. Give both keys, or neither: then the usual AWS sources of credentials are asked.`,
    )
  }
}

const sharedCacheHasRedis: Check = (root, findings) => {
  const path: Path = ['storage', 'cache', 'blobdescriptor']
  if (textAt(root, path)?.toLowerCase() !== 'redis' || itemsAt(root, ['redis', 'addrs']).length > 0) return
  findings.problem(
    originAt(root, path),
    'storage.cache.blobdescriptor: redis needs redis.addrs. Give the address of the server, or write inmemory.',
  )
}

const requiredByMiddleware: ReadonlyMap<string, readonly string[]> = new Map([
  ['redirect', ['baseurl']],
  ['cloudfront', ['baseurl', 'privatekey', 'keypairid']],
  ['rewrite', []],
])

const middlewareIsComplete: Check = (root, findings) => {
  itemsAt(root, ['middleware', 'storage']).forEach((_, index) => {
    const path: Path = ['middleware', 'storage', index]
    const name = textAt(root, [...path, 'name'])
    if (name === undefined) return
    const required = requiredByMiddleware.get(name)
    if (required === undefined) {
      findings.problem(
        originAt(root, [...path, 'name']),
        `middleware.storage[${index}].name must be one of ${[...requiredByMiddleware.keys()].join(', ')}.`,
      )
    }
    for (const option of required ?? []) {
      if (textAt(root, [...path, 'options', option]) !== undefined) continue
      findings.problem(
        originAt(root, path),
        `middleware.storage[${index}].options.${option} is missing. The ${name} middleware needs it.`,
      )
    }
  })
}

const proxyHasRemote: Check = (root, findings) => {
  if (keysAt(root, ['proxy']).length === 0 || textAt(root, ['proxy', 'remoteurl']) !== undefined) return
  findings.warning(
    originAt(root, ['proxy']),
    'proxy has no effect without proxy.remoteurl: this registry caches no other.',
  )
}

export const checks: readonly Check[] = [
  certificateAndKeyTogether,
  addresses,
  warningsFitIntoHeaders,
  tokensCanBeVerified,
  s3HasRegion,
  s3CanBeSignedFor,
  sharedCacheHasRedis,
  middlewareIsComplete,
  proxyHasRemote,
]
