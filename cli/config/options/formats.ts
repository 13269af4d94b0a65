/** Texts of a certain form that several sections ask for. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { optionNotes, textElement, textSchema } from '../option-kinds.ts'

export const urlSchema = textSchema().refine(isHttpUrl, {
  error: 'must be a full address that begins with http:// or https://.',
})

export const hostAndPortSchema = textSchema().refine((text) => parsePort(text) !== undefined, {
  error: 'must be host:port, such as db.example.com:6379 or [::1]:6379.',
})

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\/[^/]/iu.test(text)
}

/** `host:port`, `:port` and `[address]:port`. */
export function parsePort(text: string): { readonly host?: string; readonly port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]*)):(\d{1,5})$/u.exec(text)
  if (match === null) return undefined
  const [, bracketed, plain, digits] = match
  if (bracketed !== undefined && isIP(bracketed.replace(/%.+$/u, '')) !== 6) return undefined

  const port = Number(digits)
  const host = bracketed ?? plain ?? ''
  if (port > 65_535) return undefined
  return host === '' ? { port } : { host, port }
}

/** An IP address, or a network in the form address/bits. */
export const networkSchema = textSchema().refine(isNetwork, {
  error: 'must be an IP address or a network such as 10.0.0.0/8.',
})

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/u.exec(text) ?? []
  const version = isIP(address)
  return version !== 0 && (bits === undefined || Number(bits) <= (version === 4 ? 32 : 128))
}

const headerName = /^[\w!#$%&'*+.^`|~-]+$/u

const headerValueSchema = textSchema().refine((value) => !/[^\t\x20-\x7e\x80-\xff]/u.test(value), {
  error: 'must be one line of plain characters, as a header can hold no others.',
})

/** Header names in their usual capitals, each with its values; a single value counts as a list of one. */
export function headers(sentence: string, { secret = false } = {}) {
  const names = z.string().regex(headerName)
  const values = z.preprocess(
    (value) => (typeof value === 'object' ? value : [value]),
    z.array(textElement(headerValueSchema), { error: 'must be a list of texts.' }),
  )
  const error = ({ code }: { readonly code: string }): string =>
    code === 'invalid_key' ? 'is not the name of a header.' : 'must be a section of header names and values.'
  return z
    .record(names, values, { error })
    .transform((given) => Object.fromEntries(Object.entries(given).map(([name, list]) => [canonical(name), list])))
    .default({})
    .register(optionNotes, { sentence, secret })
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/(?:^|-)[a-z]/gu, (first) => first.toUpperCase())
}
