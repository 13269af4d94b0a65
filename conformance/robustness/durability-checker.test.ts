// The checker behind power-loss.test.ts finds what it is made to find: recordings by hand, each with one sync missing, misplaced or failed.
import assert from 'node:assert/strict'
import { breaches, type Promised } from './support/check-durability.ts'
import { joined, parseTrace } from './support/strace-calls.ts'

const answer = '"HTTP/1.1 201 Created\\r\\nX-Request-Id: r1\\r\\nContent-Length: 0\\r\\n"..., 90) = 90'

/** A push as it should be: content synced, renamed, and all new folders synced, before the answer. */
const sound = [
  '10 mkdir("/w/tmp", 0777) = 0',
  '10 openat(AT_FDCWD</>, "/w/tmp/1", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 5</w/tmp/1>',
  '11 write(5</w/tmp/1>, "hello", 5 <unfinished ...>',
  '10 mkdir("/w/new", 0777) = 0',
  '11 <... write resumed>) = 5',
  '12 fsync(5</w/tmp/1>) = 0',
  '10 rename("/w/tmp/1", "/w/new/data") = 0',
  '12 fsync(6</w/new> <unfinished ...>',
  '13 fsync(7</w>) = 0',
  '12 <... fsync resumed>) = 0',
  `10 write(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, ${answer}`,
]

const promised: Promised = { what: 'a push', files: ['/w/new/data'], pointers: [] }

function found(
  lines: readonly string[],
  { promises = promised, existing = [] as string[], entriesAreOrdered = false } = {},
): string[] {
  return breaches({
    calls: parseTrace(lines.join('\n')),
    watched: '/w',
    existing,
    promises: new Map([['r1', promises]]),
    exempt: /exempt/,
    entriesAreOrdered,
  })
}

const without = (text: string): string[] => sound.filter((line) => !line.includes(text))

const replaced = (text: string, ...by: string[]): string[] =>
  sound.flatMap((line) => (line.includes(text) ? by : [line]))

describe('the checker of durability', () => {
  it('has nothing to say about a push that syncs all in order', () => {
    assert.deepEqual(found(sound), [])
  })

  it('finds content that was never synced', () => {
    assert.deepEqual(found(without('fsync(5')), [
      'a push: the content of /w/new/data was not synced',
      '/w/new/data got its name before its content was synced',
    ])
  })

  it('finds content that was synced only after it got its name', () => {
    const late = replaced('fsync(6', '12 fsync(5</w/new/data>) = 0', sound[7] as string).filter(
      (line) => !line.includes('fsync(5</w/tmp'),
    )
    assert.deepEqual(found(late), ['/w/new/data got its name before its content was synced'])
  })

  it('finds a sync that began before the write had ended', () => {
    const early = [...sound.slice(0, 3), sound[5] as string, ...sound.slice(3, 5), ...sound.slice(6)]
    assert.match(found(early).join(), /the content of \/w\/new\/data was not synced/)
  })

  it('finds a folder that was not synced', () => {
    const lines = sound.filter((line) => !line.includes('fsync(6') && !line.startsWith('12 <...'))
    assert.deepEqual(found(lines), ['a push: /w/new was not synced since data was made in it'])
  })

  it('finds a new folder whose own folder was not synced', () => {
    assert.deepEqual(found(without('fsync(7')), ['a push: /w was not synced since new was made in it'])
  })

  it('finds a folder that was synced before the file was in it', () => {
    const lines = [...sound.slice(0, 6), ...sound.slice(7, 10), sound[6] as string, sound[10] as string]
    assert.deepEqual(found(lines), ['a push: /w/new was not synced since data was made in it'])
  })

  it('finds a sync that failed', () => {
    const lines = replaced('fsync(7', '13 fsync(7</w>) = -1 EIO (Input/output error)')
    assert.deepEqual(found(lines), ['a push: /w was not synced since new was made in it'])
  })

  it('finds a sync that had not returned when the answer was sent', () => {
    const lines = [...without('12 <...'), '12 <... fsync resumed>) = 0']
    assert.deepEqual(found(lines), ['a push: /w/new was not synced since data was made in it'])
  })

  it('finds a file that is not there, and an answer that was never sent', () => {
    assert.match(found(without('rename')).join(), /a push: \/w\/new\/data is not there/)
    assert.deepEqual(found(sound.slice(0, -1)), ['a push: its answer was not recorded'])
  })

  it('takes for durable what was there before', () => {
    const lines = sound.filter((line) => !line.includes('mkdir("/w/new"') && !line.includes('fsync(7'))
    assert.deepEqual(found(lines, { existing: ['/w/new'] }), [])
  })

  it('follows a folder that is moved, and a second name of a file', () => {
    const lines = replaced('rename', '10 link("/w/tmp/1", "/w/new/data") = 0')
    assert.deepEqual(found(lines), [])
    const moved = replaced(
      '10 write(9',
      '10 rename("/w/new", "/w/moved") = 0',
      `10 write(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, ${answer}`,
    )
    assert.deepEqual(found(moved, { promises: { ...promised, files: ['/w/moved/data'] } }), [
      'a push: /w was not synced since moved was made in it',
    ])
  })

  it('finds a pointer that appears before what it points at is on disk', () => {
    const lines = [
      ...sound.slice(0, 7),
      '10 openat(AT_FDCWD</>, "/w/tmp/2", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 5</w/tmp/2>',
      '11 fsync(5</w/tmp/2>) = 0',
      '10 rename("/w/tmp/2", "/w/new/link") = 0',
      ...sound.slice(7),
    ]
    const promises = { ...promised, files: ['/w/new/data', '/w/new/link'], pointers: ['/w/new/link'] }
    assert.deepEqual(found(lines, { promises }), [
      'a push: /w/new/link appeared too early: /w/new was not synced since data was made in it',
      'a push: /w/new/link appeared too early: /w was not synced since new was made in it',
    ])
    // Where the order is kept, to be there first is enough; to have been written is not.
    assert.deepEqual(found(lines, { promises, entriesAreOrdered: true }), [])
    const unwritten = lines.filter((line) => !line.includes('fsync(5'))
    assert.match(found(unwritten, { promises, entriesAreOrdered: true }).join(), /link appeared too early: the content/)
  })

  it('takes what is replaced for durable under a digest, and not where the new value matters', () => {
    const replace = [
      '10 openat(AT_FDCWD</>, "/w/tmp/2", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 5</w/tmp/2>',
      '11 fsync(5</w/tmp/2>) = 0',
      '10 rename("/w/tmp/2", "/w/new/data") = 0',
    ]
    const lines = [...sound.slice(0, -1), ...replace, sound.at(-1) as string]
    assert.deepEqual(found(lines), [])
    assert.deepEqual(found(lines, { promises: { ...promised, pointers: ['/w/new/data'] } }), [
      'a push: /w/new was not synced since data was made in it',
    ])
    assert.match(found(lines.filter((line) => !line.includes('fsync(5</w/tmp/2>'))).join(), /content .* was not synced/)
  })

  it('lets exempt files be, and takes a sync of the whole file system for a sync of each', () => {
    const exempt = without('fsync(5').map((line) => line.replaceAll('/w/new/data', '/w/new/exempt'))
    assert.deepEqual(found(exempt, { promises: { ...promised, files: [] } }), [])
    const all = [...sound.slice(0, 5), '10 syncfs(8</w>) = 0', sound[6] as string, '10 sync() = 0', sound[10] as string]
    assert.deepEqual(found(all), [])
  })

  it('goes on over a restart: what the killed process had not synced, the next one must', () => {
    const calls = (lines: readonly string[]) => parseTrace(lines.join('\n'))
    const killed = calls([...sound.slice(0, 7), '12 fsync(6</w/new> <unfinished ...>'])
    const next = calls([sound[8] as string, sound[10] as string])
    const promises = new Map([['r1', promised]])
    assert.deepEqual(
      breaches({
        calls: joined(killed, next),
        watched: '/w',
        existing: [],
        promises,
        exempt: /exempt/,
        entriesAreOrdered: false,
      }),
      ['a push: /w/new was not synced since data was made in it'],
    )
  })
})
