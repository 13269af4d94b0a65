// The two ends of `lading copy`: what the operator wrote, and the storage that it means.
import fs from 'node:fs'
import path from 'node:path'
import { holdsRegistry } from '../registry/copy-storage.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { processEnvironment, type Environment } from './config/environment.ts'
import { readConfiguration } from './config/read-configuration.ts'
import { configurationSchema, type Configuration } from './config/schema.ts'
import { openStorage } from './storage.ts'

export interface PlaceOptions {
  /** Of buckets that have no configuration file. */
  region?: string | undefined
  endpoint?: string | undefined
  environment?: Environment
}

export interface Place {
  /** As the operator wrote it, behind which end it is. */
  name: string
  isFile: boolean
  storage: Configuration['storage']
}

/** Throws a sentence for the operator, or a ConfigurationError. */
export function placesOf(from: string, to: string, options: PlaceOptions): { source: Place; target: Place } {
  const [source, target] = [placeOf('SRC', from, options), placeOf('DST', to, options)]
  if (source.isFile && target.isFile) refuseSharedVariables(options.environment)
  if (placeKey(source) === placeKey(target)) {
    throw new Error(`${source.name} and ${target.name} are the same storage. Give another one to copy to.`)
  }
  return { source, target }
}

function placeOf(
  end: 'SRC' | 'DST',
  text: string,
  { region, endpoint, environment = processEnvironment() }: PlaceOptions,
): Place {
  const name = `${end} ${text}`
  const bucket = /^s3:\/\/([^/]+)\/*(.*)$/.exec(text)
  if (bucket !== null) {
    const [, bucketName, rootdirectory] = bucket
    const s3 = { bucket: bucketName, rootdirectory, region, regionendpoint: endpoint }
    return { name, isFile: false, storage: configurationSchema.parse({ storage: { s3 } }).storage }
  }
  if (/^[a-z0-9+]+:\/\//i.test(text)) {
    throw new Error(`${name} is no storage. Give a folder, a configuration file, or s3://bucket/prefix.`)
  }
  const stat = fs.statSync(text, { throwIfNoEntry: false })
  if (stat === undefined && (end === 'SRC' || /\.ya?ml$/.test(text))) {
    throw new Error(`${name} is not there. Give a folder, a configuration file, or s3://bucket/prefix.`)
  }
  if (stat === undefined || stat.isDirectory()) {
    const filesystem = { rootdirectory: text }
    return { name, isFile: false, storage: configurationSchema.parse({ storage: { filesystem } }).storage }
  }
  const { storage } = readConfiguration(text, environment).configuration
  if (storage.inmemory !== undefined) throw new Error(`${name} stores in memory, which no other process can reach.`)
  return { name, isFile: true, storage }
}

/** They stand for the options of one registry. */
function refuseSharedVariables(environment = processEnvironment()): void {
  const shared = Object.keys(environment).find((name) => /^REGISTRY_STORAGE(?:_|$)/.test(name))
  if (shared === undefined) return
  throw new Error(`${shared} would change both configuration files. Unset it, or give one of the two in another way.`)
}

/** The same for two places that are certainly one. */
function placeKey({ storage: { filesystem, s3 } }: Place): string {
  if (s3 !== undefined) {
    const root = s3.rootdirectory.replace(/^\/+|\/+$/g, '')
    const endpoint = s3.regionendpoint?.replace(/^https?:\/\/|\/+$/g, '').toLowerCase() ?? ''
    return `s3 ${endpoint} ${s3.bucket} ${root}`
  }
  const folder = path.resolve(filesystem?.rootdirectory ?? '')
  const stat = fs.statSync(folder, { throwIfNoEntry: false })
  // By whatever path it was reached.
  return stat === undefined ? `folder ${folder}` : `folder ${stat.dev}:${stat.ino}`
}

/** Nothing is written there, also not to find out what a store can do. Rejects when it holds no registry. */
export async function openSource({ name, storage }: Place): Promise<StorageDriver> {
  if (storage.filesystem !== undefined && !fs.existsSync(storage.filesystem.rootdirectory)) {
    throw new Error(`${name}: there is no folder ${storage.filesystem.rootdirectory}.`)
  }
  const driver = await openNamed(name, storage, { isReadonly: true })
  if (!(await naming(name, holdsRegistry(driver)))) {
    await driver.close()
    throw new Error(`${name} holds no registry. Give the folder, or the prefix in the bucket, in which docker/ lies.`)
  }
  return driver
}

/** With `isReadonly`, nothing is written or made, and what is not there yet is empty. */
export async function openTarget({ name, storage }: Place, isReadonly: boolean): Promise<StorageDriver> {
  if (isReadonly && storage.filesystem !== undefined && !fs.existsSync(storage.filesystem.rootdirectory)) {
    return openMemoryDriver()
  }
  const driver = await openNamed(name, storage, { isReadonly })
  // What an earlier copy showed and did not come to put on disk would be taken for safe.
  if (!isReadonly) await naming(name, driver.recover?.() ?? Promise.resolve())
  return driver
}

async function openNamed(
  name: string,
  storage: Configuration['storage'],
  { isReadonly }: { isReadonly: boolean },
): Promise<StorageDriver> {
  const maintenance = { ...storage.maintenance, readonly: { enabled: isReadonly } }
  const driver = await naming(
    name,
    openStorage({ ...configurationSchema.parse({}), storage: { ...storage, maintenance } }),
  )
  await naming(name, driver.ping())
  return driver
}

async function naming<T>(name: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
  }
}
