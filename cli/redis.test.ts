import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { freshFolder } from '../testing/fresh-folder.ts'
import type { RedisSettings } from '../coordination/redis-client.ts'
import { redisOptions } from './config/options/redis.ts'
import { redisSettings } from './redis.ts'

function settings(section: object): RedisSettings {
  return redisSettings({ redis: redisOptions.parse(section) }) ?? assert.fail('no Redis')
}

describe('the redis section', () => {
  it('is no Redis without an address', () => {
    assert.equal(redisSettings({ redis: undefined }), undefined)
    assert.equal(redisSettings({ redis: redisOptions.parse({ password: 'secret' }) }), undefined)
  })

  it('names one server, nodes of a cluster, or sentinels', () => {
    const { servers, master } = settings({ addrs: 'redis.example.com:6380' })
    assert.deepEqual([servers, master], [[{ host: 'redis.example.com', port: 6380 }], undefined])
    assert.deepEqual(settings({ addrs: [':7000', '[::1]:7001'] }).servers, [
      { host: 'localhost', port: 7000 },
      { host: '::1', port: 7001 },
    ])
    const sentinels = settings({
      addrs: ['a:26379', 'b:26379'],
      mastername: 'main',
      sentinelusername: 'watch',
      sentinelpassword: 'dog',
      password: 'secret',
    })
    assert.equal(sentinels.servers.length, 2)
    assert.equal(sentinels.master, 'main')
    assert.deepEqual(sentinels.sentinelAccount, { username: 'watch', password: 'dog' })
    assert.deepEqual(sentinels.account, { password: 'secret' })
  })

  it('has defaults of its own, and bounds every wait whatever is written', () => {
    const given = (section: object): unknown[] => {
      const { connectTimeoutMs, commandTimeoutMs, minRetryMs, maxRetryMs } = settings({ addrs: 'a:1', ...section })
      return [connectTimeoutMs, commandTimeoutMs, minRetryMs, maxRetryMs]
    }
    assert.deepEqual(given({}), [2000, 1000, undefined, undefined])
    assert.deepEqual(given({ dialtimeout: '10ms', readtimeout: '10ms', writetimeout: '10ms' }).slice(0, 2), [250, 250])
    assert.deepEqual(given({ dialtimeout: '3s', readtimeout: '2s', writetimeout: '4s' }).slice(0, 2), [3000, 4000])
    assert.deepEqual(given({ dialtimeout: '1h', readtimeout: '1h' }).slice(0, 2), [5000, 5000])
    assert.deepEqual(given({ dialtimeout: '-1ns', readtimeout: '-2ns', writetimeout: 0 }).slice(0, 2), [2000, 1000])
    assert.deepEqual(given({ minretrybackoff: '100ms', maxretrybackoff: '50ms' }).slice(2), [100, 100])
    assert.deepEqual(given({ minretrybackoff: '-1ns', maxretrybackoff: '1h' }).slice(2), [undefined, 10_000])
  })

  it('says which database, protocol, name and how many redirects', () => {
    const { db, protocol, connectionName, identity, maxRedirects } = settings({
      addrs: 'a:1',
      db: 3,
      protocol: 2,
      clientname: 'registry',
      identitysuffix: 'mine',
      maxredirects: -1,
    })
    assert.deepEqual([db, protocol, connectionName, identity, maxRedirects], [3, 2, 'registry', 'mine', 0])
    assert.equal(settings({ addrs: 'a:1', identitysuffix: 'mine', disableidentity: true }).identity, false)
  })

  it('takes a name without a password for no account', () => {
    assert.equal(settings({ addrs: 'a:1', username: 'lading' }).account, undefined)
  })

  it('reads the files of TLS, and names the option whose file cannot be read', () => {
    const folder = freshFolder()
    const file = (name: string): string => path.join(folder, name)
    for (const name of ['certificate', 'key', 'ca']) fs.writeFileSync(file(name), name)
    const tls = { certificate: file('certificate'), key: file('key'), rootcas: [file('ca')] }
    const read = settings({ addrs: 'a:1', tls }).tls
    assert.deepEqual([read?.cert, read?.key, read?.ca?.[0]].map(String), ['certificate', 'key', 'ca'])
    assert.equal(String(settings({ addrs: 'a:1', tls: { rootcas: file('ca') } }).tls?.ca), 'ca')
    assert.equal(settings({ addrs: 'a:1' }).tls, undefined)
    assert.throws(
      () => settings({ addrs: 'a:1', tls: { ...tls, key: file('absent') } }),
      /redis\.tls\.key cannot be read/,
    )
    assert.throws(() => settings({ addrs: 'a:1', tls: { key: file('key') } }), /redis\.tls\.certificate/)
  })
})
