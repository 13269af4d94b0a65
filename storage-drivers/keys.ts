// The one rule about keys that all drivers share.

const unsafe = /(?:^|\/)(?:\.{0,2})(?:\/|$)|\0/

/** The key itself. Throws on one that could climb out of a folder (`..`, empty segments, NUL): a mistake of the caller, never of a client. */
export function checkedKey(key: string): string {
  if (unsafe.test(key)) throw new Error(`not a storage key: ${JSON.stringify(key)}`)
  return key
}
