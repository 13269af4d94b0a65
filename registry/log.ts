// What the parts of the registry tell the operator. One line is one event in the past tense, with fields.

export type LogFields = Record<string, unknown>

export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
