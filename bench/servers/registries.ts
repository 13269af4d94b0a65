// The registries that are compared: how each is started, and which of them this machine has.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

export type RegistryName = 'distribution3' | 'distribution2' | 'lading'

export interface Registry {
  name: RegistryName
  /** Name and version. */
  label: string
  /** Whether it is to remember descriptors of blobs in memory. */
  hasCache: boolean
  /** Runs it with the configuration file. */
  command(configuration: string): [program: string, ...args: string[]]
}

interface Peer {
  name: RegistryName
  program: string
  version: RegExp
  where: string
}

export const registryNames: RegistryName[] = ['distribution3', 'distribution2', 'lading']

const peers: Peer[] = [
  { name: 'distribution3', program: 'registry', version: /\bv?(3\.\d+\.\d+\S*)/, where: 'build distribution v3.1.1' },
  {
    name: 'distribution2',
    program: 'docker-registry',
    version: /\bv?(2\.\d+\.\d+)/,
    where: 'apt install docker-registry',
  },
]

/** In the order of the table; `missing` says why a peer is left out. `scratch` is a folder for what must not be in use elsewhere. */
export function findRegistries(scratch: string, hasCache: boolean): { registries: Registry[]; missing: string[] } {
  const registries: Registry[] = []
  const missing: string[] = []
  for (const peer of peers) {
    const found = findPeer(peer)
    if (typeof found === 'string') missing.push(found)
    else registries.push({ ...found, hasCache })
  }
  return { registries: [...registries, { ...lading(scratch), hasCache }], missing }
}

function findPeer({ name, program, version, where }: Peer): Omit<Registry, 'hasCache'> | string {
  const tools = process.env['LADING_TOOLS']
  const folders = [...(tools === undefined ? [] : [path.join(tools, 'bin')]), ...(process.env['PATH'] ?? '').split(':')]
  const file = folders.map((folder) => path.join(folder, program)).find((candidate) => isExecutable(candidate))
  if (file === undefined)
    return `${program} is neither in PATH nor in $LADING_TOOLS/bin (${where}); its column is left out`

  const answer = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const found = version.exec(answer)?.[1]?.replace(/\+unknown$/, '')
  if (found === undefined) return `${file} is not the ${program} that is meant (${where}); its column is left out`
  return { name, label: `distribution ${found}`, command: (configuration) => [file, 'serve', configuration] }
}

function lading(scratch: string): Omit<Registry, 'hasCache'> {
  const root = path.join(import.meta.dirname, '../..')
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
  // Its own copy of Node: pages that it shared with the benchmark's processes would not be counted as its memory.
  const node = path.join(scratch, 'node')
  fs.copyFileSync(process.execPath, node)
  return {
    name: 'lading',
    label: `Lading ${version}`,
    command: (configuration) => ['env', `LADING_NODE=${node}`, path.join(root, 'bin/lading'), 'serve', configuration],
  }
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}
