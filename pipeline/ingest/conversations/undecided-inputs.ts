import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { askProcesses, progressSchema } from '../../cluster/process-status.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { shared } from '../../runtime/poll-until.ts'
import { lowestPosition, partitionsOwned } from '../../runtime/stage-progress.ts'

/**
 * The inputs in INBOX that no host has decided yet. LOG does not have them, so the turns of their actors are not known before they are
 * decided.
 */
export interface UndecidedInputs {
  /** Waits until every input up to this INBOX sequence is decided. */
  whenAt(position: number): Promise<void>
  /** Notes the last input of an actor. */
  note(actorId: string, position: number): void
  /** Waits until the inputs that were noted for an actor are decided. Settles at once where there are none. */
  whenDecided(actorId: string): Promise<void>
  /** Waits while more actors are noted than memory has room for. */
  whenRoom(): Promise<void>
}

export interface UndecidedOptions {
  readonly jetstream: Pick<JetStreamContext, 'nc'>
  readonly partitionCount: number
  readonly signal: AbortSignal
  /** Called before each pause with its reason. */
  readonly onWait: (why: string) => void
}

/** Actors noted at a time; each takes some 40 bytes. */
const NOTED_MAX = 1_000_000
/** Above this number those that are decided are dropped. */
const SWEEP_AT = 10_000
const POLL_MS = 100

const answerSchema = z.object({ stages: z.object({ host: progressSchema.optional() }) })

export function createUndecidedInputs({ jetstream, partitionCount, signal, onWait }: UndecidedOptions): UndecidedInputs {
  /** Positions by actor, roughly in ascending order. Two actors with one key only wait for each other. */
  const noted = new Map<number, number>()
  let decided = 0
  let sweepAt = SWEEP_AT

  const ask = shared(async (): Promise<number> => {
    const hosts: z.output<typeof progressSchema>[] = []
    for await (const { stages } of askProcesses(jetstream.nc, answerSchema)) if (stages.host !== undefined) hosts.push(stages.host)
    // A partition without an owner decides nothing, and the others do not wait for it.
    if (partitionsOwned(hosts) >= partitionCount) decided = Math.max(decided, lowestPosition(hosts))
    return hosts.length
  })
  const whenAt = async (position: number): Promise<void> => {
    while (decided < position) {
      const hosts = await ask()
      if (decided >= position) return
      onWait(
        hosts === 0
          ? 'no process with the role host decides the inputs that INBOX has'
          : `the hosts have ${position - decided} earlier inputs to decide`,
      )
      await delay(POLL_MS, undefined, { signal })
    }
  }
  const sweep = (): void => {
    for (const [key, position] of noted) if (position <= decided) noted.delete(key)
    sweepAt = Math.max(SWEEP_AT, 2 * noted.size)
  }

  return {
    whenAt,
    note(actorId, position) {
      noted.set(keyOf(actorId), position)
    },
    whenDecided: (actorId) => whenAt(noted.get(keyOf(actorId)) ?? 0),
    async whenRoom() {
      if (noted.size < sweepAt) return
      await ask()
      sweep()
      while (noted.size >= NOTED_MAX) {
        onWait(`the hosts have inputs of ${noted.size} conversations to decide`)
        await delay(POLL_MS, undefined, { signal })
        await ask()
        sweep()
      }
    },
  }
}

/** 48 bits of SHA-1. */
const keyOf = (actorId: string): number => Number.parseInt(hash('sha1', actorId, 'hex').slice(0, 12), 16)
