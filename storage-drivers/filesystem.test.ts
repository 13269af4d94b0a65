import { describeStorageDriver } from './contract.ts'
import { openFilesystemDriver } from './filesystem.ts'
import { freshFolder } from '../testing/fresh-folder.ts'

describeStorageDriver('filesystem', () => openFilesystemDriver(freshFolder()), { sends: true })
