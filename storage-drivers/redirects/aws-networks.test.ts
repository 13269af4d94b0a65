import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { waitFor } from '../../testing/wait-for.ts'
import { followAwsNetworks, type AwsNetworks, type AwsNetworksOptions } from './aws-networks.ts'
import { someNetworks, startListServer, type ListServer } from './fixtures/list-server.ts'

type Outcome = Parameters<AwsNetworksOptions['tell']>[0]

const never = 24 * 60 * 60_000

describe('the networks of AWS', () => {
  let server: ListServer
  let networks: AwsNetworks | undefined
  let outcomes: Outcome[]

  beforeEach(async () => {
    server = await startListServer()
    outcomes = []
  })
  afterEach(async () => {
    networks?.close()
    await server.close()
  })

  async function follow(more: Partial<AwsNetworksOptions> = {}): Promise<AwsNetworks> {
    const tell = (outcome: Outcome): void => void outcomes.push(outcome)
    networks = await followAwsNetworks({ url: server.url, refreshMs: never, tell, ...more })
    return networks
  }

  function assertHas({ has }: AwsNetworks, expected: Record<string, boolean>): void {
    const found = Object.keys(expected).map((address) => [address, has(address)])
    assert.deepEqual(Object.fromEntries(found), expected)
  }

  it('are known once the first fetch has ended, of IPv4, of IPv6, and of IPv4 written as IPv6', async () => {
    assertHas(await follow(), {
      '198.51.100.0': true,
      '198.51.100.127': true,
      '198.51.100.128': false,
      '203.0.113.9': true,
      '192.0.2.1': false,
      '2001:db8:1::': true,
      '2001:db8:1:ffff:ffff:ffff:ffff:ffff': true,
      '2001:db8:3::1': false,
      '::ffff:198.51.100.1': true,
      '::ffff:192.0.2.1': false,
    })
    assert.deepEqual(outcomes, [{ networks: 4 }])
  })

  it('are those of some regions only, where regions are named, in any case of letters', async () => {
    assertHas(await follow({ regions: ['EU-West-1', 'ap-south-1'] }), {
      '198.51.100.1': true,
      '2001:db8:1::1': true,
      '203.0.113.9': false,
      '2001:db8:2::1': false,
    })
  })

  it('have nobody without an IP address', async () => {
    assertHas(await follow(), { '-': false, '': false, 'host.example': false, '198.51.100.1:80': false })
  })

  it('change when a new list comes', async () => {
    const { has } = await follow({ refreshMs: 5 })
    server.answer({ body: JSON.stringify({ prefixes: [{ ip_prefix: '192.0.2.0/24', region: 'eu-west-1' }] }) })
    await waitFor(() => has('192.0.2.1'))
    assert.equal(has('198.51.100.1'), false)
  })

  it('stay what they were while no list can be had, for whatever reason', async () => {
    const { has } = await follow({ refreshMs: 5, timeoutMs: 50 })
    const answers: [Parameters<ListServer['answer']>[0], RegExp][] = [
      [{ status: 503, body: someNetworks }, /^the server answered with status 503$/],
      [{ body: '<html>' }, /is not valid JSON/],
      [{ body: '{}' }, /^it is no list of networks$/],
      [{ body: '{"prefixes":{}}' }, /^it is no list of networks$/],
      [{ body: 'null' }, /^it is no list of networks$/],
      [undefined, /timeout/],
    ]
    for (const [answer, expected] of answers) {
      server.answer(answer)
      await waitFor(() => {
        const last = outcomes.at(-1)
        return last !== undefined && 'failure' in last && expected.test(last.failure)
      })
      assert.equal(has('198.51.100.1'), true)
    }
  })

  it('are none while there was never a list, and come with the first', async () => {
    server.answer({ status: 404, body: '' })
    const { has } = await follow({ refreshMs: 5 })
    assert.equal(has('198.51.100.1'), false)
    server.answer({ body: someNetworks })
    await waitFor(() => has('198.51.100.1'))
  })

  it('hold up the start no longer than the time-out', async () => {
    server.answer(undefined)
    const { has } = await follow({ timeoutMs: 50 })
    assert.equal(has('198.51.100.1'), false)
    assert.deepEqual(outcomes, [{ failure: 'The operation was aborted due to timeout' }])
  })

  it('tell why nothing could be fetched when no server listens', async () => {
    const listener = net.createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as net.AddressInfo
    listener.close()
    await once(listener, 'close')
    await follow({ url: `http://127.0.0.1:${port}/` })
    assert.deepEqual(outcomes, [{ failure: `connect ECONNREFUSED 127.0.0.1:${port}` }])
  })

  it('do without entries that are no networks', async () => {
    const prefixes = [
      null,
      7,
      {},
      { ip_prefix: 'x/8' },
      { ip_prefix: '192.0.2.0/33' },
      { ip_prefix: '192.0.2.0' },
      { ip_prefix: '198.51.100.0/24' },
    ]
    server.answer({ body: JSON.stringify({ prefixes }) })
    assertHas(await follow(), { '198.51.100.1': true, '192.0.2.1': false })
    assert.deepEqual(outcomes, [{ networks: 1 }])
  })

  it('do without a list that has no end in sight', async () => {
    server.answer({ body: ' '.repeat(33 * 1024 * 1024) })
    await follow()
    assert.deepEqual(outcomes, [{ failure: 'it is longer than 33554432 bytes' }])
  })

  it('are asked for no more once closed', async () => {
    const first = await follow({ refreshMs: 5 })
    await waitFor(() => server.asked() >= 2 && outcomes.length === server.asked())
    first.close()
    const before = server.asked()
    let rounds = 0
    const second = await follow({ refreshMs: 5, tell: () => rounds++ })
    await waitFor(() => rounds >= 5)
    second.close()
    // The first would have asked about as often as the second; one more request of that may be under way.
    assert.ok(server.asked() - before <= rounds + 1)
  })

  it('end a fetch that is under way when closed, and tell nothing of it', async () => {
    const { close } = await follow({ refreshMs: 5 })
    await waitFor(() => outcomes.length === server.asked())
    server.answer(undefined)
    const before = server.asked()
    await waitFor(() => server.asked() > before)
    outcomes.length = 0
    close()
    await waitFor(() => server.left() === 1)
    assert.deepEqual(outcomes, [])
  })

  it('are fetched later than at once when the time between is longer than timers can wait', async () => {
    const warnings: string[] = []
    const note = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', note)
    try {
      await follow({ refreshMs: 2 ** 40 })
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(warnings, [])
    } finally {
      process.off('warning', note)
    }
  })
})
