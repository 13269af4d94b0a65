// A blob's bytes as the answer: all of them, one range, or several ranges in one multipart body. Never encoded: clients hash what they receive.
import { randomBytes } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import type { Context } from 'koa'
import type { Blob } from '../registry/content-source.ts'
import type { ByteRange } from '../storage-drivers/driver.ts'
import { answerEmpty } from './empty-answer.ts'
import { contentRange, parseByteRanges } from './wire/byte-ranges.ts'
import { namesDigest } from './wire/entity-tag.ts'

/** Up to this size one read and one write are cheaper than a loop. In bytes. */
const smallBytes = 64 * 1024

/** Answers 200, 206 or 416. Content-Type and the headers that describe the blob are already set. */
export async function sendBlob(ctx: Context, blob: Blob): Promise<void> {
  const ranges = requestedRanges(ctx, blob)
  if (ranges === 'unsatisfiable') {
    ctx.set('Content-Range', `bytes */${blob.size}`)
    answerEmpty(ctx, 416)
  } else if (ranges === 'all') {
    ctx.status = 200
    await sendAll(ctx, blob)
  } else if (ranges.length === 1) {
    const range = ranges[0] as ByteRange
    ctx.status = 206
    ctx.set('Content-Range', contentRange(range, blob.size))
    ctx.length = lengthOf(range)
    await sendRaw(ctx, () => sendRange(ctx, blob, range))
  } else {
    ctx.status = 206
    await sendMultipart(ctx, blob, ranges)
  }
}

function requestedRanges(ctx: Context, blob: Blob): ReturnType<typeof parseByteRanges> {
  const header = ctx.get('range')
  // RFC 9110, section 14.2: "A server MUST ignore a Range header field received with a request method that is unrecognized or for which
  // range handling is not defined", which it is for GET alone.
  if (header === '' || ctx.method !== 'GET') return 'all'
  // RFC 9110, section 13.1.5: a Range counts only while If-Range still names this content. We have no dates, so a date never does.
  const ifRange = ctx.get('if-range')
  if (ifRange !== '' && (ifRange.startsWith('W/') || !namesDigest(ifRange, blob.digest))) return 'all'
  return parseByteRanges(header, blob.size)
}

async function sendAll(ctx: Context, blob: Blob): Promise<void> {
  ctx.length = blob.size
  if (ctx.method === 'HEAD') return
  if (blob.size <= smallBytes) ctx.body = await blob.bytes()
  else await sendRaw(ctx, () => sendRange(ctx, blob, { start: 0, end: blob.size - 1 }))
}

/** RFC 9110, section 14.6. */
async function sendMultipart(ctx: Context, blob: Blob, ranges: ByteRange[]): Promise<void> {
  const boundary = randomBytes(16).toString('hex')
  const heads = ranges.map(
    (range) =>
      `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: ${contentRange(range, blob.size)}\r\n\r\n`,
  )
  const end = `\r\n--${boundary}--\r\n`
  ctx.set('Content-Type', `multipart/byteranges; boundary=${boundary}`)
  ctx.length = ranges.reduce((sum, range, index) => sum + lengthOf(range) + (heads[index] as string).length, end.length)
  await sendRaw(ctx, async () => {
    for (const [index, range] of ranges.entries()) {
      ctx.res.write(heads[index])
      await sendRange(ctx, blob, range)
    }
    ctx.res.write(end)
  })
}

/** Takes the answer out of Koa's hands: `send` writes the body to the response itself. */
async function sendRaw(ctx: Context, send: () => Promise<void>): Promise<void> {
  ctx.respond = false
  await send()
  ctx.res.end()
}

async function sendRange(ctx: Context, blob: Blob, range: ByteRange): Promise<void> {
  if (blob.sendTo !== undefined) await blob.sendTo(range, ctx.res)
  else await pipeline(await blob.open(range), ctx.res, { end: false })
}

function lengthOf({ start, end }: ByteRange): number {
  return end - start + 1
}
