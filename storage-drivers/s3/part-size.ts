// How large the parts of a multipart upload must be.

/** S3 allows 10,000. */
const mostParts = 9000
const mebibyte = 1024 * 1024

/** What is announced must fit into as many parts as S3 allows; sizes in bytes. */
export function sizeOfParts(usual: number, length: number | undefined): number {
  if (length === undefined || length <= usual * mostParts) return usual
  return Math.ceil(length / mostParts / mebibyte) * mebibyte
}
