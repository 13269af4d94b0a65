/** Regular expressions as operators of Go programs write them, for the engine we have. */

/** Undefined when the expression is wrong, or uses what only Go has. Matches anywhere, as in Go. */
export function compileGoRegExp(source: string): RegExp | undefined {
  const [, flags = '', rest = source] = /^\(\?([ims]+)\)(.*)$/su.exec(source) ?? []
  try {
    return new RegExp(translate(rest), `u${flags}`)
  } catch {
    return undefined
  }
}

/** Go lets any punctuation be escaped and writes a few things differently; the strict `u` flag refuses what is left over. */
function translate(source: string): string {
  return source
    .replace(/\\([\s\S])/gu, (escape, character: string) => {
      if (character === 'A') return '(?<![\\s\\S])'
      if (character === 'z') return '(?![\\s\\S])'
      if (character === '-') return '\\x2d'
      return /[!"#%&',:;<=>@_`~]/u.test(character) ? character : escape
    })
    .replaceAll('(?P<', '(?<')
    .replace(/\[:(\w+):\]/gu, (posix, name: string) => posixClasses.get(name) ?? posix)
}

const posixClasses: ReadonlyMap<string, string> = new Map([
  ['alnum', '0-9A-Za-z'],
  ['alpha', 'A-Za-z'],
  ['digit', '0-9'],
  ['lower', 'a-z'],
  ['upper', 'A-Z'],
  ['space', '\\t\\n\\v\\f\\r '],
  ['word', '0-9A-Za-z_'],
  ['xdigit', '0-9A-Fa-f'],
])
