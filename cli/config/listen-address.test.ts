import assert from 'node:assert/strict'
import { assertProblem, configured, smallest } from './configuration-for-tests.ts'
import { debugAddress, listenAddress } from './listen-address.ts'

const withHttp = (lines: string): string => `${smallest}http:\n  ${lines}\n`

describe('the address to listen on', () => {
  it('is host and port, or a port on every interface', () => {
    const cases = {
      ':5000': { port: 5000 },
      '127.0.0.1:80': { host: '127.0.0.1', port: 80 },
      'localhost:0': { host: 'localhost', port: 0 },
      '"[::1]:5000"': { host: '::1', port: 5000 },
      '"[fe80::1%eth0]:5000"': { host: 'fe80::1%eth0', port: 5000 },
    }
    for (const [text, address] of Object.entries(cases)) {
      assert.deepEqual(listenAddress(configured(withHttp(`addr: ${text}`))), address, text)
    }
  })

  it('is :5000 when a file does not say', () => {
    assert.deepEqual(listenAddress(configured(smallest)), { port: 5000 })
  })

  it('is a path with net: unix', () => {
    assert.deepEqual(listenAddress(configured(withHttp('{net: unix, addr: /run/r.sock}'))), { path: '/run/r.sock' })
    assertProblem(/^config\.yml:4: http\.addr is missing.*path of the socket/u, withHttp('net: unix'))
  })

  it('is refused in any other form', () => {
    for (const text of ['5000', 'localhost', '"::1:5000"', ':70000', '"[nonsense]:1"', 'http://a:1', '"a b:1"']) {
      assertProblem(/^config\.yml:4: http\.addr must be host:port/u, withHttp(`addr: ${text}`))
    }
  })

  it('can be there for debugging too', () => {
    assert.equal(debugAddress(configured(smallest)), undefined)
    assert.deepEqual(debugAddress(configured(withHttp('debug: {addr: "localhost:5001"}'))), {
      host: 'localhost',
      port: 5001,
    })
    assertProblem(/^config\.yml:4: http\.debug\.addr must be/u, withHttp('debug: {addr: "5001"}'))
  })
})
