// The little XML that S3 speaks: documents out of plain objects, and the elements of a small document.

export type XmlValue = string | number | boolean | undefined | XmlObject | readonly XmlObject[]
export interface XmlObject {
  [name: string]: XmlValue
}

/** Lists become repeated elements; what is undefined is left out. */
export function renderXml(root: string, content: XmlObject, { namespace = true } = {}): string {
  const attribute = namespace ? ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' : ''
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${inner(content)}</${root}>`
}

function inner(content: XmlObject): string {
  return Object.entries(content)
    .map(([name, value]) => element(name, value))
    .join('')
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return ''
  if (typeof value !== 'object') return `<${name}>${escape(String(value))}</${name}>`
  if (Array.isArray(value)) return value.map((one: XmlObject) => element(name, one)).join('')
  return `<${name}>${inner(value as XmlObject)}</${name}>`
}

function escape(text: string): string {
  // oxlint-disable-next-line no-control-regex -- S3 writes control characters so, though XML 1.0 has no place for them
  return text.replace(/[&<>"\u0000-\u001f]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** What is inside of each `name` element. */
export function elementsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, 'gs'))].map(
    ([, content]) => content ?? '',
  )
}

/** The text of the first `name` element. */
export function textOf(xml: string, name: string): string | undefined {
  const [content] = elementsOf(xml, name)
  return content?.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (_, entity: string) => characterOf(entity))
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function characterOf(entity: string): string {
  if (!entity.startsWith('#')) return named[entity] ?? ''
  return String.fromCodePoint(/^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1)))
}
