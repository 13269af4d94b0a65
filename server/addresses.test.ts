import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { parseDigest } from '../registry/digest.ts'
import { parseRepositoryName, parseUploadId } from '../registry/names.ts'
import { createAddresses, type AddressOptions, type Addresses } from './addresses.ts'

const repository = parseRepositoryName('team/app')
const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
const id = parseUploadId('0a1b2c3d')
const proxy = '10.0.0.1'

function addresses(options: Partial<AddressOptions> = {}): Addresses {
  return createAddresses({
    prefix: '/',
    host: undefined,
    relative: true,
    isTrustedProxy: (address) => address === proxy,
    ...options,
  })
}

function requestFrom(peer: string, headers: http.IncomingHttpHeaders, isTls = false): http.IncomingMessage {
  const socket = new net.Socket()
  const request = new http.IncomingMessage(isTls ? new tls.TLSSocket(socket) : socket)
  Object.defineProperty(request.socket, 'remoteAddress', { value: peer })
  Object.assign(request.headers, headers)
  return request
}

const plain = requestFrom('192.0.2.7', { host: 'registry.test:5000' })

describe('the addresses that the registry hands out', () => {
  it('are paths alone, which every client resolves against what it asked', () => {
    assert.equal(addresses().blob(plain, repository, digest), `/v2/team/app/blobs/${digest}`)
    assert.equal(addresses().manifest(plain, repository, digest), `/v2/team/app/manifests/${digest}`)
    assert.equal(addresses().upload(plain, { repository, id, size: 0 }), `/v2/team/app/blobs/uploads/${id}`)
  })

  it('carry the state that CNCF distribution wants to see, where http.secret is given', () => {
    const state = new URL(addresses({ secret: 's' }).upload(plain, { repository, id, size: 7 }), 'http://x')
      .searchParams
    const bytes = Buffer.from(state.get('_state') ?? '', 'base64url')
    assert.deepEqual(bytes.subarray(0, 32), createHmac('sha256', 's').update(bytes.subarray(32)).digest())
    const { StartedAt, ...position } = JSON.parse(bytes.subarray(32).toString()) as Record<string, unknown>
    assert.deepEqual(position, { Name: repository, UUID: id, Offset: 7 })
    assert.match(String(StartedAt), /^\d{4}-\d\d-\d\dT.*Z$/)
  })

  it('begin with http.prefix', () => {
    const prefixed = addresses({ prefix: '/registry/' })
    assert.equal(prefixed.upload(plain, { repository, id, size: 0 }), `/registry/v2/team/app/blobs/uploads/${id}`)
    assert.equal(prefixed.prefix, '/registry/')
  })

  it('begin with http.host, whatever the request says and whatever relativeurls is', () => {
    for (const relative of [true, false]) {
      const hosted = addresses({ host: 'https://registry.example.com/', relative })
      const request = requestFrom(proxy, { host: 'x', 'x-forwarded-host': 'y', forwarded: 'host=z' })
      assert.equal(
        hosted.upload(request, { repository, id, size: 0 }),
        `https://registry.example.com/v2/team/app/blobs/uploads/${id}`,
      )
    }
  })

  it('begin with scheme and host of the request when relativeurls is false', () => {
    const absolute = addresses({ relative: false })
    assert.match(absolute.blob(plain, repository, digest), /^http:\/\/registry\.test:5000\/v2\//)
    const secure = requestFrom('192.0.2.7', { host: 'registry.test' }, true)
    assert.match(absolute.blob(secure, repository, digest), /^https:\/\/registry\.test\/v2\//)
  })

  it('are paths alone when a request names no host', () => {
    const absolute = addresses({ relative: false })
    assert.match(absolute.blob(requestFrom('192.0.2.7', {}), repository, digest), /^\/v2\//)
  })
})

describe('the headers of a proxy', () => {
  const absolute = addresses({ relative: false })
  const originOf = (peer: string, headers: http.IncomingHttpHeaders): string =>
    absolute.blob(requestFrom(peer, { host: 'inside:5000', ...headers }), repository, digest).split('/v2/')[0] as string

  it('are believed when http.trustedproxies has it: X-Forwarded-Proto and X-Forwarded-Host', () => {
    assert.equal(
      originOf(proxy, { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'outside.test' }),
      'https://outside.test',
    )
    assert.equal(originOf(proxy, { 'x-forwarded-proto': 'https' }), 'https://inside:5000')
  })

  it('are believed when http.trustedproxies has it: Forwarded, which beats the others', () => {
    const forwarded = 'for=192.0.2.60;proto=https;host="outside.test:8443", for=10.1.1.1;host=middle'
    assert.equal(originOf(proxy, { forwarded, 'x-forwarded-host': 'other' }), 'https://outside.test:8443')
    assert.equal(originOf(proxy, { forwarded: 'Host=outside.test; Proto=https' }), 'https://outside.test')
  })

  it('count with their first value when several proxies wrote', () => {
    assert.equal(
      originOf(proxy, { 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'a.test, b.test' }),
      'https://a.test',
    )
  })

  it('are not believed of anyone else', () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test' }
    assert.equal(originOf('192.0.2.7', headers), 'http://inside:5000')
  })

  it('name the client in the log, when trusted only', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9, 10.2.2.2' }
    assert.equal(absolute.client(requestFrom(proxy, headers)), '203.0.113.9')
    assert.equal(absolute.client(requestFrom('192.0.2.7', headers)), '192.0.2.7')
    assert.equal(absolute.client(requestFrom(proxy, {})), proxy)
  })
})
