// What the primary process and its workers tell each other, locks aside.

export type PrimaryMessage =
  /** Finish running requests and end. */
  | { lading: 'drain' }
  /** The outcome of all health checks, by name. */
  | { lading: 'health'; troubles: Record<string, string> }

export type WorkerMessage =
  /** This worker cannot start, and another one could not either. */
  { lading: 'fatal'; message: string }

export function isMessage<M extends { lading: string }, K extends M['lading']>(
  message: unknown,
  kind: K,
): message is Extract<M, { lading: K }> {
  return typeof message === 'object' && message !== null && (message as { lading?: unknown }).lading === kind
}
