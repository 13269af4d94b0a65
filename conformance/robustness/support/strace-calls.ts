// Reads what strace wrote: the system calls of all threads, each with the lines at which it began and ended.

export interface SystemCall {
  name: string
  /** As strace prints them, without the parentheses. */
  args: string
  /** As strace prints it: `0`, `23</path>`, `-1 ENOENT (…)`; empty when the process died in the call. */
  result: string
  /** Line numbers: what ended on a lower line happened before. */
  begin: number
  /** Infinity when the process died in the call. */
  end: number
}

/** `strace -f -yy -o` of one process tree, or of several after each other. */
export function parseTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = []
  const open = new Map<string, SystemCall>()
  text.split('\n').forEach((line, at) => {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest)
    if (resumed !== null) {
      const call = open.get(thread)
      open.delete(thread)
      if (call !== undefined && call.name === resumed[1]) complete(call, call.args + resumed[2], at)
      return
    }
    const [, name, behind] = /^(\w+)\((.*)$/.exec(rest) ?? []
    if (name === undefined || behind === undefined) return
    const call: SystemCall = { name, args: '', result: '', begin: at, end: Infinity }
    calls.push(call)
    const unfinished = behind.indexOf(' <unfinished ...>')
    if (unfinished === -1) {
      complete(call, behind, at)
    } else {
      call.args = behind.slice(0, unfinished)
      open.set(thread, call)
    }
  })
  return calls
}

/** `argsAndResult` is `…) = result`, with any number of blanks before the equals sign. */
function complete(call: SystemCall, argsAndResult: string, end: number): void {
  const [, args = argsAndResult, result = ''] = /^(.*)\) += (.*)$/.exec(argsAndResult) ?? []
  call.args = args
  call.result = result
  // Killed at its entry, by an injected fault: it did nothing.
  call.end = result.startsWith('?') || result === '' ? Infinity : end
}

export function hasSucceeded({ result, end }: SystemCall): boolean {
  return end !== Infinity && !result.startsWith('-1')
}

/** The paths in quotes among the arguments, in their order. */
export function pathsIn({ args }: SystemCall): string[] {
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text as string)
}

/** What the first argument, a file descriptor, is open on: a path, or `TCP:[…]`. */
export function openedBy({ args }: SystemCall): string {
  return /^\d+<(.*?)>(?:\(deleted\))?(?:,|$)/.exec(args)?.[1] ?? ''
}

/** The id of the request that this call answers with 201, when it is the one that hands the answer to the kernel. */
export function createdAnswer(call: SystemCall): string | undefined {
  if (!openedBy(call).startsWith('TCP')) return undefined
  return /HTTP\/1\.1 201 .*?\\r\\nX-Request-Id: ([^\\]+)\\r\\n/i.exec(call.args)?.[1]
}

/** Recordings of processes that ran one after the other on the same files. */
export function joined(first: readonly SystemCall[], second: readonly SystemCall[]): SystemCall[] {
  const behind = first.reduce((last, { begin, end }) => Math.max(last, begin, end === Infinity ? 0 : end), 0) + 1
  return [...first, ...second.map((call) => ({ ...call, begin: call.begin + behind, end: call.end + behind }))]
}
