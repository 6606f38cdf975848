import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'

const recordSchema = z.object({ input: z.object({ id: z.string() }) })

/** How long one input may take to have a record. */
const RECORD_MS_MAX = 30_000

/** Waits for the records of single inputs, as core NATS shows them on their way into LOG. */
export interface RecordWatch {
  /** To be called in the turn of the event loop in which the input is sent. @throws ColloquyError `not_level` */
  recorded(inputId: string): Promise<void>
  stop(): void
}

export function watchRecords(nc: NatsConnection, tenant: string): RecordWatch {
  const waiting = new Map<string, () => void>()
  const subscription = nc.subscribe(`log.*.${tenant}.>`, {
    callback: (_, message) => {
      const { id } = recordSchema.parse(message.json()).input
      waiting.get(id)?.()
      waiting.delete(id)
    },
  })
  return {
    recorded: (id) => new Promise((resolve, reject) => {
      const late = (): void => reject(new ColloquyError('not_level', `${id} had no record within ${RECORD_MS_MAX} ms`))
      const timeout = setTimeout(late, RECORD_MS_MAX)
      waiting.set(id, () => {
        clearTimeout(timeout)
        resolve()
      })
    }),
    stop: () => subscription.unsubscribe(),
  }
}
