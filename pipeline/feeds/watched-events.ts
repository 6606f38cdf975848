import type { PublicRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { TRIGGER_KIND, TRIGGER_LIMITS, type TriggerWatch, triggerWatching } from '../../schemas/trigger-events.ts'

/** A reading for a series. */
export interface FedReading {
  readonly series: string
  readonly at: string
  readonly value: number
}

/** Which events are readings of which series, as the triggers of all tenants say. */
export interface WatchedEvents {
  /** Sets what a trigger watches; `null`: nothing. */
  set(trigger: Address, series: string | null, watch: TriggerWatch | null): void
  /** Subjects of records that may have readings, or change what is watched; none overlap. Empty, where they are too many: all of LOG. */
  subjects(): string[]
  /** Takes note of what a record of a trigger changes. @returns the readings in a record, each series once for an event */
  take(address: Address, record: Pick<PublicRecord, 'outcome' | 'emitted' | 'at'>): FedReading[]
}

/** Of one consumer: with more the server takes long to find the next message. */
const SUBJECTS_MAX = 64

export function createWatchedEvents(): WatchedEvents {
  /** By tenant and kind, then by trigger. */
  const watches = new Map<string, Map<string, TriggerWatch & { readonly series: string }>>()
  /** The tenant and kind that a trigger watches. */
  const watchedBy = new Map<string, string>()
  const keyOf = ({ tenant, kind }: Pick<Address, 'tenant' | 'kind'>): string => `${tenant}/${kind}`

  function set(trigger: Address, series: string | null, watch: TriggerWatch | null): void {
    const name = `${trigger.tenant}/${trigger.id}`
    const before = watchedBy.get(name)
    if (before !== undefined) {
      const others = watches.get(before)
      others?.delete(name)
      if (others?.size === 0) watches.delete(before)
      watchedBy.delete(name)
    }
    if (series === null || watch === null) return
    const key = keyOf({ tenant: trigger.tenant, kind: watch.kind })
    watches.set(key, (watches.get(key) ?? new Map<string, TriggerWatch & { series: string }>()).set(name, { ...watch, series }))
    watchedBy.set(name, key)
  }

  return {
    set,
    subjects() {
      const kinds = [...watches.keys()].sort().flatMap((key) => {
        const [tenant = '', kind = ''] = key.split('/')
        return kind === TRIGGER_KIND ? [] : [`log.*.${tenant}.${kind}.*`]
      })
      return kinds.length >= SUBJECTS_MAX ? [] : [`log.*.*.${TRIGGER_KIND}.*`, ...kinds]
    },
    take(address, { outcome, emitted, at }) {
      if (outcome !== 'committed') return []
      const readings = new Map<string, FedReading>()
      const of = [...(watches.get(keyOf(address))?.values() ?? [])]
      for (const [index, { type, data }] of emitted.entries()) {
        for (const { series, value: path, type: wanted } of of) {
          const value = wanted === type ? numberAt(data, path) : undefined
          if (value !== undefined) readings.set(`${index} ${series} ${path ?? ''}`, { series, at, value })
        }
      }
      if (address.kind === TRIGGER_KIND) {
        for (const { type, data } of emitted) {
          const read = type === 'trigger.watching' ? triggerWatching.safeParse(data) : undefined
          if (read?.success === true) set(address, read.data.series, read.data.watch)
        }
      }
      return [...readings.values()]
    },
  }
}

/** The number at a path of an event's data; 1 without a path. Other values, and numbers that no reading may have, are no readings. */
function numberAt(data: unknown, path: string | undefined): number | undefined {
  if (path === undefined) return 1
  let found = data
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = new Map<string, unknown>(Object.entries(found)).get(name)
  }
  return typeof found === 'number' && Math.abs(found) <= TRIGGER_LIMITS.valueMax ? found : undefined
}
