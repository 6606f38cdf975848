import type { KV } from '@nats-io/kv'
import { ColloquyError } from '../../schemas/errors.ts'
import { pollUntil } from '../runtime/poll-until.ts'
import { HEARTBEAT_MS, isUnderWay, loadState, saveState, HEARTBEAT_TIMEOUT_MS, type RebuildState } from '../projector/rebuild-state.ts'

/** The right to rebuild, of which there is one in a cluster. */
export interface RebuildLock {
  readonly state: RebuildState
  /** @throws ColloquyError `rebuild_cancelled` where somebody else has changed the state. */
  change(part: Partial<Pick<RebuildState, 'phase' | 'builtTo'>>): Promise<void>
  /** Settles when the projector has said something. @throws as `change` does */
  answer(signal: AbortSignal): Promise<RebuildState['phase']>
  /** Gives the right back. False where the projector was faster: the tables have taken over, or are about to. */
  release(): Promise<boolean>
}

/** Takes the right to rebuild. @throws ColloquyError `rebuild_runs` where another one has it */
export async function acquireRebuildLock(kv: KV, wanted: Pick<RebuildState, 'id' | 'generation' | 'tables'>): Promise<RebuildLock> {
  const before = await loadState(kv)
  if (before !== undefined && isUnderWay(before)) throw runs()
  let state: RebuildState = { ...wanted, phase: 'filling', builtTo: 0, beat: 0 }
  let revision = await saveState(kv, state, before?.revision)
  if (revision === undefined) throw runs()

  // Beats and changes one after the other: each is based on the revision of the one before.
  let saving: Promise<void> = Promise.resolve()
  const save = (part: Partial<RebuildState>): Promise<void> => {
    saving = saving.catch(() => undefined).then(async () => {
      const next = { ...state, ...part, beat: state.beat + 1 }
      const saved = await saveState(kv, next, revision)
      if (saved === undefined) throw await cancelled(kv, state.id)
      state = next
      revision = saved
    })
    return saving
  }
  // A beat that is refused is noticed with the next change.
  const beating = setInterval(() => { if (state.phase === 'filling') save({}).catch(() => undefined) }, HEARTBEAT_MS)

  return {
    get state() {
      return state
    },
    change: save,
    async answer(signal) {
      return pollUntil(async () => {
        const stored = await loadState(kv)
        if (stored === undefined || stored.state.id !== state.id || stored.state.phase === 'cancelled') throw await cancelled(kv, state.id)
        if (stored.state.phase === 'ready' || stored.state.phase === 'taking') return undefined
        state = stored.state
        revision = stored.revision
        return state.phase
      }, { signal })
    },
    async release() {
      clearInterval(beating)
      await saving.catch(() => undefined)
      for (;;) {
        const stored = await loadState(kv)
        if (stored === undefined || stored.state.id !== state.id || stored.state.phase === 'cancelled') return true
        if (stored.state.phase === 'taking' || stored.state.phase === 'done') return false
        if (await saveState(kv, { ...stored.state, phase: 'cancelled', why: 'it was given up' }, stored.revision) !== undefined) return true
      }
    },
  }
}

/**
 * Clears a rebuild away whose builder died, which takes some seconds to be sure of.
 *
 * @param onWait called once, if it has to wait.
 * @throws ColloquyError `rebuild_runs` where the builder lives.
 */
export async function clearStaleRebuild(kv: KV, signal: AbortSignal, onWait: () => void): Promise<void> {
  const since = performance.now()
  const first = await loadState(kv)
  if (first === undefined || !isUnderWay(first)) return
  onWait()
  await pollUntil(async () => {
    const now = await loadState(kv)
    if (now === undefined || !isUnderWay(now)) return true
    if (now.revision !== first.revision || now.state.phase === 'taking') throw runs()
    if (performance.now() - since >= HEARTBEAT_TIMEOUT_MS) await saveState(kv, { ...now.state, phase: 'cancelled', why: 'its builder died' }, now.revision)
    return undefined
  }, { signal })
}

const runs = (): ColloquyError =>
  new ColloquyError('rebuild_runs', 'a rebuild is under way already; wait for it, or end it (Ctrl-C where it runs)')

async function cancelled(kv: KV, id: string): Promise<ColloquyError> {
  const stored = await loadState(kv)
  const why = stored?.state.id === id ? stored.state.why : 'another one took its place'
  return new ColloquyError('rebuild_cancelled', `the rebuild was cancelled: ${why ?? 'for no known reason'}; the tables are as they were, start it again`)
}
