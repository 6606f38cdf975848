import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { sentBy, type Outgoing } from './outgoing-messages.ts'

/** Follows a whole log and knows what actors sent to others that these have no record of. What is remembered is as large as that. */
export interface Sends {
  /** Takes records in the order of LOG. @param isCarriedOut false where the dispatcher is still to send what this one sends */
  add(address: Address, record: LogRecord, isCarriedOut: boolean): void
  /** In the order in which they were sent. */
  undelivered(): readonly Outgoing[]
}

export function createSends(): Sends {
  const open = new Map<string, Outgoing>()
  return {
    add(address, record, isCarriedOut) {
      const messages = isCarriedOut ? sentBy(address, record) : []
      for (const [index, { id, kind, actor }] of (record.sent ?? []).entries()) {
        const message = messages[index]
        if (message !== undefined) open.set(keyOf({ tenant: address.tenant, kind, id: actor }, id), message)
      }
      open.delete(keyOf(address, record.input.id))
    },
    undelivered: () => [...open.values()],
  }
}

const keyOf = (to: Address, id: string): string => `${actorKey(to)} ${id}`
