import { type ErrorCode } from '../../schemas/error-codes.ts'
import { RetryLaterError } from '../../schemas/errors.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import type { Attempt } from './model-health.ts'
import { admission, type ModelPool } from './model-pool.ts'

/** A place at a model. It must be left once, after the end of its attempt. */
export interface ModelPlace {
  readonly pool: ModelPool
  readonly attempt: Attempt
  /** Requests to the model with this one. */
  readonly inFlight: number
  leave(): void
}

export interface PlaceRequest {
  readonly tenant: string
  /** The models that will do. */
  readonly pools: readonly ModelPool[]
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** Bounds the requests of this process to all models together, and lets tenants take turns. */
export interface ModelPlaces {
  /**
   * Waits for a place at the least loaded of some models. A model whose rest is over comes first: the request tries it.
   *
   * @returns `undefined` if all of them rest
   * @throws RetryLaterError `model_busy` where too many requests wait; the reason of the signal
   */
  acquire(request: PlaceRequest): Promise<ModelPlace | undefined>
  readonly taken: number
  readonly waiting: number
}

/** Requests that wait for a place, of all tenants together; one tenant alone gets three quarters of them. */
export const WAITING_MAX = 1_000
const RETRY_MS = 1_000

interface Waiter extends PlaceRequest {
  /** Requests with the same models find the same places taken. */
  readonly key: string
  readonly resolve: (place: ModelPlace | undefined) => void
  readonly onAbort: () => void
}

/** @param requestsMax to all models together */
export function createModelPlaces(requestsMax: number): ModelPlaces {
  const queueRoom = createFairPlaces(WAITING_MAX)
  /** By tenant, the one that is next first. */
  const queues = new Map<string, Waiter[]>()
  let taken = 0

  const remove = (waiter: Waiter): void => {
    const queue = queues.get(waiter.tenant) ?? []
    const others = queue.filter((other) => other !== waiter)
    if (others.length === 0) queues.delete(waiter.tenant)
    else queues.set(waiter.tenant, others)
    queueRoom.release(waiter.tenant)
    waiter.signal.removeEventListener('abort', waiter.onAbort)
  }
  const placeAt = (pool: ModelPool): ModelPlace => {
    taken += 1
    pool.inFlight += 1
    return {
      pool,
      // Here, so that no second request becomes a trial before this one has started.
      attempt: pool.health.start(),
      inFlight: pool.inFlight,
      leave() {
        taken -= 1
        pool.inFlight -= 1
        drain()
      },
    }
  }
  /** Gives the free places out, one to each tenant in turn. */
  const drain = (): void => {
    const full = new Set<string>()
    for (let isGiven = true; isGiven && taken < requestsMax;) {
      isGiven = false
      for (const [tenant, queue] of [...queues]) {
        if (taken >= requestsMax) return
        const waiter = queue.find(({ key }) => !full.has(key))
        if (waiter === undefined) continue
        const found = freest(waiter.pools)
        if (found === 'full') {
          full.add(waiter.key)
          // Another one of this tenant may want other models.
          isGiven = true
          continue
        }
        remove(waiter)
        const rest = queues.get(tenant)
        queues.delete(tenant)
        if (rest !== undefined) queues.set(tenant, rest)
        waiter.resolve(found === 'none' ? undefined : placeAt(found))
        isGiven = true
      }
    }
  }
  return {
    acquire: ({ tenant, pools, signal }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error)
        if (!queueRoom.acquire(tenant)) {
          const what = `${queueRoom.taken} requests to language models wait already`
          return reject(new RetryLaterError('model_busy' satisfies ErrorCode, what, RETRY_MS))
        }
        const waiter: Waiter = {
          tenant,
          pools,
          signal,
          key: pools.map(({ entry: { name } }) => name).join(' '),
          resolve,
          onAbort: () => {
            remove(waiter)
            reject(signal.reason as Error)
          },
        }
        signal.addEventListener('abort', waiter.onAbort, { once: true })
        queues.set(tenant, [...(queues.get(tenant) ?? []), waiter])
        drain()
      }),
    get taken() {
      return taken
    },
    get waiting() {
      return queueRoom.taken
    },
  }
}

function freest(pools: readonly ModelPool[]): ModelPool | 'full' | 'none' {
  const states = pools.map((pool) => ({ pool, state: admission(pool), load: pool.inFlight / pool.limit.value }))
  const trial = states.find(({ state }) => state === 'trial')
  if (trial !== undefined) return trial.pool
  const [free] = states.filter(({ state }) => state === 'free').sort((one, other) => one.load - other.load)
  return free?.pool ?? (states.some(({ state }) => state === 'full') ? 'full' : 'none')
}
