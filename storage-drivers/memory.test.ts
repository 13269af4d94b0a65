import { describeStorageDriver } from './contract.ts'
import { openMemoryDriver } from './memory.ts'

describeStorageDriver('inmemory', async () => openMemoryDriver())
