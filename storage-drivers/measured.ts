// Times every call of a driver, for metrics.
import type { StorageDriver } from './driver.ts'

/** `observe` is told the action's name and how long it took, in seconds. Listings are not timed: their consumer sets their pace. */
export function measured(driver: StorageDriver, observe: (action: string, seconds: number) => void): StorageDriver {
  const timed = <A extends unknown[], R>(action: string, method: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      const startedAt = performance.now()
      try {
        return await method(...args)
      } finally {
        observe(action, (performance.now() - startedAt) / 1000)
      }
    }
  }
  return {
    ...driver,
    // The names of CNCF distribution's actions, so that dashboards go on working.
    stat: timed('Stat', driver.stat),
    get: timed('GetContent', driver.get),
    read: timed('Reader', driver.read),
    write: timed('PutContent', driver.write),
    writeInOrder: timed('PutContent', driver.writeInOrder),
    writeStream: timed('Writer', driver.writeStream),
    delete: timed('Delete', driver.delete),
    deleteAll: timed('Delete', driver.deleteAll),
    ...(driver.sendTo === undefined ? {} : { sendTo: timed('Reader', driver.sendTo) }),
    ...(driver.open === undefined ? {} : { open: timed('Reader', driver.open) }),
    ...(driver.downloadUrl === undefined ? {} : { downloadUrl: timed('URLFor', driver.downloadUrl) }),
    stage(keys) {
      const staged = driver.stage(keys)
      return { ...staged, append: timed('Writer', staged.append), commit: timed('Move', staged.commit) }
    },
  }
}
