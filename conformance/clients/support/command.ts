/** Runs another program to its end: with a time-out, and a failure that shows what it said. */
import { spawn } from 'node:child_process'
import { toolsPath } from './tools.ts'

export interface CommandOptions {
  readonly timeoutSeconds?: number
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: Uint8Array | string
}

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** What the program wrote to its standard output. Throws unless it exits with 0. */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const finished = await tryRun(program, args, options)
  if (finished.exitCode === 0) return finished.stdout
  throw new Error(
    `${[program, ...args].join(' ')}\nexited with ${finished.exitCode}\n${lastLines(finished.stdout)}\n${lastLines(finished.stderr)}`,
  )
}

/** The same for a program that may fail: says how it ended. Throws when it could not start or ran out of time. */
export async function tryRun(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Finished> {
  const { timeoutSeconds = 120, cwd, env, input = '' } = options
  const child = spawn(program, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, PATH: toolsPath(), ...env },
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
    killSignal: 'SIGKILL',
  })
  child.stdin.on('error', () => {}) // a program that ends before it has read its input is judged by its exit code
  child.stdin.end(input)
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        error.name === 'AbortError'
          ? new Error(`${[program, ...args].join(' ')}\nran out of its ${timeoutSeconds} s\n${lastLines(stderr())}`)
          : error,
      ),
    )
    child.once('close', (code) => resolve(code ?? -1))
  })
  return { exitCode, stdout: stdout(), stderr: stderr() }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-40).join('\n')
}
