/** Reads YAML text into a source tree with line numbers. Error sentences never quote the text: it may hold secrets. */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'
import type { Document, Node, ParsedNode, Scalar, YAMLMap } from 'yaml'
import type { Findings } from './problems.ts'
import { about } from './problems.ts'
import { emptyMap, scalarNode } from './source-tree.ts'
import type { MapNode, Origin, Path, SourceNode } from './source-tree.ts'

const nodeLimit = 20_000
const depthLimit = 64

const sentences: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line, which YAML does not allow. Use spaces.',
  BAD_INDENT: 'the indentation of this line fits nothing above it. Align it with its neighbours.',
  BLOCK_AS_IMPLICIT_KEY: 'there are two keys on this line. Put quotes around a value that contains ": ".',
  MULTILINE_IMPLICIT_KEY: 'a key has no ":" after it. Write "key: value", or quote a text of several lines.',
  MISSING_CHAR: 'a closing quote, bracket or colon is missing.',
  BAD_SCALAR_START: 'a value cannot start with this character. Put quotes around the value.',
  BAD_DIRECTIVE: 'a line that begins with "%" is no option. Remove it, or put quotes around the value.',
  TAG_RESOLVE_FAILED: 'a tag (!name) means nothing here. Put quotes around a value that starts with "!".',
  BAD_ALIAS: 'an alias (*name) has no anchor (&name) before it. Put quotes around a value that starts with "*".',
}

/** The tree of the first document; undefined when it is empty or cannot be read, which is then among the findings. */
export function readYaml(text: string, origin: (line: number) => Origin, findings: Findings): SourceNode | undefined {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    // Every scalar stays the text it was written as: what it means is the option's business (a password may be 0123).
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  })
  const originOf = (offset: number): Origin => origin(lines.linePos(offset).line)

  const [document, ...others] = Array.isArray(documents) ? documents : []
  if (document === undefined) return undefined
  // Unknown directives and tags would take text out of a value; `!!int` and the like are as good as no tag here.
  const lossy = document.warnings.filter(({ pos: [start] }) => !text.startsWith('!!', start))
  const errors = [...document.errors, ...lossy]
  for (const { code, pos } of errors) {
    findings.problem(originOf(pos[0]), sentences[code] ?? 'this is not valid YAML.')
  }
  if (errors.length > 0) return undefined
  if (others.some(({ contents }) => contents !== null && !isNullScalar(contents))) {
    findings.warning(originOf(others[0]?.range[0] ?? 0), 'a second YAML document begins here; it is ignored.')
  }
  return treeOf(document, originOf, findings)
}

function treeOf(
  document: Document.Parsed,
  originOf: (offset: number) => Origin,
  findings: Findings,
): SourceNode | undefined {
  let nodes = 0

  function convert(node: Node | null, at: Origin, path: Path): SourceNode {
    nodes += 1
    if (nodes > nodeLimit || path.length > depthLimit) throw new TooLargeError()
    if (isAlias(node)) return convertAlias(node.resolve(document), at, path)
    if (isSeq<ParsedNode>(node)) return convertList(node.items, at, path)
    if (isMap<ParsedNode, ParsedNode | null>(node)) return convertMap(node, at, path)
    return scalarNode(isScalar(node) ? scalarValue(node) : null, at)
  }

  function convertAlias(target: Node | undefined, at: Origin, path: Path): SourceNode {
    if (target !== undefined) return convert(target, at, path)
    findings.problem(at, sentences.BAD_ALIAS ?? '')
    return scalarNode(null, at)
  }

  function convertList(items: ParsedNode[], at: Origin, path: Path): SourceNode {
    const converted = items.map((item, index) => convert(item, originOf(item.range[0]), [...path, index]))
    return { kind: 'list', items: converted, origin: at }
  }

  function convertMap(map: YAMLMap<ParsedNode, ParsedNode | null>, at: Origin, path: Path): MapNode {
    const result = emptyMap(at)
    const merged: SourceNode[] = []
    for (const { key, value } of map.items) {
      const keyOrigin = originOf(key.range[0])
      if (!isScalar(key)) {
        findings.problem(keyOrigin, about(path, 'has a key that is not a simple text. Write "name: value".'))
        continue
      }
      const name = String(key.value)
      const child = convert(value, keyOrigin, [...path, name])
      if (name === '<<' && key.type === 'PLAIN') merged.push(...(child.kind === 'list' ? child.items : [child]))
      else if (result.entries.has(name)) {
        const first = result.entries.get(name)?.origin
        const where = first !== undefined && 'line' in first ? ` (first in line ${first.line})` : ''
        findings.problem(keyOrigin, about([...path, name], `is given twice${where}. Keep one.`))
      } else result.entries.set(name, child)
    }
    for (const [name, child] of merged.flatMap((node) => (node.kind === 'map' ? [...node.entries] : []))) {
      if (!result.entries.has(name)) result.entries.set(name, child)
    }
    return result
  }

  try {
    const { contents } = document
    if (contents === null || isNullScalar(contents)) return undefined
    return convert(contents, originOf(contents.range[0]), [])
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error
    findings.problem(
      originOf(0),
      'the configuration is too large or too deeply nested. Look for an alias inside itself.',
    )
    return undefined
  }
}

class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}

function isNullScalar(node: Node): boolean {
  return isScalar(node) && scalarValue(node) === null
}

function scalarValue(scalar: Scalar): string | number | boolean | null {
  const text = String(scalar.value)
  if (scalar.type !== 'PLAIN' || scalar.tag !== undefined) return text
  if (/^(?:|~|null|Null|NULL)$/u.test(text)) return null
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(?:\.\d+)?$/u.test(text) && String(Number(text)) === text ? Number(text) : text
}
