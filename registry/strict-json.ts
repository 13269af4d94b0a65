// JSON as two parsers must agree on it: no key twice in one object, no nesting that makes another parser fall over, valid UTF-8.
import { RegistryError } from './errors.ts'

const maxDepth = 64
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export type JsonObject = Record<string, unknown>

/** Throws MANIFEST_INVALID, with what is wrong, on anything but one JSON object. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const text = decode(bytes)
  checkStructure(text)
  const object = asObject(parse(text))
  if (object === undefined) throw invalid('a manifest is a JSON object')
  return object
}

/** The object in bytes that were accepted before our time, as lenient as JSON.parse; undefined when they are none. */
export function jsonObjectIn(bytes: Uint8Array): JsonObject | undefined {
  try {
    return asObject(JSON.parse(utf8.decode(bytes)))
  } catch {
    return undefined
  }
}

function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalid('the manifest is not valid UTF-8')
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(`the manifest is not valid JSON: ${(error as Error).message}`)
  }
}

/** Follows strings and brackets only; what else is wrong, JSON.parse finds. */
function checkStructure(text: string): void {
  const open: (Set<string> | undefined)[] = []
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined)
      if (open.length > maxDepth) throw invalid(`the manifest is nested more than ${maxDepth} levels deep`)
    } else if (character === '}' || character === ']') {
      open.pop()
    } else if (character === '"') {
      const end = stringEnd(text, index)
      const keys = open.at(-1)
      if (keys !== undefined && isFollowedByColon(text, end)) addKey(keys, text.slice(index, end))
      index = end - 1
    }
  }
}

/** The index behind the closing quote. */
function stringEnd(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === '"') return index + 1
  }
  return text.length
}

function isFollowedByColon(text: string, index: number): boolean {
  let next = index
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\t' || text[next] === '\r') next++
  return text[next] === ':'
}

function addKey(keys: Set<string>, quoted: string): void {
  const key = quoted.includes('\\') ? String(parse(quoted)) : quoted.slice(1, -1)
  if (keys.has(key)) throw invalid(`the manifest has the key ${JSON.stringify(key.slice(0, 100))} twice in one object`)
  keys.add(key)
}

function invalid(message: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { message })
}
