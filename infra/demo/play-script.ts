import { setTimeout as delay } from 'node:timers/promises'
import type { OutgoingInput, Sender } from '../../pipeline/producer/input-sender.ts'
import type { Address } from '../../schemas/subjects.ts'

/** One input of a script, with its time after the start of the script. */
export interface Cue {
  readonly atMs: number
  readonly address: Address
  readonly input: OutgoingInput
}

/**
 * Sends the inputs of a script one after the other, each at its time. An input whose predecessor is not acknowledged yet is sent later.
 *
 * @param ready resolves when the time of an input has come and it may be sent; default: at once
 * @throws the signal's reason once it is aborted
 */
export async function playScript(
  cues: readonly Cue[],
  sender: Pick<Sender, 'send'>,
  signal: AbortSignal,
  ready?: (cue: Cue) => Promise<unknown>,
): Promise<void> {
  const startedMs = performance.now()
  for (const cue of cues.toSorted((a, b) => a.atMs - b.atMs)) {
    const waitMs = startedMs + cue.atMs - performance.now()
    if (waitMs > 0) await delay(waitMs, undefined, { signal })
    await ready?.(cue)
    await sender.send(cue.address, cue.input)
  }
}
