/** Durations as Go writes them (`168h`, `1h30m`, `500ms`), read to milliseconds and written back. */

const nanosecondsPerUnit = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
])

/** What a Go duration can hold: 63 bits of nanoseconds. */
const longestNanoseconds = 2 ** 63 - 1

/** Milliseconds, or undefined when the text is no duration. A number without a unit counts nanoseconds, as in Go. */
export function parseDuration(text: string): number | undefined {
  const [, sign = '', amount = ''] = /^([+-]?)(.*)$/su.exec(text) ?? []
  const nanoseconds = /^\d+$/u.test(amount) ? Number(amount) : sumOfParts(amount)
  if (nanoseconds === undefined || nanoseconds > longestNanoseconds) return undefined
  if (nanoseconds === 0) return 0
  return ((sign === '-' ? -1 : 1) * nanoseconds) / 1e6
}

function sumOfParts(amount: string): number | undefined {
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/u.test(amount)) return undefined

  let nanoseconds = 0
  for (const [, count, unit = ''] of amount.matchAll(/([\d.]+)([a-zµμ]+)/gu)) {
    nanoseconds += Math.round(Number(count) * (nanosecondsPerUnit.get(unit) ?? 0))
  }
  return nanoseconds
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s'
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`
  if (milliseconds < 1000) return formatBelowSecond(Math.round(milliseconds * 1e6))

  const hours = Math.floor(milliseconds / 3_600_000)
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000)
  const seconds = Math.round((milliseconds % 60_000) * 1e6) / 1e9
  return [hours > 0 ? `${hours}h` : '', minutes > 0 ? `${minutes}m` : '', seconds > 0 ? `${seconds}s` : ''].join('')
}

function formatBelowSecond(nanoseconds: number): string {
  if (nanoseconds % 1e6 === 0) return `${nanoseconds / 1e6}ms`
  if (nanoseconds % 1e3 === 0) return `${nanoseconds / 1e3}us`
  return `${nanoseconds}ns`
}
