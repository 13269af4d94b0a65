/** A TCP proxy in front of the registry that cuts one connection at a chosen byte, and tells what was asked through it. */
import net from 'node:net'

export interface Cut {
  /** The way the bytes go that are counted: of a push, or of a pull. */
  readonly direction: 'to-registry' | 'to-client'
  readonly afterBytes: number
}

export interface CuttingProxy {
  /** host:port, as clients name it in image references. */
  readonly host: string
  /** Request lines seen so far, such as "PATCH /v2/…". */
  requests(): readonly string[]
  wasCut(): boolean
  stop(): Promise<void>
}

/** Without a cut it only watches. With one it cuts once, whichever connection crosses the byte; later connections pass. */
export async function openCuttingProxy(target: string, cut?: Cut): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target)
  const requests: string[] = []
  const open = new Set<net.Socket>()
  let passed = 0
  let wasCut = false

  const server = net.createServer((client) => {
    const registry = net.connect(Number(port), hostname)
    const pair = [client, registry]
    const endBoth = () => pair.forEach((socket) => socket.destroy())
    for (const socket of pair) {
      open.add(socket)
      socket.on('error', endBoth)
      socket.on('close', () => open.delete(socket))
    }
    client.on('data', (bytes: Buffer) => {
      const line = /^[A-Z]+ \S+(?= HTTP\/1)/.exec(bytes.toString('latin1', 0, 4096))
      if (line) requests.push(line[0])
    })
    const counted = cut?.direction === 'to-registry' ? client : registry
    counted.on('data', (bytes: Buffer) => {
      passed += bytes.length
      if (!cut || wasCut || passed < cut.afterBytes) return
      wasCut = true
      endBoth()
    })
    client.pipe(registry)
    registry.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as net.AddressInfo

  return {
    host: `127.0.0.1:${address.port}`,
    requests: () => requests,
    wasCut: () => wasCut,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      open.forEach((socket) => socket.destroy())
      await closed
    },
  }
}
