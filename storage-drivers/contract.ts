// The promises of driver.ts as a mocha suite: every driver passes all of it.
import { describeConditionalWrites } from './contract/conditional-writes.ts'
import { describeListing } from './contract/listing.ts'
import { describeStagedUploads } from './contract/staged-uploads.ts'
import { describeSending, describeStreams } from './contract/streams.ts'
import { describeValues } from './contract/values.ts'
import type { StorageDriver } from './driver.ts'

/** `open` gives a driver over empty storage; `sends` when it has a `sendTo`; `manyKeys` where 100,000 would take too long to write. */
export function describeStorageDriver(
  name: string,
  open: () => Promise<StorageDriver>,
  { sends = false, manyKeys = 100_000 }: { sends?: boolean; manyKeys?: number } = {},
): void {
  describe(`storage driver ${name}`, () => {
    let driver: StorageDriver

    beforeEach(async () => {
      driver = await open()
    })
    afterEach(() => driver.close())

    describeValues(() => driver)
    describeConditionalWrites(() => driver)
    describeStreams(() => driver)
    if (sends) describeSending(() => driver)
    describeStagedUploads(() => driver)
    describeListing(() => driver, manyKeys)
  })
}
