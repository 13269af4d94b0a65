// Runs the command line to its end.
import { spawn } from 'node:child_process'
import { mainFile } from './start-server.ts'

export interface Outcome {
  /** The exit code; null when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

const timeoutMs = 30_000

export interface RunOptions {
  environment?: Record<string, string>
  /** A command that starts it and must become it (exec). */
  within?: readonly string[]
}

export function runLading(args: readonly string[], { environment, within = [] }: RunOptions = {}): Promise<Outcome> {
  const [command = process.execPath, ...rest] = [...within, process.execPath, mainFile, ...args]
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...environment },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
