import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { ColloquyError, hasCode } from '../../../schemas/errors.ts'
import { type TypedKey, typedKey, type Versioned } from '../../jetstream/typed-kv.ts'
import { HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS } from '../../projector/rebuild-state.ts'

/**
 * The lock that lets one import at a time add turns to the actors of a tenant and kind. An import compares its file with what LOG has; two
 * that compare at the same time would both add what neither has seen of the other.
 */
export interface ImportLock {
  /**
   * Call before each input. Settles at once while the heartbeats are current; else it first finds out whether the lock is still held, as
   * after a pause of this process.
   *
   * @throws ColloquyError `import_lock_lost`; the reason of the signal
   */
  hold(signal: AbortSignal): Promise<void> | undefined
  /** Aborts with `import_lock_lost` when another import has taken the lock over. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

export interface ImportLockOptions {
  readonly kv: KV
  readonly tenant: string
  readonly kind: string
  /** What is imported, for those that wait for it. */
  readonly what: string
  readonly signal: AbortSignal
  /** Called before each pause with the reason: who has the lock. */
  readonly onWait: (why: string) => void
}

const holderSchema = z.object({
  id: z.string(),
  what: z.string(),
  pid: z.int(),
  host: z.string(),
  since: z.string(),
  /** Changes with each heartbeat. */
  beat: z.int().nonnegative(),
})
type Holder = z.output<typeof holderSchema>

const POLL_MS = 200
/** Less than the time after which others take the lock over, by as much as an input may be under way. */
const CURRENT_MS = HEARTBEAT_TIMEOUT_MS / 2

/**
 * Waits until no other import has the lock, and takes it. An import that has died is found by its heartbeats, which have stopped.
 *
 * @throws the reason of the signal
 */
export async function acquireImportLock({ kv, tenant, kind, what, signal, onWait }: ImportLockOptions): Promise<ImportLock> {
  const key = typedKey<Holder | null>(kv, `import.${tenant}.${kind}`, holderSchema.nullable().catch(null))
  const wanted: Holder = { id: randomUUID(), what, pid: process.pid, host: hostname(), since: new Date().toISOString(), beat: 0 }
  let seen: (Versioned<Holder | null> & { readonly atMs: number }) | undefined
  for (;;) {
    signal.throwIfAborted()
    const sentMs = performance.now()
    const stored = await key.get()
    if (stored === undefined) seen = undefined
    else if (seen?.revision !== stored.revision) seen = { ...stored, atMs: performance.now() }
    if (seen === undefined || performance.now() - seen.atMs >= HEARTBEAT_TIMEOUT_MS) {
      const revision = await key.compareAndSet(wanted, seen?.revision)
      if (revision !== undefined) return heldLock(key, { ...wanted, since: new Date().toISOString() }, revision, sentMs)
      continue
    }
    onWait(holderText(seen.value, tenant, kind))
    await delay(POLL_MS, undefined, { signal })
  }
}

const holderText = (holder: Holder | null, tenant: string, kind: string): string =>
  `another import into ${tenant}/${kind} is running`
  + (holder === null ? '' : ` (${holder.what}, since ${holder.since}, process ${holder.pid} on ${holder.host})`)

function heldLock(key: TypedKey<Holder | null>, first: Holder, firstRevision: number, firstMs: number): ImportLock {
  const lost = new AbortController()
  let holder = first
  let revision = firstRevision
  /** When the last heartbeat that was stored had been sent. */
  let currentAtMs = firstMs
  let beating: Promise<void> | undefined

  const beat = async (): Promise<void> => {
    const sentMs = performance.now()
    holder = { ...holder, beat: holder.beat + 1 }
    const saved = await key.compareAndSet(holder, revision)
    if (saved === undefined) {
      // An earlier heartbeat without an answer may have been stored.
      const stored = await key.get()
      if (stored?.value?.id !== holder.id) throw lockLost()
      revision = stored.revision
      return
    }
    revision = saved
    currentAtMs = sentMs
  }
  const beatOnce = (): Promise<void> => {
    beating ??= beat()
      .catch((error: unknown) => {
        if (hasCode(error, 'import_lock_lost')) lost.abort(error)
        throw error
      })
      .finally(() => {
        beating = undefined
      })
    return beating
  }
  const isCurrent = (): boolean => performance.now() - currentAtMs < CURRENT_MS
  const timer = setInterval(() => {
    // One without an answer is repeated; `hold` waits for it.
    beatOnce().catch(() => undefined)
  }, HEARTBEAT_MS)
  timer.unref()

  return {
    lost: lost.signal,
    hold(signal) {
      if (isCurrent() && !lost.signal.aborted) return undefined
      return whenCurrent(signal)
    },
    async release() {
      clearInterval(timer)
      await beating?.catch(() => undefined)
      // Without an answer it is taken over once its heartbeats have stopped.
      await key.deleteAt(revision).catch(() => undefined)
    },
  }

  async function whenCurrent(signal: AbortSignal): Promise<void> {
    while (!isCurrent()) {
      lost.signal.throwIfAborted()
      await beatOnce().catch(() => delay(POLL_MS, undefined, { signal }))
    }
    lost.signal.throwIfAborted()
  }
}

const lockLost = (): ColloquyError =>
  new ColloquyError(
    'import_lock_lost',
    'another import has started, since this one did not answer for some seconds; run it again: it adds only what is missing',
  )
