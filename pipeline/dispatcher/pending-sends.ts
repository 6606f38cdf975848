import type { PublicRecord } from '../../schemas/record.ts'
import { actorKey, actorSource, type Address } from '../../schemas/subjects.ts'
import { type Outgoing, sentBy } from './outgoing-messages.ts'

/** Finds messages from actors to actors that have not arrived: the receiver has no record of them. Memory grows with their number only. */
export interface Sends {
  /** Adds a record; call it in the order of LOG. @param isCarriedOut false if the dispatcher has yet to publish the record's messages. */
  add(address: Address, record: PublicRecord, isCarriedOut: boolean): void
  /** Messages without a record at their receiver, in the order in which they were sent. */
  undelivered(): readonly Outgoing[]
}

/** Creates an empty tracker, to be fed with all of LOG. */
export function createSends(): Sends {
  const pending = new Map<string, Outgoing>()
  return {
    add(address, record, isCarriedOut) {
      const messages = isCarriedOut ? sentBy(address, record) : []
      for (const [index, { id, kind, actor }] of (record.sent ?? []).entries()) {
        const message = messages[index]
        if (message !== undefined) pending.set(keyOf({ tenant: address.tenant, kind, id: actor }, actorSource(address), id), message)
      }
      pending.delete(keyOf(address, record.input.source, record.input.id))
    },
    undelivered: () => [...pending.values()],
  }
}

/** A producer may use the id of a message that an actor sends: only source and id together identify it. */
const keyOf = (to: Address, source: string, id: string): string => `${actorKey(to)} ${source} ${id}`
