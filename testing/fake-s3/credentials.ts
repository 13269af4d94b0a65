// Whom the fake knows; and whom it knew until their credentials expired.
import { S3Error } from './s3-error.ts'

export interface Credentials {
  accessKey(): string
  secretKey(): string
  /** Throws for a key that is unknown or has expired. */
  secretOf(accessKey: string): string
  /** The present access key is refused from now on. */
  expire(): void
  /** Another pair, from now on; or another secret for a key, also for one that had expired. */
  accept(accessKey: string, secretKey: string): void
}

export function createCredentials(accessKey: string, secretKey: string): Credentials {
  const expired = new Set<string>()
  const secrets = new Map([[accessKey, secretKey]])
  let present = { accessKey, secretKey }

  return {
    accessKey: () => present.accessKey,
    secretKey: () => present.secretKey,

    secretOf(asked) {
      if (expired.has(asked)) throw new S3Error(400, 'ExpiredToken', 'The provided token has expired.')
      const secret = secrets.get(asked)
      if (secret !== undefined) return secret
      throw new S3Error(
        403,
        'InvalidAccessKeyId',
        'The AWS Access Key Id you provided does not exist in our records.',
        { AWSAccessKeyId: asked },
      )
    },

    expire: () => void expired.add(present.accessKey),

    accept(newAccessKey, newSecretKey) {
      present = { accessKey: newAccessKey, secretKey: newSecretKey }
      secrets.set(newAccessKey, newSecretKey)
      expired.delete(newAccessKey)
    },
  }
}
