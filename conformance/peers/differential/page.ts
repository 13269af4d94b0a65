/** docs/differences.md, made from the list: `node conformance/peers/differential/page.ts` writes it. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { format } from 'prettier'
import { knownDifferences } from './known-differences.ts'

export const pageFile = path.join(import.meta.dirname, '../../../docs/differences.md')

const introduction = `# Differences from CNCF distribution

Lading takes distribution's place on the same directory, configuration and address. Where it answers differently, it does so on purpose, and it says so here:
mostly because the OCI distribution specification ("the spec") or HTTP (RFC 9110) asks for it.

The list is complete for what \`conformance/peers/differential.test.ts\` asks: some thousand requests, valid, odd and wrong, of distribution 3.1.1 and of
Lading on copies of one directory. It fails on every difference that is not listed. Both registries leave the same tree behind, but for what
[storage-layout.md](storage-layout.md) says is one's own.

This page is made from the list in \`conformance/peers/differential/known/\` by \`node conformance/peers/differential/page.ts\`.
`

export async function differencesPage(): Promise<string> {
  const sections = Object.entries(knownDifferences).map(([title, entries]) => {
    const rows = entries.map(({ what, distribution, lading, why }) => row([what, distribution, lading, why]))
    return [
      `## ${title}`,
      '',
      row(['What', 'distribution 3.1.1', 'Lading', 'Why']),
      row(['-', '-', '-', '-']),
      ...rows,
    ].join('\n')
  })
  return format([introduction, ...sections].join('\n\n'), { parser: 'markdown' })
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

if (process.argv[1] === import.meta.filename) writeFileSync(pageFile, await differencesPage())
