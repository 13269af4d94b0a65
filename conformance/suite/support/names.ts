/** Fresh names, so that tests can run against any registry, repeatedly and in any order. */
import { randomBytes } from 'node:crypto'

export function randomWord(length = 12): string {
  return randomBytes(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length)
}

export function newRepository(): string {
  return `lading-conformance/${randomWord()}`
}

export function newTag(): string {
  return `tag-${randomWord(8)}`
}
