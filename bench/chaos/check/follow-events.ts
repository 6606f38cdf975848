import { actorKey } from '../../../schemas/subjects.ts'
import type { Find } from './findings.ts'
import { digestOf, type LoggedRecord, type OutMessage } from './chaos-history.ts'

/** What actors say to the world and to each other: each under an id of its own, in their order, none left out. */
export interface Events {
  take(entry: LoggedRecord): void
  /** After the last record. */
  finish(out: Iterable<OutMessage> | AsyncIterable<OutMessage>): Promise<{ readonly repeated: number }>
}

interface Emitted {
  readonly actor: string
  /** Among those of its actor. */
  readonly place: number
  readonly content: string
  isOut: boolean
}
interface Sent {
  readonly from: string
  readonly to: string
  readonly content: string
  taken: boolean
}

export function followEvents(find: Find): Events {
  const emitted = new Map<string, Emitted>()
  const emittedBy = new Map<string, number>()
  const sent = new Map<string, Sent>()

  const takeSent = ({ seq, actor, record: { input, outcome } }: LoggedRecord): void => {
    const message = sent.get(input.id)
    if (message === undefined) return find('event', `LOG ${seq} has ${input.id} from ${input.source}, which has no record that sends it before`)
    if (message.to !== actor) find('event', `LOG ${seq} has ${input.id} at ${actor}; it was sent to ${message.to}`)
    if (outcome === 'committed' && digestOf({ type: input.type, data: input.data }) !== message.content) find('id_reused', `LOG ${seq} has ${input.id} with other content than LOG said`)
    if (message.taken && outcome === 'committed') find('twice', `LOG ${seq} commits ${input.id} from ${message.from} again`)
    message.taken = true
  }

  return {
    take(entry) {
      const { seq, actor, record } = entry
      if (record.input.source.startsWith('colloquy/')) takeSent(entry)
      for (const { id, type, data } of record.emitted) {
        if (emitted.has(id)) find('id_reused', `LOG ${seq} emits ${id} again`)
        const place = emittedBy.get(actor) ?? 0
        emittedBy.set(actor, place + 1)
        emitted.set(id, { actor, place, content: digestOf({ type, data }), isOut: false })
      }
      const [tenant = ''] = actor.split('/')
      for (const { id, kind, actor: to, type, data } of record.sent ?? []) {
        if (sent.has(id)) find('id_reused', `LOG ${seq} sends ${id} again`)
        sent.set(id, { from: actor, to: actorKey({ tenant, kind, id: to }), content: digestOf({ type, data }), taken: false })
      }
    },
    async finish(out) {
      let repeated = 0
      /** How far OUT is with each actor. */
      const furthest = new Map<string, number>()
      for await (const { id, actor, content } of out) {
        const event = emitted.get(id)
        if (event === undefined || event.actor !== actor) {
          find('event', `OUT has ${id} of ${actor}, which it did not emit`)
          continue
        }
        if (event.content !== content) find('id_reused', `OUT has ${id} of ${actor} with other content than LOG says`)
        if (event.isOut) {
          repeated += 1
          continue
        }
        event.isOut = true
        if (event.place < (furthest.get(actor) ?? 0)) find('event', `OUT has ${id} of ${actor} behind a later one`)
        furthest.set(actor, Math.max(event.place, furthest.get(actor) ?? 0))
      }
      for (const [id, { actor, isOut }] of emitted) if (!isOut) find('event', `${id}, emitted by ${actor}, is not in OUT`)
      for (const [id, { from, to, taken }] of sent) if (!taken) find('event', `${id} from ${from} has no record at ${to}`)
      return { repeated }
    },
  }
}
