// Which of the requests to come suffer which fault.
import type { Operation, S3Request } from './operations.ts'

export type Fault =
  /** An error instead of the operation, after the body was read. `retryAfter` in seconds. */
  | { kind: 'answer'; status: number; code: string; retryAfter?: number }
  /** An error while the body is not read at all; then the connection closes. */
  | { kind: 'answer-early'; status: number; code: string }
  /** The operation is done, and the connection destroyed instead of an answer. */
  | { kind: 'lost-answer' }
  /** The connection is destroyed once so many bytes of the body have arrived; nothing is done. */
  | { kind: 'cut-request'; afterBytes: number }
  /** The true head, so many bytes of the body, and the connection is destroyed. */
  | { kind: 'cut-answer'; afterBytes: number }
  /** The body trickles. */
  | { kind: 'slow-answer'; bytesPerSecond: number }
  /**
   * Nothing happens, and none of the body is read, until then. With `afterBody` all of the request has arrived before:
   * the operation is then done even when the client has given up by that time.
   */
  | { kind: 'stall'; until: Promise<void>; afterBody?: boolean }
  /** What S3 does when it fails late: status 200 with an error for a body, and nothing done. */
  | { kind: 'error-in-200' }

export interface FaultCondition {
  operation?: Operation | readonly Operation[]
  key?: RegExp
  /** Counted from when it was planned; 1, the next one, by default. */
  nth?: number
  /** How many in a row; 1 by default. */
  times?: number
}

export interface FaultPlans {
  add(when: FaultCondition, fault: Fault): void
  /** The fault that this request suffers. */
  take(request: S3Request): Fault | undefined
}

export function createFaultPlans(): FaultPlans {
  const plans: { when: FaultCondition; fault: Fault; seen: number; left: number }[] = []
  return {
    add: (when, fault) => void plans.push({ when, fault, seen: 0, left: when.times ?? 1 }),

    /** Each plan counts every request that it is about; when several are due, the one that was planned first. */
    take(request) {
      const matching = plans.filter(({ when }) => isAbout(when, request))
      matching.forEach((plan) => plan.seen++)
      const due = matching.find(({ when, seen, left }) => left > 0 && seen >= (when.nth ?? 1))
      if (due !== undefined) due.left--
      return due?.fault
    },
  }
}

function isAbout({ operation, key }: FaultCondition, request: S3Request): boolean {
  const isOperation = operation === undefined || [operation].flat().includes(request.operation)
  return isOperation && (key === undefined || key.test(request.key))
}
