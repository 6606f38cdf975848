import type { StreamMode } from '../../schemas/stream-mode.ts'

/**
 * Tells those who follow the actor what a task writes, before the machine has decided. Nothing is kept and nothing is waited for; what a
 * task tells can be lost, and only `message.sent` is the reply. Beyond its limits the runner takes back what it told and is silent.
 */
export interface TaskLive {
  /** What the actor's tenant wants to be told, by its setting STREAM. Where the setting cannot be read: `off`. */
  mode(): Promise<StreamMode>
  /** Tells the next piece of the reply. */
  delta(text: string): void
  /**
   * What was told so far does not count, and the next piece begins another attempt. The runner does this itself where the task fails or is
   * repeated. Nothing is told where nothing was told before.
   *
   * @param reason a word of `a-z`, digits and `_`
   */
  reset(reason: string): void
}
