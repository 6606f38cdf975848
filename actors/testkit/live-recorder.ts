import type { StreamMode } from '../../schemas/stream-mode.ts'
import type { TaskLive } from '../definition/task-live.ts'

/** What a task told: a piece of a reply, or that all before it does not count. */
export type ToldLive = { readonly delta: string } | { readonly reset: string }

export interface LiveRecorder extends TaskLive {
  /** All that the task has told, in order. */
  readonly told: readonly ToldLive[]
  /** What counts: the pieces after the last reset, joined. */
  readonly text: string
}

/**
 * `live` for a test that calls the `run` of a task itself.
 *
 * @param mode what the tenant wants to be told. Default: `sentence`
 * @example
 *   const live = recordsLive()
 *   await kind.tasks.answer.run({ ...call, live })
 *   expect(live.text).toBe('Within two days.')
 */
export function recordsLive(mode: StreamMode = 'sentence'): LiveRecorder {
  const told: ToldLive[] = []
  let text = ''
  return {
    told,
    get text() {
      return text
    },
    mode: () => Promise.resolve(mode),
    delta(piece) {
      if (piece === '') return
      told.push({ delta: piece })
      text += piece
    },
    reset(reason) {
      if (text !== '') told.push({ reset: reason })
      text = ''
    },
  }
}
