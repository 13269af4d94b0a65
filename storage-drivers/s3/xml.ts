// Just enough XML for S3's answers, which have no attributes that matter and no mixed content: ten times cheaper than a parser, and lists are many.

/** The text of the first element of this name, or undefined. */
export function firstText(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`)
  if (start < 0) return undefined
  const from = start + name.length + 2
  const end = xml.indexOf(`</${name}>`, from)
  return end < 0 ? undefined : unescaped(xml.slice(from, end))
}

/** The inside of every element of this name, which does not nest. */
export function* elements(xml: string, name: string): Generator<string> {
  const open = `<${name}>`
  const close = `</${name}>`
  for (let from = 0; ;) {
    const start = xml.indexOf(open, from)
    if (start < 0) return
    const end = xml.indexOf(close, start)
    if (end < 0) return
    yield xml.slice(start + open.length, end)
    from = end + close.length
  }
}

export function escaped(text: string): string {
  return text.replaceAll(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

const named = new Map(Object.entries({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }))

function unescaped(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex as string, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return named.get(name as string) ?? whole
  })
}
