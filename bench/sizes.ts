// How much a run does: all of it, or as much as shows that everything works.

export interface Sizes {
  /** Interleaved rounds of requests, and how long one lasts. */
  rounds: number
  seconds: number
  warmUpSeconds: number
  /** Interleaved rounds of big downloads and pushes. */
  bigRounds: number
  bigBlobBytes: number
  parallelBlobBytes: number
  tags: number
  /** Times that a listing is asked for, per round. */
  lists: number
  starts: number
  growthTags: number
  /** Tags put into each of the two repositories, per round. */
  growthPuts: number
}

const mebibyte = 1024 * 1024

export const fullSizes: Sizes = {
  rounds: 5,
  seconds: 2,
  warmUpSeconds: 3,
  bigRounds: 3,
  bigBlobBytes: 1024 * mebibyte,
  parallelBlobBytes: 32 * mebibyte,
  tags: 10_000,
  lists: 20,
  starts: 5,
  growthTags: 100_000,
  growthPuts: 1_000,
}

export const quickSizes: Sizes = {
  rounds: 2,
  seconds: 0.5,
  warmUpSeconds: 0.3,
  bigRounds: 2,
  bigBlobBytes: 128 * mebibyte,
  parallelBlobBytes: 4 * mebibyte,
  tags: 400,
  lists: 5,
  starts: 2,
  growthTags: 2_000,
  growthPuts: 200,
}

/** Over S3 everything takes longer, and layers are as large as most are. */
const s3Sizes: Sizes = { ...fullSizes, bigBlobBytes: 256 * mebibyte, parallelBlobBytes: 16 * mebibyte, tags: 2_000 }

export function sizesFor({ isQuick, storage }: { isQuick: boolean; storage: 'filesystem' | 's3' }): Sizes {
  if (isQuick) return quickSizes
  return storage === 's3' ? s3Sizes : fullSizes
}

/** `1 GiB`, `32 MiB`. */
export function sizeInWords(bytes: number): string {
  return bytes >= 1024 * mebibyte ? `${bytes / 1024 / mebibyte} GiB` : `${bytes / mebibyte} MiB`
}

export const connectionsPerJob = 16
