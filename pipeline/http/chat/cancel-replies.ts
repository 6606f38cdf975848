import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { actorKey, type Address } from '../../../schemas/subjects.ts'
import { type StoreDeps, storeInput } from '../store-input.ts'
import type { ChatKinds } from './chat-kinds.ts'

/** The input by which a client gives a message up: `{message}` is its id. A kind that takes it stops the work on the reply. */
export const CANCEL_TYPE = 'reply.cancel'

export interface CancelDeps extends StoreDeps {
  readonly kinds: ChatKinds
  readonly log: Logger
}

/** The messages whose replies clients of this process wait for. */
export interface AwaitedReplies {
  /**
   * Call it when a client begins to wait.
   *
   * @param source of the messages
   * @returns to be called when it no longer waits, with the ids for which it left without a reply. Those that no other client here waits
   * for are cancelled, where the kind takes that. Never rejects.
   */
  wait(address: Address, ids: readonly string[], source: string): (abandoned: readonly string[]) => Promise<void>
}

export function createAwaitedReplies({ kinds, log, ...store }: CancelDeps): AwaitedReplies {
  const waiting = new Map<string, number>()
  const cancel = async (address: Address, message: string, source: string): Promise<void> => {
    const envelope = { type: CANCEL_TYPE, id: randomUUID(), source, data: { message } }
    await storeInput(store, address, { id: envelope.id, envelope, payload: Buffer.from(JSON.stringify(envelope)) })
  }
  return {
    wait(address, ids, source) {
      const keys = ids.map((id) => `${actorKey(address)}/${id}`)
      for (const key of keys) waiting.set(key, (waiting.get(key) ?? 0) + 1)
      return async (abandoned) => {
        for (const key of keys) {
          const left = (waiting.get(key) ?? 1) - 1
          if (left > 0) waiting.set(key, left)
          else waiting.delete(key)
        }
        const alone = abandoned.filter((id) => !waiting.has(`${actorKey(address)}/${id}`))
        if (alone.length === 0) return
        try {
          if ((await kinds.all()).get(address.kind)?.isCancellable !== true) return
          for (const id of alone) await cancel(address, id, source)
        } catch (err) {
          log.warn({ err, actor: actorKey(address), messages: alone }, 'a client left, and the work on its reply could not be stopped')
        }
      }
    },
  }
}
