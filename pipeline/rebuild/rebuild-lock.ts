import type { KV } from '@nats-io/kv'
import { ColloquyError } from '../../schemas/errors.ts'
import { HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS, isUnderWay, loadState, type RebuildState, saveState } from '../projector/rebuild-state.ts'
import { pollUntil } from '../runtime/poll-until.ts'

/** The lock that allows one rebuild in a cluster. It sends heartbeats while the phase is `filling`. */
export interface RebuildLock {
  /** The state as this process last wrote or read it. */
  readonly state: RebuildState
  /** Writes a new state. @throws ColloquyError `rebuild_cancelled` if another process has changed the state. */
  change(part: Partial<Pick<RebuildState, 'phase' | 'builtTo'>>): Promise<void>
  /** Waits until the projector answers. @returns the new phase. @throws ColloquyError `rebuild_cancelled`; the reason of the signal. */
  answer(signal: AbortSignal): Promise<RebuildState['phase']>
  /** Releases the lock and cancels the rebuild. @returns false if the projector has swapped the tables or is swapping them. */
  release(): Promise<boolean>
}

/** Acquires the lock. @throws ColloquyError `rebuild_runs` if another rebuild has it. */
export async function acquireRebuildLock(kv: KV, wanted: Pick<RebuildState, 'id' | 'generation' | 'tables'>): Promise<RebuildLock> {
  const before = await loadState(kv)
  if (before !== undefined && isUnderWay(before)) throw alreadyRuns()
  let state: RebuildState = { ...wanted, phase: 'filling', builtTo: 0, beat: 0 }
  let revision = await saveState(kv, state, before?.revision)
  if (revision === undefined) throw alreadyRuns()

  // Saves one by one, because each names the revision of the previous one.
  let saving: Promise<void> = Promise.resolve()
  const save = (part: Partial<RebuildState>): Promise<void> => {
    saving = saving
      .catch(() => undefined)
      .then(async () => {
        const next = { ...state, ...part, beat: state.beat + 1 }
        const saved = await saveState(kv, next, revision)
        if (saved === undefined) throw await cancelled(kv, state.id)
        state = next
        revision = saved
      })
    return saving
  }
  // After a refused heartbeat, the next change throws.
  const heartbeat = setInterval(() => {
    if (state.phase === 'filling') save({}).catch(() => undefined)
  }, HEARTBEAT_MS)

  return {
    get state() {
      return state
    },
    change: save,
    async answer(signal) {
      return pollUntil(
        async () => {
          const stored = await loadState(kv)
          if (stored === undefined || stored.state.id !== state.id || stored.state.phase === 'cancelled')
            throw await cancelled(kv, state.id)
          if (stored.state.phase === 'ready' || stored.state.phase === 'taking') return undefined
          state = stored.state
          revision = stored.revision
          return state.phase
        },
        { signal },
      )
    },
    async release() {
      clearInterval(heartbeat)
      await saving.catch(() => undefined)
      for (;;) {
        const stored = await loadState(kv)
        if (stored === undefined || stored.state.id !== state.id || stored.state.phase === 'cancelled') return true
        if (stored.state.phase === 'taking' || stored.state.phase === 'done') return false
        const next: RebuildState = { ...stored.state, phase: 'cancelled', why: 'its process stopped it' }
        if ((await saveState(kv, next, stored.revision)) !== undefined) return true
      }
    },
  }
}

/**
 * Cancels a rebuild whose process has died. To find out, it waits up to 6 s for a heartbeat.
 *
 * @param onWait called once before it waits.
 * @throws ColloquyError `rebuild_runs` if there is a heartbeat or the projector swaps the tables; the reason of the signal.
 */
export async function clearStaleRebuild(kv: KV, signal: AbortSignal, onWait: () => void): Promise<void> {
  const startedMs = performance.now()
  const first = await loadState(kv)
  if (first === undefined || !isUnderWay(first)) return
  onWait()
  await pollUntil(
    async () => {
      const now = await loadState(kv)
      if (now === undefined || !isUnderWay(now)) return true
      if (now.revision !== first.revision || now.state.phase === 'taking') throw alreadyRuns()
      const isDead = performance.now() - startedMs >= HEARTBEAT_TIMEOUT_MS
      if (isDead) await saveState(kv, { ...now.state, phase: 'cancelled', why: 'its process died' }, now.revision)
      return undefined
    },
    { signal },
  )
}

const alreadyRuns = (): ColloquyError =>
  new ColloquyError('rebuild_runs', 'another rebuild is running; wait for it, or stop it with Ctrl-C in its terminal')

async function cancelled(kv: KV, id: string): Promise<ColloquyError> {
  const stored = await loadState(kv)
  const why = stored?.state.id === id ? stored.state.why : 'another rebuild has replaced it'
  return new ColloquyError(
    'rebuild_cancelled',
    `the rebuild was cancelled: ${why ?? 'for an unknown reason'}; the tables are unchanged; start it again`,
  )
}
