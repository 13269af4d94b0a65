// Which addresses are Amazon's: their list of networks, fetched now and again.
import { BlockList, isIP } from 'node:net'

export const awsNetworksUrl = 'https://ip-ranges.amazonaws.com/ip-ranges.json'

export interface AwsNetworksOptions {
  url?: string | undefined
  /** Only networks of these, in any case of letters; of all when empty. */
  regions?: readonly string[]
  refreshMs: number
  /** For all of one fetch. */
  timeoutMs?: number
  /** Told how every fetch ended. */
  tell: (outcome: { networks: number } | { failure: string }) => void
}

export interface AwsNetworks {
  /** Of IPv4, IPv6, and IPv4 written as IPv6. False for what is no address, and as long as no list could be fetched. */
  has(address: string): boolean
  /** Fetches no more, and ends a fetch that is under way. */
  close(): void
}

const patienceMs = 10_000
/** What could not be fetched is asked for again sooner than what could. */
const retryMs = 5 * 60_000
/** Amazon's list had two megabytes when this was written. */
const maxBytes = 32 * 1024 * 1024
/** Longer ones come at once. */
const longestTimerMs = 2 ** 31 - 1

/** Resolves when the first fetch has ended, well or not. A list that cannot be replaced is kept. */
export async function followAwsNetworks(options: AwsNetworksOptions): Promise<AwsNetworks> {
  const { url = awsNetworksUrl, regions = [], refreshMs, timeoutMs = patienceMs, tell } = options
  const closing = new AbortController()
  let list = new BlockList()
  let timer: NodeJS.Timeout | undefined

  async function update(): Promise<void> {
    let waitMs = refreshMs
    try {
      const text = await fetchText(url, AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]))
      const networks = networksIn(JSON.parse(text), regions)
      list = blockListOf(networks)
      tell({ networks: networks.size })
    } catch (error) {
      if (closing.signal.aborted) return
      waitMs = Math.min(refreshMs, retryMs)
      tell({ failure: reasonOf(error) })
    }
    if (closing.signal.aborted) return
    timer = setTimeout(() => void update(), Math.min(waitMs, longestTimerMs)).unref()
  }

  await update()
  return {
    has(address) {
      const family = isIP(address)
      return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
    },
    close() {
      closing.abort()
      clearTimeout(timer)
    },
  }
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal })
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    throw new Error(`the server answered with status ${response.status}`)
  }
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of response.body) {
    size += piece.length
    if (size > maxBytes) throw new Error(`it is longer than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

interface Entry {
  ip_prefix?: unknown
  ipv6_prefix?: unknown
  region?: unknown
}

/** Each once, though the list names those of several services several times. Throws on a document that is no such list. */
function networksIn(document: unknown, regions: readonly string[]): Set<string> {
  const { prefixes, ipv6_prefixes: more = [] } = Object(document) as Record<string, unknown>
  if (!Array.isArray(prefixes) || !Array.isArray(more)) throw new Error('it is no list of networks')
  const wanted = new Set(regions.map((region) => region.toLowerCase()))
  const networks = new Set<string>()
  for (const entry of [...prefixes, ...more].map((value: unknown) => Object(value) as Entry)) {
    const network = entry.ip_prefix ?? entry.ipv6_prefix
    const isWanted = wanted.size === 0 || wanted.has(String(entry.region).toLowerCase())
    if (isWanted && typeof network === 'string' && isNetwork(network)) networks.add(network)
  }
  return networks
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const family = isIP(address)
  return family !== 0 && Number(bits) <= (family === 6 ? 128 : 32)
}

function blockListOf(networks: Iterable<string>): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string]
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/** `fetch` says why it failed in the cause, and of several addresses that refused only in its code. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  const { message: inner, code } = Object(cause) as NodeJS.ErrnoException
  return inner || code || message
}
