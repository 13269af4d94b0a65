// Loads that are on their way, so that those who come for the same thing meanwhile need none of their own.

type Load = () => Promise<string | undefined>

export interface Flights<Mark> {
  /** What a load that is on its way finds, if it may be joined, or else what `load` finds. */
  share(key: string, mark: Mark, load: Load): Promise<string | undefined>
  /** Whether the load that began with this mark is still the one that later ones would join. */
  isCurrent(key: string, mark: Mark): boolean
  /** Who comes from now on does not join. */
  drop(key: string): void
}

/** `mayJoin` is asked whether nothing can have changed between the moment that one mark stands for and the other. */
export function createFlights<Mark>(mayJoin: (begun: Mark, now: Mark) => boolean): Flights<Mark> {
  const flights = new Map<string, { readonly mark: Mark; readonly found: Promise<string | undefined> }>()

  function joinable(key: string, mark: Mark): Promise<string | undefined> | undefined {
    const flight = flights.get(key)
    return flight !== undefined && mayJoin(flight.mark, mark) ? flight.found : undefined
  }

  async function begin(key: string, mark: Mark, load: Load): Promise<string | undefined> {
    const flight = { mark, found: load() }
    flights.set(key, flight)
    try {
      return await flight.found
    } finally {
      if (flights.get(key) === flight) flights.delete(key)
    }
  }

  return {
    async share(key, mark, load) {
      const value = await joinable(key, mark)
      if (value !== undefined) return value
      // A load that was on its way already may have looked before the thing was there: its absence proves nothing. A later one's does.
      return joinable(key, mark) ?? begin(key, mark, load)
    },

    isCurrent: (key, mark) => flights.get(key)?.mark === mark,

    drop: (key) => void flights.delete(key),
  }
}
