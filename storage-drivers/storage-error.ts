// What a driver throws when the storage itself is at fault, in a form that says what the operator has to mend.
import type { StorageFailure } from './driver.ts'

const failureOfCode: Record<string, StorageFailure> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'readonly',
  EMFILE: 'busy',
  ENFILE: 'busy',
  EAGAIN: 'busy',
  ENOMEM: 'busy',
}

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly storageFailure: StorageFailure

  constructor(storageFailure: StorageFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.storageFailure = storageFailure
  }
}

/** The error as a StorageError where its system code is one that an operator can mend, else as it is. */
export function asStorageError(error: unknown): unknown {
  const code = systemCode(error)
  const failure = code === undefined ? undefined : failureOfCode[code]
  return failure === undefined ? error : new StorageError(failure, (error as Error).message, { cause: error })
}

/** ENOENT, EEXIST …, or undefined when the error does not come from the operating system. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
