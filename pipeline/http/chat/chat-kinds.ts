import { HttpProblem } from '../problems.ts'

/** A kind that takes `message.received` and sends `message.sent`. */
export interface ChatKind {
  readonly name: string
  /** When its newest version was registered, ISO. */
  readonly createdAt: string
  /** It passes messages on to actors of other kinds with its own id, and their replies back. */
  readonly isFront: boolean
  /** It takes `reply.cancel`, and gives the message up that this names. */
  readonly isCancellable: boolean
}

/** The kinds with which one can chat. */
export interface ChatKinds {
  /** By name, in the order of the names. */
  all(): Promise<ReadonlyMap<string, ChatKind>>
  /** The kind that a tenant's customers reach where they name none. */
  defaultOf(tenant: string): Promise<string>
}

/** @param param where the client names the kind */
export function unknownModel(name: string, known: ReadonlyMap<string, ChatKind>, param: 'model' | 'kind'): HttpProblem {
  const names = known.size === 0 ? 'none' : [...known.keys()].join(', ')
  return new HttpProblem('unknown_model', `there is no kind "${name}" to chat with; there are ${names}`, { more: { param } })
}
