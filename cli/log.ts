// The application log, in the three forms of CNCF distribution: logrus' text and JSON, and logstash.
import pino from 'pino'
import type { Log, LogFields } from '../registry/log.ts'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface LogOptions {
  level: LogLevel
  formatter: 'text' | 'json' | 'logstash'
  /** On every line. */
  fields: LogFields
}

const stdout = 1
const stderr = 2
const severities: LogLevel[] = ['error', 'warn', 'info', 'debug']
const accessBufferBytes = 8192
const accessFlushMs = 1000

export interface LogOutput extends Log {
  /** Everything logged so far is written when this returns: to be called before the process ends. */
  flush(): void
}

export function openLog({ level, formatter, fields }: LogOptions): LogOutput {
  const destination = pino.destination({ dest: stderr, sync: false })
  const log =
    formatter === 'text' ? textLog(destination, level, fields) : jsonLog(destination, { level, formatter, fields })
  return { ...log, flush: () => flush(destination) }
}

/** The access log on standard output: lines are gathered for at most a second. */
export function openAccessLog(): { write(line: string): void; flush(): void } {
  const destination = pino.destination({
    dest: stdout,
    sync: false,
    minLength: accessBufferBytes,
    periodicFlush: accessFlushMs,
  })
  return { write: (line) => void destination.write(line), flush: () => flush(destination) }
}

function flush(destination: ReturnType<typeof pino.destination>): void {
  try {
    destination.flushSync()
  } catch {
    // Nothing was written yet, or the reader of the pipe has gone: there is nobody to tell.
  }
}

function jsonLog(destination: ReturnType<typeof pino.destination>, { level, formatter, fields }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: formatter === 'logstash' ? { '@version': '1', ...fields } : fields,
      messageKey: formatter === 'logstash' ? 'message' : 'msg',
      timestamp: () => `,"${formatter === 'logstash' ? '@timestamp' : 'time'}":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: logrusLevel(label) }) },
    },
    destination,
  )
  return {
    debug: (lineFields, message) => logger.debug(lineFields, message),
    info: (lineFields, message) => logger.info(lineFields, message),
    warn: (lineFields, message) => logger.warn(lineFields, message),
    error: (lineFields, message) => logger.error(lineFields, message),
  }
}

function textLog(destination: ReturnType<typeof pino.destination>, level: LogLevel, fields: LogFields): Log {
  const threshold = severities.indexOf(level)
  const at = (severity: LogLevel) => (lineFields: LogFields, message: string) => {
    if (severities.indexOf(severity) > threshold) return
    destination.write(textLine(severity, { ...fields, ...lineFields }, message))
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function textLine(severity: LogLevel, fields: LogFields, message: string): string {
  let line = `time="${new Date().toISOString()}" level=${logrusLevel(severity)} msg=${textValue(message)}`
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] !== undefined) line += ` ${key}=${textValue(fields[key])}`
  }
  return `${line}\n`
}

function textValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return /^[\w.\-/@^+]+$/.test(text) ? text : JSON.stringify(text)
}

function logrusLevel(label: string): string {
  return label === 'warn' ? 'warning' : label
}
