import assert from 'node:assert/strict'
import { assertProblem, configured, load, smallest } from './configuration-for-tests.ts'

describe('TLS', () => {
  const tls = (options: string): string => `${smallest}http: {tls: {${options}}}\n`

  it('is never missing without a word', () => {
    assertProblem(/http\.tls\.key is missing/u, tls('certificate: /c'))
    assertProblem(/http\.tls\.certificate is missing/u, tls('key: /k'))
    assertProblem(/http\.tls\.clientcas needs http\.tls\.certificate/u, tls('clientcas: [/ca]'))
    assertProblem(
      /http\.tls\.clientauth needs http\.tls\.clientcas/u,
      tls('certificate: /c, key: /k, clientauth: require-any-client-cert'),
    )
    assertProblem(/http\.tls\.letsencrypt is not supported/u, tls('letsencrypt: {cachefile: /c, email: a@b}'))
  })

  it('takes the names that Go has for cipher suites', () => {
    const { ciphersuites } = configured(tls('certificate: /c, key: /k, ciphersuites: [TLS_AES_256_GCM_SHA384]')).http
      .tls
    assert.deepEqual(ciphersuites, ['TLS_AES_256_GCM_SHA384'])
    assertProblem(
      /ciphersuites\[0\] is no cipher suite .*; did you mean TLS_AES_256_GCM_SHA384\?/u,
      tls('ciphersuites: [TLS_AES_256_GCM_SHA34]'),
    )
  })

  it('of an older version is raised, and told', () => {
    const { configuration, warnings } = load(tls('minimumtls: tls1.0'))
    assert.equal(configuration.http.tls.minimumtls, 'tls1.2')
    assert.match(warnings[0] ?? '', /^config\.yml:3: http\.tls\.minimumtls is raised/u)
  })
})

describe('metrics', () => {
  it('need a debug address to be served on, which is told', () => {
    const { warnings } = load(`${smallest}http: {debug: {prometheus: {enabled: true}}}\n`)
    assert.deepEqual(warnings, ['config.yml:3: http.debug.prometheus has no effect without http.debug.addr.'])
  })
})

describe('options of S3 and Redis', () => {
  const s3 = (more: string): string => `version: 0.1\nstorage: {s3: {bucket: b, regionendpoint: "minio:9000"${more}}}\n`

  it('are taken in the spellings of both versions', () => {
    assert.equal(configured(s3('')).storage.s3?.regionendpoint, 'minio:9000')
    const old = 'version: 0.1\nstorage: {s3aws: {bucket: b, region: eu-west-1}}\n'
    assert.equal(configured(old).storage.s3?.region, 'eu-west-1')
  })

  it('a key alone signs nothing', () => {
    assertProblem(/storage\.s3\.secretkey is missing\. Give both keys/u, s3(', accesskey: a'))
    assertProblem(/storage\.s3\.accesskey is missing\. Give both keys/u, s3(', secretkey: a'))
  })

  it('signatures of version 2 are refused', () => {
    assertProblem(/v4auth: false is not supported/u, s3(', v4auth: false'))
  })

  it('a cache in Redis needs one', () => {
    const cached = 'version: 0.1\nstorage: {inmemory: , cache: {blobdescriptor: redis}}\n'
    assertProblem(/blobdescriptor: redis needs redis\.addrs/u, cached)
    assert.equal(configured(`${cached}redis: {addrs: ["a:6379"]}\n`).storage.cache.blobdescriptor, 'redis')
  })
})
