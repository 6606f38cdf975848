import { actorKey } from '../../../schemas/subjects.ts'
import { digestOf, type LoggedRecord, type Many, type OutMessage } from './chaos-history.ts'
import type { ReportFinding } from './findings.ts'

/** Checks the events that actors emit and the messages that they send to each other: unique ids, in order, none missing. */
export interface Events {
  take(entry: LoggedRecord): void
  /** Must be called after the last record. */
  finish(out: Many<OutMessage>): Promise<{ readonly repeated: number }>
}

interface Emitted {
  readonly actor: string
  /** Number of the event among those of its actor. */
  readonly place: number
  readonly content: string
  isOut: boolean
}
interface Sent {
  readonly from: string
  readonly to: string
  readonly content: string
  isRecorded: boolean
}

/** The task by which a template tells its documents. */
const FAN_OUT_TASK = 'tell'

export function followEvents(report: ReportFinding): Events {
  const emitted = new Map<string, Emitted>()
  const emittedBy = new Map<string, number>()
  /** By sender and id. */
  const sent = new Map<string, Sent>()
  /** Runs that may send to many actors, with the recipients that have committed it. */
  const fanOuts = new Map<string, Set<string>>()
  const sentKey = (source: string, id: string): string => `${source} ${id}`

  /** What a task sends to many actors has its run and the recipient as its id. */
  const isFannedOut = ({ seq, actor, record: { input, outcome } }: LoggedRecord): boolean => {
    const recipients = fanOuts.get(input.id.slice(0, input.id.lastIndexOf(':')))
    if (recipients === undefined || !actor.endsWith(`/${input.id.slice(input.id.lastIndexOf(':') + 1)}`)) return false
    if (outcome === 'committed' && recipients.has(actor)) report('twice', `LOG ${seq} commits ${input.id} again`)
    if (outcome === 'committed') recipients.add(actor)
    return true
  }
  const checkSent = (entry: LoggedRecord): void => {
    if (isFannedOut(entry)) return
    const {
      seq,
      actor,
      record: { input, outcome },
    } = entry
    const message = sent.get(sentKey(input.source, input.id))
    if (message === undefined) return report('event', `LOG ${seq} has ${input.id} from ${input.source}, but no earlier record sends it`)
    if (message.to !== actor) report('event', `LOG ${seq} has ${input.id} at ${actor}; it was sent to ${message.to}`)
    const content = digestOf({ type: input.type, data: input.data })
    if (outcome === 'committed' && content !== message.content) {
      report('id_reused', `LOG ${seq} has ${input.id} with other content than was sent`)
    }
    if (outcome === 'committed' && message.isRecorded) report('twice', `LOG ${seq} commits ${input.id} from ${message.from} again`)
    message.isRecorded = true
  }

  return {
    take(entry) {
      const { seq, actor, record } = entry
      if (record.input.source.startsWith('colloquy/')) checkSent(entry)
      for (const { id, type, data } of record.emitted) {
        if (emitted.has(id)) report('id_reused', `LOG ${seq} emits ${id} again`)
        const place = emittedBy.get(actor) ?? 0
        emittedBy.set(actor, place + 1)
        emitted.set(id, { actor, place, content: digestOf({ type, data }), isOut: false })
      }
      const [tenant = ''] = actor.split('/')
      for (const { run, task } of record.started) if (task === FAN_OUT_TASK) fanOuts.set(run, new Set())
      for (const { id, kind, actor: to, type, data } of record.sent ?? []) {
        const key = sentKey(`colloquy/${actor}`, id)
        if (sent.has(key)) report('id_reused', `LOG ${seq} sends ${id} again`)
        sent.set(key, { from: actor, to: actorKey({ tenant, kind, id: to }), content: digestOf({ type, data }), isRecorded: false })
      }
    },
    async finish(out) {
      let repeated = 0
      /** The `place` of the last event in OUT so far, by actor. */
      const furthest = new Map<string, number>()
      for await (const { id, actor, content } of out) {
        const event = emitted.get(id)
        if (event === undefined || event.actor !== actor) {
          report('event', `OUT has ${id} of ${actor}, which it did not emit`)
          continue
        }
        if (event.content !== content) report('id_reused', `OUT has ${id} of ${actor} with other content than LOG`)
        if (event.isOut) {
          repeated += 1
          continue
        }
        event.isOut = true
        if (event.place < (furthest.get(actor) ?? 0)) report('event', `OUT has ${id} of ${actor} after a later event`)
        furthest.set(actor, Math.max(event.place, furthest.get(actor) ?? 0))
      }
      for (const [id, { actor, isOut }] of emitted) if (!isOut) report('event', `${id}, emitted by ${actor}, is not in OUT`)
      for (const [key, { from, to, isRecorded }] of sent) if (!isRecorded) report('event', `${key} from ${from} has no record at ${to}`)
      return { repeated }
    },
  }
}
