import { setTimeout as delay } from 'node:timers/promises'
import type { Address } from '../../schemas/subjects.ts'
import type { OutgoingInput, Sender } from '../../pipeline/producer/input-sender.ts'

/** One input of a script, and how long after the script's beginning it is sent. */
export interface Cue {
  readonly atMs: number
  readonly address: Address
  readonly input: OutgoingInput
}

/**
 * Sends what a script says, each input once INBOX has the one before, at its time or as soon after as it can.
 *
 * @throws the signal's reason once it is aborted
 */
export async function playScript(cues: readonly Cue[], sender: Pick<Sender, 'send'>, signal: AbortSignal): Promise<void> {
  const begunMs = performance.now()
  for (const { atMs, address, input } of cues.toSorted((a, b) => a.atMs - b.atMs)) {
    const waitMs = begunMs + atMs - performance.now()
    if (waitMs > 0) await delay(waitMs, undefined, { signal })
    await sender.send(address, input)
  }
}
