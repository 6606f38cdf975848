import type { ErrorCode } from '../../schemas/error-codes.ts'
import { TerminalError } from '../../schemas/errors.ts'
import type { RecipientsWhere } from '../../schemas/recipients.ts'
import type { FanOut, TaskFanOut } from '../definition/task-fan-out.ts'
import { isIn } from './simulated-world.ts'

/** An actor that a fan-out of a test may reach. */
export interface TestRecipient {
  readonly id: string
  /** Default: the state fits every condition. */
  readonly state?: string
  readonly label?: Readonly<Record<string, unknown>>
  readonly context?: Readonly<Record<string, unknown>>
}

/** What a fan-out of a test has sent to one actor. */
export interface SentToOne extends Pick<FanOut, 'kind' | 'type' | 'data'> {
  readonly id: string
}

/** `fanOut` for a test that calls the `run` of a `toMany`, and what it has sent. */
export interface FanOutRecorder extends TaskFanOut {
  readonly sent: readonly SentToOne[]
}

/**
 * A fan-out in memory, for a test that calls the `run` of a `toMany`.
 *
 * @param actors the running actors of the kind, in any order
 */
export function fansOutTo(actors: readonly TestRecipient[]): FanOutRecorder {
  const sent: SentToOne[] = []
  return {
    sent,
    async fanOut({ kind, type, data, where, recipientsMax }) {
      const ids = actors
        .filter((actor) => isMeant(actor, where))
        .map(({ id }) => id)
        .sort()
      if (ids.length > recipientsMax) {
        throw new TerminalError('too_many_recipients' satisfies ErrorCode, `${ids.length} recipients; at most ${recipientsMax} are allowed`)
      }
      sent.push(...ids.map((id) => ({ kind, id, type, data })))
      return ids.length
    },
  }
}

const isMeant = ({ state, label = {}, context = {} }: TestRecipient, where: RecipientsWhere): boolean =>
  (state === undefined || where.state === undefined || [where.state].flat().some((wanted) => isIn(state, wanted)))
  && areFacts(label, where.label)
  && areFacts(context, where.context)

const areFacts = (actual: Readonly<Record<string, unknown>>, wanted: RecipientsWhere['label'] = {}): boolean =>
  Object.entries(wanted).every(([field, values]) => [values].flat().some((value) => value === actual[field]))
