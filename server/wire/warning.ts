// Warning headers (spec, Warnings).

const maxBytes = 4096

/** The header's values: warn-code 299, agent `-`, no date. Sentences beyond 4096 bytes in all are left out. */
export function warningHeader(sentences: readonly string[]): string[] {
  const values: string[] = []
  let bytes = 0
  for (const sentence of sentences) {
    const quoted = sentence.replace(/[\\"]/g, '\\$&').replace(/[^\x20-\x7e]/g, ' ')
    const value = `299 - "${quoted}"`
    // spec: "A registry MUST NOT send more than 4096 bytes of warning data from all headers combined."
    bytes += value.length
    if (bytes > maxBytes) break
    values.push(value)
  }
  return values
}
