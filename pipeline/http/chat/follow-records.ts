import { setTimeout as delay } from 'node:timers/promises'
import { type Address, logSubject, outSubjectsOf, partitionOf } from '../../../schemas/subjects.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { nextRecord, type StoredRecord } from '../../jetstream/last-record.ts'

/** The records of an actor from a place of LOG on: each once, in order, whatever the events say that wake its reader. */
export interface FollowedRecords {
  /** Waits for the next record. @throws the reason of the signal; an error of NATS */
  next(signal: AbortSignal): Promise<StoredRecord>
  stop(): void
}

/** How long a reader waits for an event of the actor before it looks into LOG. A record without events is found so. */
const PAUSES = { minMs: 100, maxMs: 2_000 } as const

/** Follows an actor. An event of its wakes the reader, which then reads LOG: OUT is at least once, LOG exact. */
export function followRecords(jetstream: JetStreamContext, address: Address, partitionCount: number, afterSeq: number): FollowedRecords {
  const subject = logSubject(partitionOf(address, partitionCount), address)
  let seq = afterSeq
  let isWoken = false
  let wake = (): void => undefined
  const subscription = jetstream.nc.subscribe(outSubjectsOf(address), {
    callback: () => {
      isWoken = true
      wake()
    },
  })
  /** Ends early when it is woken, and when the signal aborts. */
  const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    const woken = new AbortController()
    wake = () => woken.abort()
    await delay(ms, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => undefined)
  }
  return {
    async next(signal) {
      for (let ms: number = PAUSES.minMs; ; ms = Math.min(ms * 2, PAUSES.maxMs)) {
        signal.throwIfAborted()
        isWoken = false
        const record = await nextRecord(jetstream, subject, seq + 1)
        if (record !== undefined) {
          ;({ seq } = record)
          return record
        }
        if (!isWoken) await pause(ms, signal)
      }
    },
    stop: () => subscription.unsubscribe(),
  }
}
