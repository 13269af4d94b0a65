// One request to a registry that is under stress: as any other, with the patience that a busy machine needs.
import { exchange, type Answer, type ExchangeRequest } from '../../../testing/exchange.ts'

const patienceMs = 60_000

/** Rejects when the connection ends before the answer does. */
export function ask(url: string, request: ExchangeRequest): Promise<Answer> {
  return exchange({ url }, { patienceMs, ...request })
}
