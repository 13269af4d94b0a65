// S3 sorts keys, clients want names: whatever they are called, and wherever pages end.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { startFakeS3, type FakeS3 } from '../../testing/fake-s3/start-fake-s3.ts'
import { listed } from '../contract/streams-in-tests.ts'
import { createBucket, type Bucket } from './bucket.ts'
import { resolveEndpoint } from './endpoint.ts'
import { s3OptionsFor } from './fixtures/s3-options.ts'
import { listFolded, listKeys } from './list.ts'
import { createTransport, type Transport } from './transport.ts'

/** Signs on both sides of the slash, and as few as possible, so that names begin alike. */
const names = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '0', '1', '_'), minLength: 1, maxLength: 5 })

describe('a list of S3', () => {
  let server: FakeS3
  let transport: Transport
  let buckets = 0

  before(async () => {
    server = await startFakeS3({ pageSize: 7 })
    const endpoint = await resolveEndpoint(s3OptionsFor(server, 'any'))
    transport = createTransport({
      endpoint: { ...endpoint, pathPrefix: '' },
      userAgent: undefined,
      skipVerify: false,
      redirectEndpoint: undefined,
    })
  })
  after(async () => {
    transport.close()
    await server.close()
  })

  function bucketWith(keys: Iterable<string>): Bucket {
    const name = `bucket-${++buckets}`
    server.createBucket(name)
    for (const key of keys) server.put(name, `root/${key}`, 'x')
    const own: Transport = {
      ...transport,
      send: (request) => transport.send({ ...request, key: `${name}/${request.key}` }),
    }
    return createBucket(own, s3OptionsFor(server, name, { rootDirectory: 'root' }))
  }

  const afters = fc.option(names, { nil: undefined })
  const behind = (after: string | undefined) => (after === undefined ? {} : { after: `p/${after}` })

  it('of keys has them in ASCII order, behind any point', () =>
    fc.assert(
      fc.asyncProperty(fc.uniqueArray(names, { maxLength: 30 }), afters, async (keys, after) => {
        const bucket = bucketWith([...keys.map((key) => `p/${key}`), 'o', 'q/x', 'p'])
        const expected = keys.filter((key) => after === undefined || key > after).map((key) => `p/${key}`)
        assert.deepEqual(await listed(listKeys(bucket, 'p/', behind(after).after)), expected.sort())
      }),
      { numRuns: 60 },
    ))

  /** Folders, of which some hold the key and some something else; and plain keys among them, where those are listed too. */
  const entriesOf = (kinds: readonly string[]) =>
    fc.uniqueArray(fc.record({ name: names, kind: fc.constantFrom(...kinds) }), {
      maxLength: 40,
      selector: ({ name }) => name,
    })
  const folders = ['held', 'held with more', 'empty', 'crowded']
  const keysOf = (name: string, kind: string): string[] => {
    const folder = `p/${name}`
    if (kind === 'plain') return [folder]
    if (kind === 'crowded') return Array.from({ length: 9 }, (_, index) => `${folder}/other/${index}`)
    const held = kind === 'empty' ? [] : [`${folder}/current/link`]
    return kind === 'held' ? held : [...held, `${folder}/index/1`, `${folder}/current/linked`]
  }

  for (const holding of [undefined, 'current/link']) {
    it(`of folded entries has them in ASCII order of their names, behind any point${holding ? ', where they hold a key' : ''}`, () =>
      fc.assert(
        fc.asyncProperty(entriesOf(holding ? folders : [...folders, 'plain']), afters, async (all, after) => {
          const bucket = bucketWith(all.flatMap(({ name, kind }) => keysOf(name, kind)))
          const expected = all
            .filter(({ kind }) => holding === undefined || kind.startsWith('held'))
            .filter(({ name }) => after === undefined || name > after)
            .sort((a, b) => (a.name < b.name ? -1 : 1))
            .map(({ name, kind }) => `p/${name}${kind === 'plain' ? '' : '/'}`)
          const options = { ...behind(after), ...(holding === undefined ? {} : { holding }) }
          assert.deepEqual(await listed(listFolded(bucket, 'p/', options)), expected)
        }),
        { numRuns: 150 },
      ))
  }

  it('of tags as people name them is in ASCII order too, over pages that S3 does not fold', async () => {
    const large = await startFakeS3({ pageSize: 700 })
    try {
      large.createBucket('large')
      const options = s3OptionsFor(large, 'large')
      const endpoint = await resolveEndpoint(options)
      const own = createTransport({ endpoint, userAgent: undefined, skipVerify: false, redirectEndpoint: undefined })
      const tags = ['latest', 'v1', 'v1.0-rc', 'v1.0']
      for (let major = 0; major < 30; major++)
        for (let minor = 0; minor < 12; minor++)
          tags.push(
            `${major}.${minor}`,
            `${major}.${minor}.0`,
            `${major}.${minor}.0-alpine`,
            `${major}.${minor}-alpine`,
          )
      const gone = tags.filter((_, index) => index % 9 === 0)
      const left = tags.filter((_, index) => index % 9 !== 0)
      for (const tag of tags) large.put('large', `p/${tag}/index/sha256/abc/link`, 'x')
      for (const tag of left) large.put('large', `p/${tag}/current/link`, 'x')
      const bucket = createBucket(own, options)
      const sorted = left.map((tag) => `p/${tag}/`).sort((a, b) => (a.slice(0, -1) < b.slice(0, -1) ? -1 : 1))
      for (const after of [undefined, ...gone.slice(7, 9), ...left.slice(0, 3)]) {
        const found = await listed(listFolded(bucket, 'p/', { ...behind(after), holding: 'current/link' }))
        const expected = sorted.filter((entry) => after === undefined || entry.slice(0, -1) > `p/${after}`)
        assert.deepEqual(found, expected)
      }
      own.close()
    } finally {
      await large.close()
    }
  })

  it('reads no more than is taken', async () => {
    const bucket = bucketWith(Array.from({ length: 200 }, (_, index) => `p/t${index + 1000}/current/link`))
    server.forget()
    const entries = listFolded(bucket, 'p/', { holding: 'current/link' })
    for (let count = 0; count < 7; count++) assert.equal((await entries.next()).done, false)
    assert.equal(server.requests.length, 1)
  })

  it('of very many plain keys where folders are asked for comes to its end', async () => {
    const keys = Array.from({ length: 50 }, (_, index) => `p/plain-${index + 100}`)
    const bucket = bucketWith(keys)
    assert.deepEqual(await listed(listFolded(bucket, 'p/', { holding: 'current/link' })), keys)
  })
})
